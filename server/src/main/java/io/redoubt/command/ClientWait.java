package io.redoubt.command;

/**
 * A client that is suspended until something happens. Whoever ends the wait claims it first, and only one succeeds; each
 * method says whether this was the one.
 */
public interface ClientWait {
    /** Ends the wait as if its time were over. */
    boolean endWithNothing();

    /** Ends the wait with an error. */
    boolean endWithError(byte[] line);

    /** The client is gone: nobody answers it any more. */
    void gone();
}
