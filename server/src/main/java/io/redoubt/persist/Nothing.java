package io.redoubt.persist;

import io.redoubt.type.Element;
import io.redoubt.type.StreamSink;
import io.redoubt.type.ValueSink;

/** Takes values and keeps nothing: for reading that only proves a file. */
class Nothing implements ValueSink {
    @Override
    public void string(byte[] bytes, int offset, int length) {}

    @Override
    public void set(long count) {}

    @Override
    public void list(long count) {}

    @Override
    public void hash(long count) {}

    @Override
    public void sortedSet(long count) {}

    @Override
    public StreamSink stream(long blocks) {
        return new NoEntries();
    }

    private static final class NoEntries implements StreamSink {
        @Override
        public boolean block(long ms, long seq, byte[] buffer, int start, int length) {
            return true;
        }

        @Override
        public boolean state(State state) {
            return true;
        }
    }

    @Override
    public boolean element(Element element) {
        return true;
    }

    @Override
    public boolean field(Element field, Element value, long expiryMillis) {
        return true;
    }

    @Override
    public boolean scored(double score, Element member) {
        return true;
    }
}
