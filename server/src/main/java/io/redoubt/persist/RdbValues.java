package io.redoubt.persist;

import io.redoubt.resp.Decimal;
import io.redoubt.type.Element;
import io.redoubt.type.Encoding;
import io.redoubt.type.IntSet;
import io.redoubt.type.Listpack;
import io.redoubt.type.Value;
import io.redoubt.type.ValueSink;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Values in files and payloads: which number of the format each has, how it is written so that Redis 7.0 takes it, and
 * how every form of it is read. What comes in is proved before it is used.
 */
final class RdbValues {
    private static final int STRING = 0;
    private static final int SET = 2;
    private static final int SET_INTSET = 11;
    private static final int SET_LISTPACK = 20;
    private static final int ZSET = 3;
    private static final int ZSET_2 = 5;
    private static final int ZSET_ZIPLIST = 12;
    private static final int ZSET_LISTPACK = 17;

    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private RdbValues() {}

    // ---- Writing ----

    /** The number that stands before a value. */
    static int typeOf(Value value) {
        return switch (value.encoding()) {
            case Encoding.INT, Encoding.EMBSTR, Encoding.RAW, Encoding.LARGE -> STRING;
            case Encoding.SET_INTS -> SET_INTSET;
            case Encoding.SET_PACKED, Encoding.SET_TABLE -> SET;
            case Encoding.ZSET_PACKED -> ZSET_LISTPACK;
            case Encoding.ZSET_PACKED_LONG, Encoding.ZSET_TREE -> ZSET_2;
            default -> throw new IllegalArgumentException("no file holds encoding " + value.encoding());
        };
    }

    /** Writes a value, without its number. */
    static void write(RdbWriter out, Value value) throws IOException {
        switch (value.encoding()) {
            case Encoding.INT -> out.integer((long) LONGS.get(value.buffer(), value.start()));
            case Encoding.SET_PACKED, Encoding.SET_TABLE, Encoding.ZSET_PACKED_LONG, Encoding.ZSET_TREE ->
                writeElements(out, value);
            default -> out.string(value.buffer(), value.start(), value.length());
        }
    }

    /** Element by element, for a value that has no packed form in files. */
    private static void writeElements(RdbWriter out, Value value) throws IOException {
        var sink = new RdbSinkOfValues(out);
        value.sendTo(sink);
        sink.rethrow();
    }

    // ---- Reading ----

    /** Whether values of this number can be kept. */
    static boolean isReadable(int type) {
        return switch (type) {
            case STRING, SET, SET_INTSET, SET_LISTPACK, ZSET, ZSET_2, ZSET_ZIPLIST, ZSET_LISTPACK -> true;
            default -> false;
        };
    }

    /**
     * Reads a value.
     *
     * @throws RdbFormatException if it is damaged
     */
    static void read(RdbReader in, int type, ValueSink sink) throws IOException {
        long start = in.offset();
        boolean isIntact = switch (type) {
            case STRING -> {
                byte[] bytes = in.readString();
                sink.string(bytes, 0, bytes.length);
                yield true;
            }
            case SET -> readSet(in, sink);
            case SET_INTSET -> readIntSet(in.readString(), sink);
            case SET_LISTPACK -> readPackedSet(in.readString(), sink);
            case ZSET, ZSET_2 -> readSorted(in, type == ZSET_2, sink);
            case ZSET_ZIPLIST -> readOlderSorted(new Ziplist(in.readString()), sink);
            case ZSET_LISTPACK -> readPackedSorted(in.readString(), sink);
            default -> throw new IllegalArgumentException("type " + type + " is not readable");
        };
        if (!isIntact) {
            throw new RdbFormatException(start, "a damaged " + RdbFormat.typeName(type, false));
        }
    }

    private static boolean readSet(RdbReader in, ValueSink sink) throws IOException {
        long count = in.readLength();
        var member = new Element();
        sink.set(count);
        for (long i = 0; i < count; i++) {
            byte[] bytes = in.readString();
            member.set(bytes, 0, bytes.length);
            if (!sink.element(member)) {
                return false;
            }
        }
        return count > 0;
    }

    private static boolean readIntSet(byte[] blob, ValueSink sink) {
        if (!IntSet.isValid(blob, 0, blob.length)) {
            return false;
        }
        var member = new Element();
        int count = IntSet.count(blob, 0);
        sink.set(count);
        for (int i = 0; i < count; i++) {
            member.setInteger(IntSet.get(blob, 0, i));
            if (!sink.element(member)) {
                return false;
            }
        }
        return true;
    }

    private static boolean readPackedSet(byte[] blob, ValueSink sink) {
        int count = Listpack.validate(blob, 0, blob.length);
        if (count <= 0) {
            return false;
        }
        var member = new Element();
        sink.set(count);
        for (int at = Listpack.first(blob, 0); at != Listpack.NONE; at = Listpack.next(blob, 0, at)) {
            Listpack.get(blob, 0, at, member);
            if (!sink.element(member)) {
                return false;
            }
        }
        return true;
    }

    private static boolean readSorted(RdbReader in, boolean isBinary, ValueSink sink) throws IOException {
        long count = in.readLength();
        var member = new Element();
        sink.sortedSet(count);
        for (long i = 0; i < count; i++) {
            byte[] bytes = in.readString();
            member.set(bytes, 0, bytes.length);
            double score = isBinary ? Double.longBitsToDouble(in.readLong()) : readScore(in);
            if (!sink.scored(score, member)) {
                return false;
            }
        }
        return count > 0;
    }

    /** The first form of a score: its length and its text, or a number for what is no text. */
    private static double readScore(RdbReader in) throws IOException {
        int length = in.readByte();
        return switch (length) {
            case 253 -> Double.NaN;
            case 254 -> Double.POSITIVE_INFINITY;
            case 255 -> Double.NEGATIVE_INFINITY;
            default -> Decimal.parseDouble(in.readRaw(length), 0, length);
        };
    }

    private static boolean readPackedSorted(byte[] blob, ValueSink sink) {
        int count = Listpack.validate(blob, 0, blob.length);
        if (count <= 0 || (count & 1) != 0) {
            return false;
        }
        var member = new Element();
        var score = new Element();
        sink.sortedSet(count >> 1);
        int at = Listpack.first(blob, 0);
        while (at != Listpack.NONE) {
            Listpack.get(blob, 0, at, member);
            at = Listpack.next(blob, 0, at);
            Listpack.get(blob, 0, at, score);
            at = Listpack.next(blob, 0, at);
            if (!sink.scored(Decimal.parseDouble(score.buffer(), score.offset(), score.length()), member)) {
                return false;
            }
        }
        return true;
    }

    private static boolean readOlderSorted(Ziplist list, ValueSink sink) {
        var member = new Element();
        var score = new Element();
        sink.sortedSet(list.statedCount() >> 1);
        long count = 0;
        while (list.next(member)) {
            if (!list.next(score)
                    || !sink.scored(Decimal.parseDouble(score.buffer(), score.offset(), score.length()), member)) {
                return false;
            }
            count++;
        }
        return count > 0 && !list.isDamaged();
    }
}
