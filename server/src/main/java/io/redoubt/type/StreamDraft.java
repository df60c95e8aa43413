package io.redoubt.type;

import java.util.Arrays;

/** The fields of an entry that is about to be added to a stream, and that entry in the form of its block. Reused. */
public final class StreamDraft {
    /** More than this no entry has. */
    private static final long BYTES_MAX = 1L << 30;

    private static final int KEPT_BYTES = 1 << 16;

    private byte[] pairs = new byte[256];
    private int pairBytes;
    private int pairCount;
    private long rawBytes;
    private byte[] out = new byte[256];
    private int outBytes;
    private int outElements;
    private final Element number = new Element();

    /** Begins an entry. */
    public void begin() {
        if (pairs.length > KEPT_BYTES || out.length > KEPT_BYTES) {
            pairs = new byte[256];
            out = new byte[256];
        }
        pairBytes = 0;
        pairCount = 0;
        rawBytes = 0;
    }

    /** Adds a field and its value; false if the entry has become too large. */
    public boolean add(Element field, Element value) {
        rawBytes += field.length() + (long) value.length();
        if (rawBytes > BYTES_MAX) {
            return false;
        }
        int more = Listpack.sizeOf(field) + Listpack.sizeOf(value);
        if (pairs.length - pairBytes < more) {
            pairs = Arrays.copyOf(pairs, Math.max(pairs.length * 2, pairBytes + more));
        }
        pairBytes = Listpack.write(pairs, Listpack.write(pairs, pairBytes, field), value);
        pairCount++;
        return true;
    }

    /** Bytes of fields and values. */
    long rawBytes() {
        return rawBytes;
    }

    byte[] out() {
        return out;
    }

    int outBytes() {
        return outBytes;
    }

    int outElements() {
        return outElements;
    }

    /** Makes a whole block with this entry only. */
    void encodeBlock() {
        outBytes = Listpack.EMPTY_BYTES - 1;
        outElements = 0;
        reserve(pairBytes * 2 + 64);
        put(1);
        put(0);
        put(pairCount);
        copy(0);
        put(0);
        putEntry(0, 0, true);
        Listpack.writeEnd(out, 0, outBytes, outElements);
        outBytes++;
    }

    /** Makes an entry for a block that has some already. */
    void encodeEntry(StreamBlock block, long msDifference, long seqDifference) {
        outBytes = 0;
        outElements = 0;
        reserve(pairBytes + 96);
        putEntry(msDifference, seqDifference, block.hasFields(pairs, pairCount));
    }

    private void putEntry(long msDifference, long seqDifference, boolean hasSameFields) {
        put(hasSameFields ? StreamBlock.SAME_FIELDS : 0);
        put(msDifference);
        put(seqDifference);
        if (hasSameFields) {
            copy(1);
            put(pairCount + 3);
        } else {
            put(pairCount);
            System.arraycopy(pairs, 0, out, outBytes, pairBytes);
            outBytes += pairBytes;
            outElements += 2 * pairCount;
            put(2L * pairCount + 4);
        }
    }

    private void put(long value) {
        number.setInteger(value);
        outBytes = Listpack.write(out, outBytes, number);
        outElements++;
    }

    /** Copies the fields (0) or the values (1). */
    private void copy(int which) {
        int at = 0;
        for (int i = 0; i < 2 * pairCount; i++) {
            int size = Listpack.size(pairs, 0, at);
            if ((i & 1) == which) {
                System.arraycopy(pairs, at, out, outBytes, size);
                outBytes += size;
                outElements++;
            }
            at += size;
        }
    }

    private void reserve(int bytes) {
        if (out.length - outBytes < bytes) {
            out = Arrays.copyOf(out, outBytes + bytes);
        }
    }
}
