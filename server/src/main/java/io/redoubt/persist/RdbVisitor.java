package io.redoubt.persist;

import io.redoubt.type.ValueSink;
import java.io.IOException;

/**
 * What a file holds, in the order of the file. Arrays are fresh and belong to the visitor. An exception thrown here
 * ends the reading and reaches the caller of {@link RdbReader#read}.
 */
public interface RdbVisitor {

    /** No expiry, idle time or frequency is given. */
    long NONE = -1;

    /** Takes a value and keeps nothing. */
    ValueSink NOTHING = new Nothing();

    /** A fact about the file, such as {@code redis-ver}. Unknown ones are to be ignored. */
    default void aux(byte[] name, byte[] value) throws IOException {}

    /** Later keys belong to this database; without a call they belong to 0. */
    default void selectDb(int db) throws IOException {}

    /** A hint, which may be wrong: how many keys follow in this database, and how many of them expire. */
    default void resizeDb(long keyCount, long expiryCount) throws IOException {}

    /**
     * A key, whose value follows in pieces, and then {@link #endValue}. Whether an expired key is kept is the visitor's
     * decision: a replica keeps it.
     *
     * @param expiryMillis Unix time, perhaps past, or {@link #NONE}
     * @param idleSeconds time since the last access, or {@link #NONE}
     * @param frequency the logarithmic access counter, 0 to 255, or {@link #NONE}
     * @return what takes the value; {@link #NOTHING} to pass it over
     */
    ValueSink beginValue(int db, byte[] key, long expiryMillis, long idleSeconds, int frequency) throws IOException;

    /** The value of the last key is complete. */
    void endValue() throws IOException;

    /**
     * In place of {@link #endValue}: the value of the last key has no elements, as old versions of Redis could write it.
     * There are no such values in a keyspace; what has been begun is to be dropped.
     */
    void emptyValue(byte[] key) throws IOException;

    /** The whole source of a function library, its first line naming engine and library. */
    void function(byte[] code) throws IOException;
}
