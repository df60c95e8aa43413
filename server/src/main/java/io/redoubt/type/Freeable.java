package io.redoubt.type;

/** What has blocks that nobody uses any more. They are freed a slice at a time, so that many of them stall nobody. */
public interface Freeable {
    /** Memory that the object takes outside of the arena. Takes constant time. */
    long sizeInBytes();

    /** About how many blocks there are to free; of small elements that share blocks, how many elements. */
    long elementsToFree();

    /**
     * Frees blocks. What they belong to is no longer used otherwise.
     *
     * @param position 0 at first, then what the call before returned
     * @param budget about how many blocks to free at most
     * @return where to go on, or -1 when all blocks are freed
     */
    long freeSome(long position, int budget);
}
