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
    private @Nullable IOException failure;

    RdbSinkOfValues(RdbWriter out) {
        this.out = out;
    }

    void rethrow() throws IOException {
        if (failure != null) {
            throw failure;
        }
    }

    private void length(long count) {
        if (failure == null) {
            try {
                out.length(count);
            } catch (IOException first) {
                failure = first;
            }
        }
    }

    private void number(long value) {
        if (failure == null) {
            try {
                out.number(value);
            } catch (IOException first) {
                failure = first;
            }
        }
    }

    @Override
    public void string(byte[] bytes, int offset, int length) {
        if (failure == null) {
            try {
                out.string(bytes, offset, length);
            } catch (IOException first) {
                failure = first;
            }
        }
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
        length(0); // Consumer groups.
        return true;
    }

    @Override
    public boolean element(Element element) {
        string(element.buffer(), element.offset(), element.length());
        return true;
    }

    @Override
    public boolean field(Element field, Element value, long expiryMillis) {
        return element(field) && element(value);
    }

    /** A score is eight bytes, little endian, as in the format's second form of sorted sets. */
    @Override
    public boolean scored(double score, Element member) {
        element(member);
        if (failure == null) {
            try {
                out.putLong(Double.doubleToRawLongBits(score));
            } catch (IOException first) {
                failure = first;
            }
        }
        return true;
    }
}
