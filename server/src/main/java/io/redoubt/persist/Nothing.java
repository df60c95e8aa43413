package io.redoubt.persist;

import io.redoubt.type.ValueSink;

/** Takes values and keeps nothing: for reading that only proves a file. */
class Nothing implements ValueSink {
    @Override
    public void string(byte[] bytes, int offset, int length) {}

    @Override
    public void set(long count) {}

    @Override
    public boolean element(byte[] bytes, int offset, int length) {
        return true;
    }
}
