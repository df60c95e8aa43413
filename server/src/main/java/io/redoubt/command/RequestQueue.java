package io.redoubt.command;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Requests that are kept for later: their bytes lie one behind another in one buffer, which grows. */
final class RequestQueue {
    private static final int KEPT_BYTES = 16 * 1024;

    private @Nullable CommandSpec[] specs = new CommandSpec[4];
    /** Of each request, the index of its first argument; behind the last, the number of arguments. */
    private int[] firsts = new int[5];

    private int[] starts = new int[16];
    private int[] lengths = new int[16];
    private int[] shownStarts = new int[8];
    private int[] shownLengths = new int[8];
    private byte[] bytes = new byte[256];
    private int byteCount;
    private volatile int count;

    int count() {
        return count;
    }

    /** Bytes of memory that it takes. */
    long sizeInBytes() {
        return bytes.length + 4L * (firsts.length + starts.length + lengths.length + specs.length);
    }

    /** Bytes of the arguments. */
    int byteCount() {
        return byteCount;
    }

    /** Copies a request to the end. */
    void add(CommandSpec spec, Args args) {
        int index = count;
        if (index == specs.length) {
            specs = Arrays.copyOf(specs, index * 2);
            firsts = Arrays.copyOf(firsts, index * 2 + 1);
        }
        int first = firsts[index];
        int end = first + args.count();
        if (end > starts.length) {
            int size = Math.max(end, starts.length * 2);
            starts = Arrays.copyOf(starts, size);
            lengths = Arrays.copyOf(lengths, size);
        }
        for (int i = 0; i < args.count(); i++) {
            int length = args.length(i);
            if (length > bytes.length - byteCount) {
                long needed = Math.addExact(byteCount, length);
                bytes = Arrays.copyOf(
                        bytes, (int) Math.min(Math.max(needed, 2L * bytes.length), Integer.MAX_VALUE - 8));
            }
            System.arraycopy(args.buffer(), args.start(i), bytes, byteCount, length);
            starts[first + i] = byteCount;
            lengths[first + i] = length;
            byteCount += length;
        }
        specs[index] = spec;
        firsts[index + 1] = end;
        count = index + 1;
    }

    CommandSpec spec(int index) {
        var spec = index < count ? specs[index] : null;
        if (spec == null) {
            throw new IndexOutOfBoundsException(index);
        }
        return spec;
    }

    /** Points at the arguments of a request; valid until this is called again or a request is added. */
    void pointAt(int index, Args args) {
        int first = firsts[index];
        int argCount = firsts[index + 1] - first;
        if (shownStarts.length < argCount) {
            shownStarts = new int[argCount];
            shownLengths = new int[argCount];
        }
        System.arraycopy(starts, first, shownStarts, 0, argCount);
        System.arraycopy(lengths, first, shownLengths, 0, argCount);
        args.set(bytes, 0, shownStarts, shownLengths, argCount);
    }

    /** Forgets all requests, and their memory unless it is little. */
    void clear() {
        count = 0;
        byteCount = 0;
        Arrays.fill(specs, null);
        if (sizeInBytes() > KEPT_BYTES) {
            specs = new CommandSpec[4];
            firsts = new int[5];
            starts = new int[16];
            lengths = new int[16];
            bytes = new byte[256];
        }
    }
}
