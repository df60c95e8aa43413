package io.redoubt.type;

/** Receives a stream piece by piece: blocks in order, then its state. */
public interface StreamSink {
    /**
     * A block of entries, in the form of {@link StreamBlock}; the bytes are copied.
     *
     * @return false if it is damaged, or not behind the blocks before
     */
    boolean block(long ms, long seq, byte[] buffer, int start, int length);

    /** What is known beside the entries; false if it contradicts them. */
    boolean state(State state);

    /**
     * What is known of a stream beside its entries.
     *
     * @param count number of entries
     * @param lastMs the last ID given to an entry
     * @param firstMs ID of the first entry; 0-0 without one
     * @param deletedMs greatest ID of a deleted entry
     * @param added number of entries ever added; -1 if that, the first and the deleted ID are not known
     */
    record State(
            long count,
            long lastMs,
            long lastSeq,
            long firstMs,
            long firstSeq,
            long deletedMs,
            long deletedSeq,
            long added) {}
}
