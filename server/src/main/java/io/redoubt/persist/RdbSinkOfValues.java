package io.redoubt.persist;

import io.redoubt.type.Element;
import io.redoubt.type.StreamSink;
import io.redoubt.type.ValueSink;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Writes the pieces of a large value. The first failure ends the writing and is thrown by {@link #rethrow}. */
final class RdbSinkOfValues implements ValueSink, StreamSink {
    private final RdbWriter out;
    private final long firstExpiry;
    private @Nullable IOException failure;

    /**
     * @param firstExpiry when the first field of a hash expires: then each field is written with its time, counted from
     *     there; -1 if none does
     */
    RdbSinkOfValues(RdbWriter out, long firstExpiry) {
        this.out = out;
        this.firstExpiry = firstExpiry;
    }

    void rethrow() throws IOException {
        if (failure != null) {
            throw failure;
        }
    }

    /** Part of the writing, which may fail. */
    private interface Step {
        void write() throws IOException;
    }

    private void write(Step step) {
        if (failure == null) {
            try {
                step.write();
            } catch (IOException first) {
                failure = first;
            }
        }
    }

    private void length(long count) {
        write(() -> out.length(count));
    }

    private void number(long value) {
        write(() -> out.number(value));
    }

    @Override
    public void string(byte[] bytes, int offset, int length) {
        write(() -> out.string(bytes, offset, length));
    }

    @Override
    public void set(long count) {
        length(count);
    }

    @Override
    public void list(long count) {
        length(count);
    }

    @Override
    public void hash(long count) {
        length(count);
    }

    @Override
    public void sortedSet(long count) {
        length(count);
    }

    @Override
    public StreamSink stream(long blocks) {
        length(blocks);
        return this;
    }

    /** An ID is sixteen bytes, big endian. */
    @Override
    public boolean block(long ms, long seq, byte[] buffer, int start, int length) {
        string(ByteBuffer.allocate(16).putLong(ms).putLong(seq).array(), 0, 16);
        string(buffer, start, length);
        return true;
    }

    @Override
    public boolean state(State state) {
        length(state.count());
        number(state.lastMs());
        number(state.lastSeq());
        number(state.firstMs());
        number(state.firstSeq());
        number(state.deletedMs());
        number(state.deletedSeq());
        number(state.added());
        return true;
    }

    @Override
    public void groups(long count) {
        length(count);
    }

    @Override
    public boolean group(byte[] buffer, int from, int length, GroupState state) {
        string(buffer, from, length);
        number(state.lastMs());
        number(state.lastSeq());
        number(state.entriesRead());
        return true;
    }

    @Override
    public void pendingEntries(long count) {
        length(count);
    }

    /** An ID stands here without a length. */
    @Override
    public boolean pending(long ms, long seq, long deliveryMillis, long deliveries) {
        owned(ms, seq);
        write(() -> {
            out.putLong(deliveryMillis);
            out.number(deliveries);
        });
        return true;
    }

    @Override
    public void consumers(long count) {
        length(count);
    }

    @Override
    public boolean consumer(byte[] buffer, int from, int length, long seenMillis, long pendingCount) {
        string(buffer, from, length);
        write(() -> {
            out.putLong(seenMillis);
            out.length(pendingCount);
        });
        return true;
    }

    @Override
    public boolean owned(long ms, long seq) {
        write(() -> {
            out.putLong(Long.reverseBytes(ms));
            out.putLong(Long.reverseBytes(seq));
        });
        return true;
    }

    @Override
    public boolean endGroup() {
        return true;
    }

    @Override
    public boolean element(Element element) {
        string(element.buffer(), element.offset(), element.length());
        return true;
    }

    @Override
    public boolean field(Element field, Element value, long expiryMillis) {
        if (firstExpiry != RdbVisitor.NONE) {
            length(expiryMillis == RdbVisitor.NONE ? 0 : expiryMillis - firstExpiry + 1);
        }
        return element(field) && element(value);
    }

    /** A score is eight bytes, little endian, as in the format's second form of sorted sets. */
    @Override
    public boolean scored(double score, Element member) {
        element(member);
        write(() -> out.putLong(Double.doubleToRawLongBits(score)));
        return true;
    }
}
