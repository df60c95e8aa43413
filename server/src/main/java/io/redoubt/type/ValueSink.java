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

    /** A list follows: {@link #element} for each element, from head to tail. */
    void list(long count);

    /** A hash follows: {@link #field} for each. */
    void hash(long count);

    /** A sorted set follows: {@link #scored} for each member, in any order. */
    void sortedSet(long count);

    /** A stream follows, in so many blocks. */
    StreamSink stream(long blocks);

    /**
     * An element of a list or set.
     *
     * @return false if it is a member of a set for the second time: the value is damaged
     */
    boolean element(Element element);

    /**
     * A field of a hash.
     *
     * @param expiryMillis when it expires, or -1
     * @return false if the field is there already: the value is damaged
     */
    boolean field(Element field, Element value, long expiryMillis);

    /** A member of a sorted set; false if it is there already or the score is not a number. */
    boolean scored(double score, Element member);
}
