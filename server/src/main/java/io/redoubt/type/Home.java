package io.redoubt.type;

import io.redoubt.memory.Arena;
import io.redoubt.memory.Table;

/** The place of one value: packed bytes in the record of its key, or a large value beside it. */
public interface Home extends PackedHome {
    /** One of {@link Encoding}. */
    int encoding();

    /** Changes the encoding of a value that stays packed. */
    void setEncoding(int encoding);

    /** The large value, to be read. */
    LargeValue large();

    /** The large value, to be changed: not the one that a snapshot reads. */
    LargeValue writableLarge();

    /** Puts a large value in the place of the packed bytes, which are gone then. */
    void enlarge(int encoding, LargeValue value);

    /** Puts packed bytes, of any content, in the place of what was there. */
    void pack(int encoding, int length);

    Arena arena();

    /** The hash by which the tables of values find their entries. */
    int hash(byte[] bytes, int offset, int length);

    /**
     * By when fields are seen: one whose time is this or earlier has expired and is not shown. Who must see everything,
     * because another decides what has expired, sees by {@link Long#MIN_VALUE}.
     */
    default long seenAtMillis() {
        return Long.MIN_VALUE;
    }

    /** Says when the first field of the hash expires, or some time before that; {@link Table#NO_EXPIRY} if none does. */
    default void noteFieldExpiry(long millis) {
        // Nobody comes to delete what has expired.
    }

    /** When a value ceases to be small. */
    Thresholds thresholds();
}
