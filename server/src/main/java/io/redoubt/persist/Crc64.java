package io.redoubt.persist;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The checksum of RDB files and DUMP payloads: CRC-64 with the Jones polynomial, reflected, start and final XOR 0.
 *
 * <p>Eight bytes are taken at a time: {@code TABLES[k][b]} is the effect that byte {@code b} has when {@code k} more
 * bytes follow it, and effects of different bytes are combined by XOR.
 */
public final class Crc64 {

    private static final long POLYNOMIAL_REFLECTED = Long.reverse(0xad93d23594c935a9L);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long[][] TABLES = tables();

    private Crc64() {}

    /**
     * Continues a checksum.
     *
     * @param crc 0 for the first piece, later the result of the previous one
     */
    public static long update(long crc, byte[] bytes, int offset, int length) {
        long sum = crc;
        int position = offset;
        int end = offset + length;
        long[] t0 = TABLES[0];
        if (length >= 8) {
            long[] t1 = TABLES[1];
            long[] t2 = TABLES[2];
            long[] t3 = TABLES[3];
            long[] t4 = TABLES[4];
            long[] t5 = TABLES[5];
            long[] t6 = TABLES[6];
            long[] t7 = TABLES[7];
            for (int last = end - 8; position <= last; position += 8) {
                long word = sum ^ (long) LONG.get(bytes, position);
                sum = t7[(int) word & 0xff]
                        ^ t6[(int) (word >>> 8) & 0xff]
                        ^ t5[(int) (word >>> 16) & 0xff]
                        ^ t4[(int) (word >>> 24) & 0xff]
                        ^ t3[(int) (word >>> 32) & 0xff]
                        ^ t2[(int) (word >>> 40) & 0xff]
                        ^ t1[(int) (word >>> 48) & 0xff]
                        ^ t0[(int) (word >>> 56)];
            }
        }
        for (; position < end; position++) {
            sum = (sum >>> 8) ^ t0[((int) sum ^ bytes[position]) & 0xff];
        }
        return sum;
    }

    private static long[][] tables() {
        long[][] tables = new long[8][256];
        for (int value = 0; value < 256; value++) {
            long sum = value;
            for (int bit = 0; bit < 8; bit++) {
                sum = (sum & 1) == 0 ? sum >>> 1 : (sum >>> 1) ^ POLYNOMIAL_REFLECTED;
            }
            tables[0][value] = sum;
        }
        for (int following = 1; following < 8; following++) {
            for (int value = 0; value < 256; value++) {
                long sum = tables[following - 1][value];
                tables[following][value] = (sum >>> 8) ^ tables[0][(int) sum & 0xff];
            }
        }
        return tables;
    }
}
