package io.redoubt.type;

import org.jspecify.annotations.Nullable;

/** Goes through the entries of a stream between two IDs, in order or backwards. Over when the stream changes. Reused. */
public final class StreamCursor {
    private final StreamBlock block = new StreamBlock();
    private final StreamId least = new StreamId();
    private final StreamId greatest = new StreamId();
    private @Nullable Stream stream;
    private int index;
    private boolean isBackwards;

    /** Begins at one end of a range, ends included. */
    public void seek(Stream of, StreamId from, StreamId to, boolean backwards) {
        stream = of;
        least.set(from);
        greatest.set(to);
        isBackwards = backwards;
        index = of.blockOf(backwards ? greatest : least);
        if (!backwards) {
            index = Math.max(index, 0);
        }
        show();
    }

    /** Begins at one end of the whole stream. */
    public void seekAll(Stream of, boolean backwards) {
        least.set(0, 0);
        greatest.setMax();
        seek(of, least, greatest, backwards);
    }

    private boolean show() {
        if (stream == null || index < 0 || index >= stream.blockCount()) {
            return false;
        }
        stream.show(index, block);
        if (isBackwards) {
            block.goToEnd();
        }
        return true;
    }

    /** Goes to the next entry, or with {@code backwards} to the one before; false when there is none. */
    public boolean next() {
        if (stream == null || index < 0 || index >= stream.blockCount()) {
            return false;
        }
        while (true) {
            while (isBackwards ? block.previous() : block.next()) {
                if (block.isDeleted()) {
                    continue;
                }
                boolean isBefore = least.compareTo(block.ms(), block.seq()) > 0;
                boolean isBehind = greatest.compareTo(block.ms(), block.seq()) < 0;
                if (isBackwards ? isBefore : isBehind) {
                    return false;
                }
                if (!isBefore && !isBehind) {
                    return true;
                }
            }
            index += isBackwards ? -1 : 1;
            if (!show()) {
                return false;
            }
        }
    }

    /** The entry, until the next one. */
    public StreamBlock entry() {
        return block;
    }

    int blockIndex() {
        return index;
    }
}
