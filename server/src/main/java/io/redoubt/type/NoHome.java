package io.redoubt.type;

import io.redoubt.memory.Arena;

/** What a flyweight is bound to before its first use. */
enum NoHome implements Home {
    INSTANCE;

    private static IllegalStateException unbound() {
        return new IllegalStateException("no value is bound");
    }

    @Override
    public int encoding() {
        throw unbound();
    }

    @Override
    public void setEncoding(int encoding) {
        throw unbound();
    }

    @Override
    public LargeValue large() {
        throw unbound();
    }

    @Override
    public LargeValue writableLarge() {
        throw unbound();
    }

    @Override
    public void enlarge(int encoding, LargeValue value) {
        throw unbound();
    }

    @Override
    public void pack(int encoding, int length) {
        throw unbound();
    }

    @Override
    public Arena arena() {
        throw unbound();
    }

    @Override
    public int hash(byte[] bytes, int offset, int length) {
        throw unbound();
    }

    @Override
    public Thresholds thresholds() {
        throw unbound();
    }

    @Override
    public byte[] buffer() {
        throw unbound();
    }

    @Override
    public int start() {
        throw unbound();
    }

    @Override
    public int length() {
        throw unbound();
    }

    @Override
    public void splice(int offset, int removed, int added) {
        throw unbound();
    }
}
