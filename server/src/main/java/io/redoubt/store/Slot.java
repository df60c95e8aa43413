package io.redoubt.store;

/** Cluster slots: CRC-16 (XMODEM) of the key or of its {@code {tag}}, modulo 16384. */
public final class Slot {
    public static final int COUNT = 16384;
    private static final short[] CRC = new short[256];

    static {
        for (int i = 0; i < 256; i++) {
            int crc = i << 8;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1;
            }
            CRC[i] = (short) crc;
        }
    }

    private Slot() {}

    /** Returns the slot of a key. */
    public static int of(byte[] key, int offset, int length) {
        int from = offset;
        int to = offset + length;
        for (int i = offset; i < to; i++) {
            if (key[i] == '{') {
                int close = i + 1;
                while (close < to && key[close] != '}') {
                    close++;
                }
                if (close < to && close > i + 1) {
                    from = i + 1;
                    to = close;
                }
                break;
            }
        }
        int crc = 0;
        for (int i = from; i < to; i++) {
            crc = crc << 8 ^ CRC[(crc >>> 8 ^ key[i]) & 0xFF];
        }
        return crc & COUNT - 1;
    }
}
