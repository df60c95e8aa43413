package io.redoubt.persist;

import io.redoubt.type.Encoding;
import io.redoubt.type.Value;
import io.redoubt.type.ValueSink;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/** For tests of files that hold strings only. */
public interface StringVisitor extends RdbVisitor {
    void string(int db, byte[] key, byte[] value, long expiryMillis, long idleSeconds, int frequency)
            throws IOException;

    @Override
    default ValueSink beginValue(int db, byte[] key, long expiryMillis, long idleSeconds, int frequency) {
        return new Strings() {
            @Override
            public void string(byte[] bytes, int offset, int length) {
                try {
                    StringVisitor.this.string(
                            db,
                            key,
                            Arrays.copyOfRange(bytes, offset, offset + length),
                            expiryMillis,
                            idleSeconds,
                            frequency);
                } catch (IOException failure) {
                    throw new java.io.UncheckedIOException(failure);
                }
            }
        };
    }

    @Override
    default void endValue() {}

    @Override
    default void emptyValue(byte[] key) {}

    /** Takes a string, and nothing of anything else. */
    abstract class Strings extends Nothing {}

    /** A string as it stands in the keyspace. */
    static Value value(byte[] bytes, int offset, int length) {
        var value = new Value();
        value.setPacked(Encoding.RAW, bytes, offset, length);
        return value;
    }

    /** An integer as it stands in the keyspace. */
    static Value value(long number) {
        VarHandle longs = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
        byte[] bytes = new byte[8];
        longs.set(bytes, 0, number);
        var value = new Value();
        value.setPacked(Encoding.INT, bytes, 0, 8);
        return value;
    }
}
