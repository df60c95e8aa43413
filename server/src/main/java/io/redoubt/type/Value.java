package io.redoubt.type;

import io.redoubt.memory.Table;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * A value as whoever writes it elsewhere sees it: a file, a payload, a digest, a copy. Reused. A snapshot's thread reads
 * large values through {@link #chunks()}, not through their arena, which others change meanwhile.
 */
public final class Value {
    private static final byte[] NOTHING = {};
    private static final byte[][] NO_CHUNKS = {};
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private int encoding;
    private byte[] buffer = NOTHING;
    private int start;
    private int length;
    private @Nullable LargeValue large;
    private byte[][] chunks = NO_CHUNKS;

    /** Shows bytes: of a string, or of a packed value; eight of an integer. */
    public void setPacked(int newEncoding, byte[] bytes, int from, int count) {
        encoding = newEncoding;
        buffer = bytes;
        start = from;
        length = count;
        large = null;
        chunks = NO_CHUNKS;
    }

    /** Shows a large value and the arrays in which its blocks are. */
    public void setLarge(int newEncoding, LargeValue value, byte[][] arrays) {
        encoding = newEncoding;
        buffer = NOTHING;
        start = 0;
        length = 0;
        large = value;
        chunks = arrays;
    }

    public int encoding() {
        return encoding;
    }

    public Encoding.Type type() {
        return Encoding.type(encoding);
    }

    public byte[] buffer() {
        return buffer;
    }

    public int start() {
        return start;
    }

    public int length() {
        return length;
    }

    /** The large value, of an encoding that {@linkplain Encoding#isLargeValue has one}. */
    public LargeValue large() {
        if (large == null) {
            throw new IllegalStateException("the value is packed");
        }
        return large;
    }

    /** Sends the content to a sink. */
    public void sendTo(ValueSink sink) {
        switch (encoding) {
            case Encoding.INT -> {
                var text = new Element();
                text.setInteger((long) LONGS.get(buffer, start));
                sink.string(text.buffer(), text.offset(), text.length());
            }
            case Encoding.EMBSTR, Encoding.RAW, Encoding.LARGE -> sink.string(buffer, start, length);
            case Encoding.SET_INTS -> SetValue.sendIntegers(buffer, start, sink);
            case Encoding.SET_PACKED -> SetValue.sendPacked(buffer, start, sink);
            case Encoding.ZSET_PACKED, Encoding.ZSET_PACKED_LONG -> ZSetValue.sendPacked(buffer, start, sink);
            case Encoding.LIST_PACKED -> ListValue.sendPacked(buffer, start, sink);
            case Encoding.HASH_PACKED, Encoding.HASH_PACKED_LONG -> HashValue.sendPacked(buffer, start, sink);
            case Encoding.HASH_PACKED_EX, Encoding.HASH_PACKED_EX_LONG -> HashValue.sendExpiring(buffer, start, sink);
            default -> large().sendTo(chunks, sink);
        }
    }

    /** When the first field of a hash expires; -1 if none does. Walks a large hash. */
    public long firstFieldExpiry() {
        return switch (encoding) {
            case Encoding.HASH_PACKED_EX, Encoding.HASH_PACKED_EX_LONG -> HashValue.firstExpiry(buffer, start);
            case Encoding.HASH_TABLE_EX -> ((HashTable) large()).leastExpiry();
            default -> Table.NO_EXPIRY;
        };
    }

    /** The arrays that hold the blocks of a large value, by {@link io.redoubt.memory.Arena#chunkIndex}. */
    public byte[][] chunks() {
        return chunks;
    }
}
