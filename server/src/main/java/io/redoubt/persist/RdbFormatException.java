package io.redoubt.persist;

/** The input is damaged, cut off, or no RDB file at all. */
public final class RdbFormatException extends RdbException {

    private static final long serialVersionUID = 1L;

    private final String reason;

    RdbFormatException(long offset, String reason) {
        super(offset, "RDB damaged at byte " + offset + ": " + reason);
        this.reason = reason;
    }

    /** What is wrong, without the place. */
    public String reason() {
        return reason;
    }
}
