package io.redoubt.pubsub;

import io.redoubt.memory.SipHash;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Bytes as the key of a map. What a map holds never changes; a name that is only looked up may be used again. */
final class Name {
    private byte[] buffer = {};
    private int offset;
    private int length;
    private int hash;

    /** Returns a name of its own for bytes that nobody changes. */
    static Name of(SipHash sip, byte[] bytes) {
        return new Name().set(sip, bytes, 0, bytes.length);
    }

    /** Becomes another name, to be looked up. */
    Name set(SipHash sip, byte[] newBuffer, int newOffset, int newLength) {
        buffer = newBuffer;
        offset = newOffset;
        length = newLength;
        hash = (int) sip.hash(newBuffer, newOffset, newLength);
        return this;
    }

    /** Returns the bytes of a name that was made by {@link #of}. */
    byte[] bytes() {
        return buffer;
    }

    @Override
    public int hashCode() {
        return hash;
    }

    @Override
    public boolean equals(@Nullable Object object) {
        return object instanceof Name other
                && hash == other.hash
                && Arrays.equals(
                        buffer, offset, offset + length, other.buffer, other.offset, other.offset + other.length);
    }
}
