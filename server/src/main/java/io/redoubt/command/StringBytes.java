package io.redoubt.command;

import io.redoubt.resp.Decimal;
import io.redoubt.store.Entry;
import io.redoubt.store.Keyspace;
import io.redoubt.type.Encoding;
import java.util.Arrays;

/**
 * The bytes of a string entry, however it is kept: an integer is seen as its decimal digits. Buffer, start and length
 * are asked for one by one, so that nothing is allocated.
 */
final class StringBytes {
    /** Longest value that an array can hold, whatever the limit is set to. */
    static final int LENGTH_MAX = Integer.MAX_VALUE - 64;

    private StringBytes() {}

    /** Returns the array that holds the bytes; digits are written to the call's scratch area for numbers. */
    static byte[] buffer(Call call, Entry entry) {
        if (!entry.isInteger()) {
            return entry.valueBuffer();
        }
        Decimal.format(entry.integer(), call.numberScratch(), 0);
        return call.numberScratch();
    }

    static int start(Entry entry) {
        return entry.isInteger() ? 0 : entry.valueStart();
    }

    static int length(Entry entry) {
        return entry.isInteger() ? Decimal.length(entry.integer()) : entry.valueLength();
    }

    /** Copies the bytes to the start of {@code out}, which has room for them. */
    static void copy(Entry entry, byte[] out) {
        if (entry.isInteger()) {
            Decimal.format(entry.integer(), out, 0);
        } else {
            System.arraycopy(entry.valueBuffer(), entry.valueStart(), out, 0, entry.valueLength());
        }
    }

    static byte[] copyOf(Call call, Entry entry) {
        byte[] bytes = call.newValue(length(entry));
        copy(entry, bytes);
        return bytes;
    }

    /** An area of {@code length} bytes for a value on its way into the keyspace, which keeps that of a large one. */
    static byte[] area(Call call, int length) {
        return length < Encoding.LARGE_MIN ? call.scratch(length) : call.newValue(length);
    }

    /**
     * Makes the string at a position raw, at least {@code lengthMin} bytes long, and such that its bytes may be changed
     * where they stand. What is added is zero. A missing key is made. Afterwards the call's entry shows it.
     *
     * @param isFound whether the call's entry shows the key, which is a string then
     */
    static void makeWritable(Call call, int keyArg, boolean isFound, int lengthMin) {
        var entry = call.entry();
        int length = isFound ? length(entry) : 0;
        int total = Math.max(length, lengthMin);
        if (isFound && (total == length && entry.isWritable() || call.keyspace().growLarge(entry, total) != null)) {
            call.keyspace().touch(call.unit(), entry);
            return;
        }
        byte[] bytes = area(call, total);
        if (isFound) {
            copy(entry, bytes);
        }
        if (total < Encoding.LARGE_MIN) {
            Arrays.fill(bytes, length, total, (byte) 0);
        }
        long expiry = isFound ? entry.expiryMillis() : Keyspace.NO_EXPIRY;
        call.setString(keyArg, Encoding.RAW, bytes, 0, total, expiry);
        if (!call.find(keyArg)) {
            throw new IllegalStateException("the key was just set");
        }
    }
}
