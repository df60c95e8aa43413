package io.redoubt.config;

/** A directive does not take a value; the message is the reason in Redis's words. */
public final class RefusedValueException extends Exception {
    private static final long serialVersionUID = 1L;

    public RefusedValueException(String reason) {
        super(reason);
    }

    /** The reason, never null and never holding the value of a secret. */
    public String reason() {
        return String.valueOf(getMessage());
    }
}
