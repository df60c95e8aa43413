package io.redoubt.command;

import io.redoubt.memory.CountedTree;
import io.redoubt.type.Stream;
import io.redoubt.type.StreamCursor;
import io.redoubt.type.StreamDraft;
import io.redoubt.type.StreamId;
import io.redoubt.type.StreamIds;

/** Objects that the commands of streams use for the time of one call. */
final class StreamScratch {
    /** Of the entry that is answered. */
    final StreamId id = new StreamId();

    final StreamId from = new StreamId();
    final StreamId to = new StreamId();
    /** Of an entry of a group. */
    final StreamId pending = new StreamId();

    final StreamCursor cursor = new StreamCursor();
    final CountedTree.Cursor entries = new CountedTree.Cursor();
    final StreamDraft draft = new StreamDraft();
    final StreamIds ids = new StreamIds();
    final StreamIds deleted = new StreamIds();
    final byte[] text = new byte[StreamId.BYTES_MAX];

    // What XADD and XTRIM were told.
    final Stream.Trim trim = new Stream.Trim();
    boolean trims;
    boolean createsNone;
    boolean hasId;
    boolean hasSequence;
    boolean hasLimit;
    /** The argument that says how much is left. */
    int trimArg;

    // What XREAD and XREADGROUP were told.
    /** How long to wait; -1: not at all. */
    long waitMillis;
    /** How many entries of each stream at most; 0: all. */
    long count;
    /** The argument that is the first key; 0 before it is found. */
    int keyArg;

    /** What becomes of an entry in groups when it is removed. */
    References references = References.KEEP;

    /** Beside that an entry goes, what becomes of it where groups have it pending. */
    enum References {
        KEEP,
        /** It is no longer pending anywhere. */
        DROP,
        /** It goes only if every group has read and acknowledged it. */
        WAIT_FOR_ALL
    }

    void beginReading() {
        waitMillis = -1;
        count = 0;
        keyArg = 0;
    }

    void begin() {
        trims = false;
        createsNone = false;
        hasId = false;
        hasSequence = false;
        hasLimit = false;
        trimArg = 0;
        trim.limit = 0;
        trim.isApproximate = false;
        trim.removed = null;
        references = References.KEEP;
    }
}
