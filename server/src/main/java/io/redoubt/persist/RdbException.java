package io.redoubt.persist;

import java.io.IOException;

/** Why an RDB file was not read, and where. Other I/O errors of the source stay what they are. */
public abstract sealed class RdbException extends IOException
        permits RdbFormatException, UnsupportedRdbVersionException, UnsupportedRdbTypeException {

    private static final long serialVersionUID = 1L;

    private final long offset;

    RdbException(long offset, String message) {
        super(message);
        this.offset = offset;
    }

    /** Bytes before the place that could not be read. */
    public final long offset() {
        return offset;
    }
}
