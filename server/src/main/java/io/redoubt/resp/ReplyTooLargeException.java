package io.redoubt.resp;

/** Thrown when there is no memory for what is to be appended to a {@link Reply}; nothing was appended then. */
public final class ReplyTooLargeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ReplyTooLargeException(long bytes) {
        super("no room for replies of " + bytes + " bytes");
    }
}
