package io.redoubt.command;

import io.redoubt.type.Stream;
import io.redoubt.type.StreamCursor;
import io.redoubt.type.StreamDraft;
import io.redoubt.type.StreamId;

/** Objects that the commands of streams use for the time of one call. */
final class StreamScratch {
    final StreamId id = new StreamId();
    final StreamId from = new StreamId();
    final StreamId to = new StreamId();
    final StreamCursor cursor = new StreamCursor();
    final StreamDraft draft = new StreamDraft();
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

    void begin() {
        trims = false;
        createsNone = false;
        hasId = false;
        hasSequence = false;
        hasLimit = false;
        trimArg = 0;
        trim.limit = 0;
        trim.isApproximate = false;
    }
}
