package io.redoubt.type;

/**
 * Receives one value piece by piece, from a file or a payload. First a method that says what it is and about how many
 * elements it has, then its elements. Arrays are the caller's; what is kept is copied.
 */
public interface ValueSink {
    /** A string. The array is fresh where it is the whole value, and may be kept. */
    void string(byte[] bytes, int offset, int length);

    /** A set follows: {@link #element} for each member. */
    void set(long count);

    /**
     * An element of a set.
     *
     * @return false if it is a member twice: the value is damaged
     */
    boolean element(byte[] bytes, int offset, int length);
}
