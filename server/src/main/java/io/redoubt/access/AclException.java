package io.redoubt.access;

/** A change of users that is refused. The message is the text to answer or log, without a code. */
public final class AclException extends Exception {
    private static final long serialVersionUID = 1L;

    public AclException(String message) {
        super(message, null, false, false);
    }

    public String text() {
        String message = getMessage();
        return message == null ? "" : message;
    }
}
