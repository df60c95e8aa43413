package io.redoubt.store;

import io.redoubt.resp.Decimal;
import io.redoubt.type.Element;
import io.redoubt.type.Encoding;
import io.redoubt.type.HashValue;
import io.redoubt.type.ListValue;
import io.redoubt.type.SetValue;
import io.redoubt.type.Stream;
import io.redoubt.type.StreamSink;
import io.redoubt.type.ValueSink;
import io.redoubt.type.ZSetValue;
import org.jspecify.annotations.Nullable;

/**
 * Builds a value for a key from its pieces, out of sight until {@link #attach}: for files, payloads, and copies. Ends
 * with {@link #attach} or {@link #discard}. One at a time, reused.
 */
public final class ValueLoader implements ValueSink {
    private static final byte[] NO_BYTES = {};
    private static final int PENDING_BYTES = 32;

    private final Keyspace keyspace;
    private final Entry entry = new Entry();
    private final SetValue set = new SetValue();
    private final ZSetValue sorted = new ZSetValue();
    private final HashValue hash = new HashValue();
    private final ListValue list = new ListValue();
    private @Nullable Unit unit;
    private int database;
    private byte[] key = NO_BYTES;
    private int keyOffset;
    private int keyLength;
    private boolean isString;
    private boolean isBuilding;
    private boolean isList;
    private byte[] string = NO_BYTES;
    private int stringOffset;
    private int stringLength;
    private long bytes;

    public ValueLoader(Keyspace keyspace) {
        this.keyspace = keyspace;
    }

    /** Begins the value of a key. The caller is inside its shard until the end. */
    public void begin(Unit newUnit, int newDatabase, byte[] newKey, int offset, int length) {
        unit = newUnit;
        database = newDatabase;
        key = newKey;
        keyOffset = offset;
        keyLength = length;
        isString = false;
        isBuilding = false;
        isList = false;
        bytes = length;
    }

    /** Size of the key and of the elements that the last value has got. */
    public long bytes() {
        return bytes;
    }

    private Unit unit() {
        if (unit == null) {
            throw new IllegalStateException("no key is being loaded");
        }
        return unit;
    }

    private Entry create() {
        keyspace.createDetached(unit(), database, key, keyOffset, keyLength, Encoding.RAW, 0, entry);
        isBuilding = true;
        return entry;
    }

    /** Puts the value in its place; what the key held before is gone. */
    public void attach(long expiryMillis) {
        if (isString) {
            attachString(expiryMillis);
        } else if (isBuilding) {
            keyspace.attach(unit(), entry, expiryMillis);
        } else {
            throw new IllegalStateException("there is no value");
        }
        end();
    }

    private void attachString(long expiryMillis) {
        if (stringLength <= Decimal.LONG_BYTES_MAX && Decimal.isLong(string, stringOffset, stringLength)) {
            long number = Decimal.parseLong(string, stringOffset, stringLength, 0);
            keyspace.setInteger(unit(), database, key, keyOffset, keyLength, number, expiryMillis);
            return;
        }
        int encoding = stringLength <= Encoding.EMBSTR_MAX ? Encoding.EMBSTR : Encoding.RAW;
        keyspace.setString(
                unit(),
                database,
                key,
                keyOffset,
                keyLength,
                encoding,
                string,
                stringOffset,
                stringLength,
                expiryMillis);
    }

    /** Drops what has been built. */
    public void discard() {
        if (isBuilding) {
            keyspace.discard(unit(), entry);
        }
        end();
    }

    private void end() {
        isString = false;
        isBuilding = false;
        string = NO_BYTES;
        unit = null;
    }

    // ---- The pieces ----

    @Override
    public void string(byte[] value, int offset, int length) {
        isString = true;
        bytes += length;
        string = value;
        stringOffset = offset;
        stringLength = length;
    }

    @Override
    public void set(long count) {
        set.bindNew(create());
    }

    @Override
    public void list(long count) {
        list.bindNew(create());
        isList = true;
    }

    @Override
    public void hash(long count) {
        hash.bindNew(create());
    }

    @Override
    public void sortedSet(long count) {
        sorted.bindNew(create()).expect(count, 0);
    }

    @Override
    public StreamSink stream(long blocks) {
        var place = create();
        var stream = new Stream(place.arena());
        place.enlarge(Encoding.STREAM, stream);
        var loader = stream.loader();
        return new CountingStreamSink(loader);
    }

    /** Counts the bytes of what it hands on. */
    private final class CountingStreamSink implements StreamSink {
        private final StreamSink target;

        CountingStreamSink(StreamSink target) {
            this.target = target;
        }

        @Override
        public boolean block(long ms, long seq, byte[] buffer, int start, int length) {
            bytes += length;
            return target.block(ms, seq, buffer, start, length);
        }

        @Override
        public boolean state(State state) {
            return target.state(state);
        }

        @Override
        public void groups(long count) {
            target.groups(count);
        }

        @Override
        public boolean group(byte[] buffer, int from, int length, GroupState state) {
            bytes += length;
            return target.group(buffer, from, length, state);
        }

        @Override
        public void pendingEntries(long count) {
            target.pendingEntries(count);
        }

        @Override
        public boolean pending(long ms, long seq, long deliveryMillis, long deliveries) {
            bytes += PENDING_BYTES;
            return target.pending(ms, seq, deliveryMillis, deliveries);
        }

        @Override
        public void consumers(long count) {
            target.consumers(count);
        }

        @Override
        public boolean consumer(byte[] buffer, int from, int length, long seenMillis, long pendingCount) {
            bytes += length;
            return target.consumer(buffer, from, length, seenMillis, pendingCount);
        }

        @Override
        public boolean owned(long ms, long seq) {
            return target.owned(ms, seq);
        }

        @Override
        public boolean endGroup() {
            return target.endGroup();
        }
    }

    @Override
    public boolean element(Element element) {
        bytes += element.length();
        if (isList) {
            list.push(element, false);
            return true;
        }
        return set.add(element);
    }

    @Override
    public boolean field(Element field, Element value, long expiryMillis) {
        bytes += field.length() + (long) value.length();
        boolean isNew = hash.put(field, value);
        if (expiryMillis != Keyspace.NO_EXPIRY) {
            hash.setExpiry(field, expiryMillis);
        }
        return isNew;
    }

    @Override
    public boolean scored(double score, Element member) {
        bytes += member.length() + 8;
        return !Double.isNaN(score) && sorted.put(score, member);
    }
}
