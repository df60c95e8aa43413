package io.redoubt.type;

import io.redoubt.memory.Arena;

/**
 * A value that is too large for its record: one Java object, whose elements are blocks of the shard's arena. Code of one
 * shard only; what a snapshot's thread reads is an object that nobody changes any more, because whoever wants to change
 * it has forked it before.
 */
public interface LargeValue extends Freeable {
    /**
     * Returns an object with the same content that shares everything with this one, which may from now on only be read.
     * Takes microseconds; what is shared is copied when it is changed. Blocks are protected by the arena itself: one
     * that is {@linkplain Arena#isFrozen frozen} is not overwritten.
     */
    LargeValue fork();

    /** Number of elements: of a hash its fields, of a stream its entries. */
    long count();

    /**
     * Sends the content to a sink: what it is, then its elements.
     *
     * @param chunks the arrays that hold the blocks, by {@link Arena#chunkIndex}
     */
    void sendTo(byte[][] chunks, ValueSink sink);

    /**
     * Size of the blocks, estimated from some of them.
     *
     * @param samples how many to look at; 0 for all
     */
    long blockBytes(long samples);

    @Override
    default long elementsToFree() {
        return count();
    }

    /** Frees all blocks at once, of a value that has failed to be built. */
    default void freeAll() {
        for (long position = 0; position >= 0; ) {
            position = freeSome(position, 1 << 20);
        }
    }
}
