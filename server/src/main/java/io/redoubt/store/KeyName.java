package io.redoubt.store;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A key as an object, where one has to be kept: its database and a copy of its bytes. Nothing on the hot path. */
public final class KeyName {
    private int database;
    private byte[] buffer;
    private int offset;
    private int length;
    private int hash;

    private KeyName(int database, byte[] buffer, int offset, int length) {
        this.database = database;
        this.buffer = buffer;
        this.offset = offset;
        this.length = length;
        hash = hash();
    }

    /** Copies the bytes of a key. */
    public static KeyName copyOf(int database, byte[] buffer, int offset, int length) {
        return new KeyName(database, Arrays.copyOfRange(buffer, offset, offset + length), 0, length);
    }

    /** A name that is pointed at bytes only to look something up; it must not be kept. */
    static KeyName probe() {
        return new KeyName(0, new byte[0], 0, 0);
    }

    KeyName pointAt(int newDatabase, byte[] bytes, int start, int size) {
        database = newDatabase;
        buffer = bytes;
        offset = start;
        length = size;
        hash = hash();
        return this;
    }

    private int hash() {
        int result = database;
        for (int i = 0; i < length; i++) {
            result = result * 31 + buffer[offset + i];
        }
        return result;
    }

    public int database() {
        return database;
    }

    /** The bytes of a copy, which nobody may change. */
    public byte[] bytes() {
        return buffer;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof KeyName key
                && key.hash == hash
                && key.database == database
                && Arrays.equals(key.buffer, key.offset, key.offset + key.length, buffer, offset, offset + length);
    }

    @Override
    public int hashCode() {
        return hash;
    }
}
