package io.redoubt.persist;

import io.redoubt.memory.Arena;
import io.redoubt.resp.Decimal;
import io.redoubt.type.Element;
import io.redoubt.type.Encoding;
import io.redoubt.type.IntSet;
import io.redoubt.type.ListBlocks;
import io.redoubt.type.Listpack;
import io.redoubt.type.StreamGroup;
import io.redoubt.type.StreamSink;
import io.redoubt.type.Value;
import io.redoubt.type.ValueSink;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Values in files and payloads: which number of the format each has, how it is written so that Redis 7.0 takes it, and
 * how every form of it is read. What comes in is proved before it is used.
 */
final class RdbValues {
    private static final int STRING = 0;
    private static final int LIST = 1;
    private static final int SET = 2;
    private static final int HASH = 4;
    private static final int HASH_ZIPMAP = 9;
    private static final int LIST_ZIPLIST = 10;
    private static final int SET_INTSET = 11;
    private static final int HASH_ZIPLIST = 13;
    private static final int LIST_QUICKLIST = 14;
    private static final int HASH_LISTPACK = 16;
    private static final int LIST_QUICKLIST_2 = 18;
    private static final int SET_LISTPACK = 20;
    private static final int HASH_EXPIRING_PRE_GA = 22;
    private static final int HASH_EXPIRING_LISTPACK_PRE_GA = 23;
    private static final int HASH_EXPIRING = 24;
    private static final int HASH_EXPIRING_LISTPACK = 25;
    private static final int ZSET = 3;
    private static final int ZSET_2 = 5;
    private static final int ZSET_ZIPLIST = 12;
    private static final int ZSET_LISTPACK = 17;
    private static final int STREAM = 15;
    private static final int STREAM_2 = 19;
    private static final int STREAM_3 = 21;

    /** The last time at which a field can expire, to Redis; Valkey knows no last one. */
    private static final long FIELD_EXPIRY_MAX = (1L << 48) - 2;

    // Kinds of blocks of LIST_QUICKLIST_2.
    private static final int PLAIN_NODE = 1;
    private static final int PACKED_NODE = 2;

    /** Instead of a number of elements. */
    private static final int DAMAGED = -1;

    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private RdbValues() {}

    // ---- Writing ----

    /** The number that stands before a value. */
    static int typeOf(Value value) {
        return switch (value.encoding()) {
            case Encoding.INT, Encoding.EMBSTR, Encoding.RAW, Encoding.LARGE -> STRING;
            case Encoding.SET_INTS -> SET_INTSET;
            case Encoding.SET_PACKED, Encoding.SET_TABLE -> SET;
            case Encoding.LIST_PACKED, Encoding.LIST_BLOCKS -> LIST_QUICKLIST_2;
            case Encoding.STREAM -> STREAM_2;
            case Encoding.ZSET_PACKED -> ZSET_LISTPACK;
            case Encoding.ZSET_PACKED_LONG, Encoding.ZSET_TREE -> ZSET_2;
            case Encoding.HASH_PACKED -> HASH_LISTPACK;
            case Encoding.HASH_PACKED_LONG, Encoding.HASH_TABLE -> HASH;
            case Encoding.HASH_PACKED_EX, Encoding.HASH_PACKED_EX_LONG, Encoding.HASH_TABLE_EX ->
                value.firstFieldExpiry() == RdbVisitor.NONE
                        ? HASH
                        : value.encoding() == Encoding.HASH_PACKED_EX ? HASH_EXPIRING_LISTPACK : HASH_EXPIRING;
            default -> throw new IllegalArgumentException("no file holds encoding " + value.encoding());
        };
    }

    /** The oldest version of the format that has values of this number. */
    static int versionOf(int type) {
        boolean expires = type >= HASH_EXPIRING_PRE_GA && type <= HASH_EXPIRING_LISTPACK;
        return expires ? RdbFormat.VERSION_WITH_FIELD_EXPIRY : RdbFormat.VERSION_WRITTEN;
    }

    /** Writes a value, without its number. */
    static void write(RdbWriter out, Value value) throws IOException {
        switch (value.encoding()) {
            case Encoding.INT -> out.integer((long) LONGS.get(value.buffer(), value.start()));
            case Encoding.SET_PACKED, Encoding.SET_TABLE, Encoding.HASH_PACKED_LONG, Encoding.HASH_TABLE ->
                writeElements(out, value);
            case Encoding.ZSET_PACKED_LONG, Encoding.ZSET_TREE, Encoding.STREAM -> writeElements(out, value);
            case Encoding.HASH_PACKED_EX, Encoding.HASH_PACKED_EX_LONG, Encoding.HASH_TABLE_EX ->
                writeExpiring(out, value);
            case Encoding.LIST_PACKED -> {
                out.length(1);
                writeBlock(out, value.buffer(), value.start());
            }
            case Encoding.LIST_BLOCKS -> writeBlocks(out, (ListBlocks) value.large(), value.chunks());
            default -> out.string(value.buffer(), value.start(), value.length());
        }
    }

    /** Element by element, for a value that has no packed form in files. */
    private static void writeElements(RdbWriter out, Value value) throws IOException {
        var sink = new RdbSinkOfValues(out, RdbVisitor.NONE);
        value.sendTo(sink);
        sink.rethrow();
    }

    /** A hash whose fields may expire: the first time, then all fields. If none does, it is as any other. */
    private static void writeExpiring(RdbWriter out, Value value) throws IOException {
        long first = value.firstFieldExpiry();
        if (first != RdbVisitor.NONE) {
            out.putLong(first);
            if (value.encoding() == Encoding.HASH_PACKED_EX) {
                out.string(value.buffer(), value.start(), value.length());
                return;
            }
        }
        var sink = new RdbSinkOfValues(out, first);
        value.sendTo(sink);
        sink.rethrow();
    }

    private static void writeBlocks(RdbWriter out, ListBlocks list, byte[][] chunks) throws IOException {
        out.length(list.blockCount());
        for (int i = 0; i < list.blockCount(); i++) {
            int handle = list.handle(i);
            writeBlock(out, chunks[Arena.chunkIndex(handle)], Arena.chunkOffset(handle));
        }
    }

    private static void writeBlock(RdbWriter out, byte[] buffer, int start) throws IOException {
        out.length(PACKED_NODE);
        out.string(buffer, start, Listpack.bytes(buffer, start));
    }

    // ---- Reading ----

    /** Whether values of this number can be kept. */
    static boolean isReadable(int type) {
        return switch (type) {
            case ZSET, ZSET_2, ZSET_ZIPLIST, ZSET_LISTPACK -> true;
            case STREAM, STREAM_2, STREAM_3 -> true;
            case LIST, LIST_ZIPLIST, LIST_QUICKLIST, LIST_QUICKLIST_2 -> true;
            case HASH_EXPIRING_PRE_GA, HASH_EXPIRING_LISTPACK_PRE_GA -> true;
            case HASH_EXPIRING, HASH_EXPIRING_LISTPACK -> true;
            case STRING, SET, SET_INTSET, SET_LISTPACK, HASH, HASH_ZIPMAP, HASH_ZIPLIST, HASH_LISTPACK -> true;
            default -> false;
        };
    }

    /**
     * Reads a value.
     *
     * @return false if it has no elements: then the sink may have begun a value, which is not to be used
     * @throws RdbFormatException if it is damaged
     */
    static boolean read(RdbReader in, int type, ValueSink sink) throws IOException {
        long start = in.offset();
        long count = switch (type) {
            case STRING -> {
                byte[] bytes = in.readString();
                sink.string(bytes, 0, bytes.length);
                yield 1;
            }
            case SET -> readSet(in, sink);
            case LIST -> readList(in, sink);
            case LIST_ZIPLIST -> readZiplist(in, sink);
            case LIST_QUICKLIST -> readBlocks(in, sink, false);
            case LIST_QUICKLIST_2 -> readBlocks(in, sink, true);
            case HASH -> readHash(in, false, sink);
            case HASH_ZIPMAP -> readZipmap(in.readString(), sink);
            case HASH_ZIPLIST -> readPacked(PackedReader.ziplist(in.readString()), false, sink);
            case HASH_EXPIRING_PRE_GA -> in.isValkey() ? readHash(in, true, sink) : readExpiring(in, false, sink);
            case HASH_EXPIRING -> readExpiring(in, true, sink);
            case HASH_EXPIRING_LISTPACK_PRE_GA -> readPacked(PackedReader.listpack(in.readString()), true, sink);
            case HASH_EXPIRING_LISTPACK -> {
                in.readLong(); // The first time, which stands with its field as well.
                yield readPacked(PackedReader.listpack(in.readString()), true, sink);
            }
            case HASH_LISTPACK -> readPacked(PackedReader.listpack(in.readString()), false, sink);
            case SET_INTSET -> readIntSet(in.readString(), sink);
            case ZSET, ZSET_2 -> readSorted(in, type == ZSET_2, sink);
            case ZSET_ZIPLIST -> readScored(PackedReader.ziplist(in.readString()), sink);
            case ZSET_LISTPACK -> readScored(PackedReader.listpack(in.readString()), sink);
            case STREAM, STREAM_2, STREAM_3 -> readStream(in, type, sink) ? 1 : DAMAGED;
            case SET_LISTPACK -> readPackedSet(in.readString(), sink);
            default -> throw new IllegalArgumentException("type " + type + " is not readable");
        };
        if (count < 0) {
            throw new RdbFormatException(start, damageOf(type));
        }
        return count > 0;
    }

    /** What is wrong with a damaged value, in the words by which the logs of Redis are searched. */
    private static String damageOf(int type) {
        String what = switch (type) {
            case LIST, LIST_QUICKLIST_2 -> "List";
            case LIST_ZIPLIST -> "List ziplist";
            case LIST_QUICKLIST -> "Quicklist ziplist";
            case SET -> "Set";
            case SET_INTSET -> "Intset";
            case SET_LISTPACK -> "Set listpack";
            case ZSET, ZSET_2 -> "Zset";
            case ZSET_ZIPLIST -> "Zset ziplist";
            case ZSET_LISTPACK -> "Zset listpack";
            case HASH_ZIPMAP -> "Zipmap";
            case HASH_ZIPLIST -> "Hash ziplist";
            case HASH_LISTPACK, HASH_EXPIRING_LISTPACK, HASH_EXPIRING_LISTPACK_PRE_GA -> "Hash listpack";
            case STREAM, STREAM_2, STREAM_3 -> "Stream listpack";
            default -> "Hash";
        };
        return what + " integrity check failed";
    }

    private static long readSet(RdbReader in, ValueSink sink) throws IOException {
        long count = in.readLength();
        sink.set(count);
        return readElements(in, count, sink);
    }

    private static long readList(RdbReader in, ValueSink sink) throws IOException {
        long count = in.readLength();
        sink.list(count);
        return readElements(in, count, sink);
    }

    private static long readElements(RdbReader in, long count, ValueSink sink) throws IOException {
        var element = new Element();
        for (long i = 0; i < count; i++) {
            byte[] bytes = in.readString();
            element.set(bytes, 0, bytes.length);
            if (!sink.element(element)) {
                return DAMAGED;
            }
        }
        return count;
    }

    private static long readIntSet(byte[] blob, ValueSink sink) {
        if (!IntSet.isValid(blob, 0, blob.length)) {
            return DAMAGED;
        }
        var member = new Element();
        int count = IntSet.count(blob, 0);
        sink.set(count);
        for (int i = 0; i < count; i++) {
            member.setInteger(IntSet.get(blob, 0, i));
            if (!sink.element(member)) {
                return DAMAGED;
            }
        }
        return count > 0 ? count : DAMAGED;
    }

    private static long readPackedSet(byte[] blob, ValueSink sink) {
        sink.set(0);
        return sendAll(PackedReader.listpack(blob), sink);
    }

    private static long readZiplist(RdbReader in, ValueSink sink) throws IOException {
        sink.list(0);
        return sendAll(PackedReader.ziplist(in.readString()), sink);
    }

    /** Blocks of elements: ziplists, or with {@code isTagged} listpacks and single elements. */
    private static long readBlocks(RdbReader in, ValueSink sink, boolean isTagged) throws IOException {
        long blocks = in.readLength();
        long count = 0;
        sink.list(blocks);
        for (long i = 0; i < blocks; i++) {
            long kind = isTagged ? in.readLength() : PACKED_NODE;
            byte[] blob = in.readString();
            long sent = 1;
            if (kind == PLAIN_NODE && blob.length > 0) {
                var element = new Element();
                element.set(blob, 0, blob.length);
                sink.element(element);
            } else if (kind == PACKED_NODE) {
                sent = sendAll(isTagged ? PackedReader.listpack(blob) : PackedReader.ziplist(blob), sink);
            } else {
                return DAMAGED;
            }
            if (sent < 0) {
                return DAMAGED;
            }
            count += sent;
        }
        return count;
    }

    /** Sends the elements of a packed block and returns how many there are; -1 if it is damaged or one is refused. */
    private static int sendAll(@Nullable PackedReader reader, ValueSink sink) {
        if (reader == null) {
            return -1;
        }
        var element = new Element();
        while (reader.next(element)) {
            if (!sink.element(element)) {
                return -1;
            }
        }
        return reader.count();
    }

    /** Field and value; behind them, as Valkey 9 has it, perhaps a time, -1 for never. */
    private static long readHash(RdbReader in, boolean hasTimes, ValueSink sink) throws IOException {
        long count = in.readLength();
        var field = new Element();
        var value = new Element();
        sink.hash(count);
        for (long i = 0; i < count; i++) {
            readElement(in, field);
            readElement(in, value);
            long millis = hasTimes ? in.readLong() : RdbVisitor.NONE;
            if (millis < RdbVisitor.NONE || !sink.field(field, value, millis)) {
                return DAMAGED;
            }
        }
        return count;
    }

    private static void readElement(RdbReader in, Element into) throws IOException {
        byte[] bytes = in.readString();
        into.set(bytes, 0, bytes.length);
    }

    /** Field and value; behind them perhaps a time, 0 for never. */
    private static long readPacked(@Nullable PackedReader reader, boolean hasTimes, ValueSink sink) {
        int width = hasTimes ? 3 : 2;
        if (reader == null || reader.count() % width != 0) {
            return DAMAGED;
        }
        var field = new Element();
        var value = new Element();
        var time = new Element();
        time.setInteger(0);
        sink.hash(reader.count() / width);
        while (reader.next(field) && reader.next(value) && (!hasTimes || reader.next(time))) {
            if (!time.isInteger() || time.integer() < 0 || time.integer() > FIELD_EXPIRY_MAX) {
                return DAMAGED;
            }
            if (!sink.field(field, value, time.integer() == 0 ? RdbVisitor.NONE : time.integer())) {
                return DAMAGED;
            }
        }
        return reader.count();
    }

    /** Time, field and value. A time is 0 for never, else counted from a first one, whose number is 1. */
    private static long readExpiring(RdbReader in, boolean hasFirst, ValueSink sink) throws IOException {
        long first = hasFirst ? in.readLong() : 1;
        long count = in.readLength();
        var field = new Element();
        var value = new Element();
        sink.hash(count);
        for (long i = 0; i < count; i++) {
            long time = in.readLength();
            readElement(in, field);
            readElement(in, value);
            long millis = time + first - 1;
            if (time != 0 && (first < 0 || time < 0 || millis <= 0 || millis > FIELD_EXPIRY_MAX)) {
                return DAMAGED;
            }
            if (!sink.field(field, value, time == 0 ? RdbVisitor.NONE : millis)) {
                return DAMAGED;
            }
        }
        return count;
    }

    /**
     * The form of hashes before Redis 2.6: their number (one byte, 254: more), then length and bytes of each field,
     * length, number of unused bytes, and bytes of each value; 255 at the end. A length is one byte, or 254 and four.
     */
    private static long readZipmap(byte[] blob, ValueSink sink) {
        var field = new Element();
        var value = new Element();
        sink.hash(blob.length == 0 ? 0 : blob[0] & 0xFF);
        int at = 1;
        long count = 0;
        while (at < blob.length && (blob[at] & 0xFF) != 255) {
            long length = zipmapLength(blob, at);
            int from = at + ((blob[at] & 0xFF) < 254 ? 1 : 5);
            if (length < 0 || length >= blob.length - from) {
                return DAMAGED;
            }
            field.set(blob, from, (int) length);
            at = from + (int) length;
            length = zipmapLength(blob, at);
            from = at + ((blob[at] & 0xFF) < 254 ? 2 : 6);
            if (length < 0 || from >= blob.length || length + (blob[from - 1] & 0xFF) >= blob.length - from) {
                return DAMAGED;
            }
            value.set(blob, from, (int) length);
            at = from + (int) length + (blob[from - 1] & 0xFF);
            if (!sink.field(field, value, RdbVisitor.NONE)) {
                return DAMAGED;
            }
            count++;
        }
        return at == blob.length - 1 && count > 0 ? count : DAMAGED;
    }

    private static long zipmapLength(byte[] blob, int at) {
        int first = blob[at] & 0xFF;
        if (first < 254) {
            return first;
        }
        return first == 254 && at + 5 <= blob.length ? (int) INTS.get(blob, at + 1) : -1;
    }

    private static long readSorted(RdbReader in, boolean isBinary, ValueSink sink) throws IOException {
        long count = in.readLength();
        var member = new Element();
        sink.sortedSet(count);
        for (long i = 0; i < count; i++) {
            byte[] bytes = in.readString();
            member.set(bytes, 0, bytes.length);
            double score = isBinary ? Double.longBitsToDouble(in.readLong()) : readScore(in);
            if (!sink.scored(score, member)) {
                return DAMAGED;
            }
        }
        return count;
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

    /** Blocks by their IDs, what is known of the stream, and its consumer groups. */
    private static boolean readStream(RdbReader in, int type, ValueSink sink) throws IOException {
        long blocks = in.readLength();
        var out = sink.stream(blocks);
        for (long i = 0; i < blocks; i++) {
            byte[] id = in.readString();
            byte[] block = in.readString();
            if (id.length != 16) {
                return false;
            }
            var numbers = ByteBuffer.wrap(id);
            if (!out.block(numbers.getLong(), numbers.getLong(), block, 0, block.length)) {
                return false;
            }
        }
        long count = in.readLength();
        long lastMs = in.readNumber();
        long lastSeq = in.readNumber();
        boolean isOld = type == STREAM;
        var state = new StreamSink.State(
                count,
                lastMs,
                lastSeq,
                isOld ? 0 : in.readNumber(),
                isOld ? 0 : in.readNumber(),
                isOld ? 0 : in.readNumber(),
                isOld ? 0 : in.readNumber(),
                isOld ? -1 : in.readNumber());
        if (!out.state(state)) {
            return false;
        }
        long groups = in.readLength();
        out.groups(groups);
        for (long i = 0; i < groups; i++) {
            if (!readGroup(in, type, out)) {
                return false;
            }
        }
        return true;
    }

    /** What is known of a group, its pending entries, and of each consumer the IDs of those that it has. */
    private static boolean readGroup(RdbReader in, int type, StreamSink out) throws IOException {
        byte[] name = in.readString();
        var state = new StreamSink.GroupState(
                in.readNumber(), in.readNumber(), type == STREAM ? StreamGroup.UNKNOWN : in.readNumber());
        if (!out.group(name, 0, name.length, state)) {
            throw new RdbFormatException(in.offset(), "Duplicate stream consumer group detected");
        }
        long pending = in.readLength();
        out.pendingEntries(pending);
        for (long i = 0; i < pending; i++) {
            long ms = Long.reverseBytes(in.readLong());
            long seq = Long.reverseBytes(in.readLong());
            if (!out.pending(ms, seq, in.readLong(), in.readNumber())) {
                return false;
            }
        }
        long consumers = in.readLength();
        out.consumers(consumers);
        for (long i = 0; i < consumers; i++) {
            if (!readConsumer(in, type, out)) {
                return false;
            }
        }
        return out.endGroup();
    }

    private static boolean readConsumer(RdbReader in, int type, StreamSink out) throws IOException {
        byte[] name = in.readString();
        long seenMillis = in.readLong();
        if (type == STREAM_3) {
            in.readLong(); // When it last got something, which Redis tells since 7.2.
        }
        long pending = in.readLength();
        if (!out.consumer(name, 0, name.length, seenMillis, pending)) {
            throw new RdbFormatException(in.offset(), "Duplicate stream consumer detected");
        }
        for (long i = 0; i < pending; i++) {
            if (!out.owned(Long.reverseBytes(in.readLong()), Long.reverseBytes(in.readLong()))) {
                return false;
            }
        }
        return true;
    }

    private static long readScored(@Nullable PackedReader reader, ValueSink sink) {
        if (reader == null || reader.count() % 2 != 0) {
            return DAMAGED;
        }
        var member = new Element();
        var score = new Element();
        sink.sortedSet(reader.count() / 2);
        while (reader.next(member)) {
            reader.next(score);
            if (!sink.scored(Decimal.parseDouble(score.buffer(), score.offset(), score.length()), member)) {
                return DAMAGED;
            }
        }
        return reader.count();
    }
}
