package io.redoubt.type;

/** Receives a stream piece by piece: blocks in order, then its state, then its groups. */
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

    // ---- Consumer groups, which a sink may leave out ----

    /** So many consumer groups follow. */
    default void groups(long count) {}

    /** A consumer group: its name and state; false if there is one of that name. Its pending entries follow. */
    default boolean group(byte[] buffer, int from, int length, GroupState state) {
        return true;
    }

    /**
     * What is known of a group beside its entries and consumers.
     *
     * @param lastMs ID of the entry that was delivered last
     * @param entriesRead how many entries it has read, or {@link StreamGroup#UNKNOWN}
     */
    record GroupState(long lastMs, long lastSeq, long entriesRead) {}

    /** So many pending entries of the group follow. */
    default void pendingEntries(long count) {}

    /** An entry that was delivered and not acknowledged; false if it was sent before. */
    default boolean pending(long ms, long seq, long deliveryMillis, long deliveries) {
        return true;
    }

    /** So many consumers of the group follow. */
    default void consumers(long count) {}

    /** A consumer, of whose entries the IDs follow; false if there is one of that name. */
    default boolean consumer(byte[] buffer, int from, int length, long seenMillis, long pendingCount) {
        return true;
    }

    /** The ID of a pending entry of the consumer; false if it is none, or another consumer's. */
    default boolean owned(long ms, long seq) {
        return true;
    }

    /** The group is complete; false if something of it is missing. */
    default boolean endGroup() {
        return true;
    }
}
