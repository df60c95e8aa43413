package io.redoubt.persist;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Strings of the shapes that matter to the codec. */
final class Samples {

    private Samples() {}

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Integers around every border of an encoding, what only looks like one, and lengths around every border. */
    static List<byte[]> borders() {
        List<byte[]> all = new ArrayList<>();
        for (int bits : new int[] {0, 7, 8, 15, 16, 31, 32, 62}) {
            for (long near = -2; near <= 2; near++) {
                all.add(ascii(Long.toString((1L << bits) + near)));
                all.add(ascii(Long.toString(-(1L << bits) + near)));
            }
        }
        for (String text : List.of(
                "",
                "-",
                "-0",
                "00",
                "01",
                "+1",
                " 1",
                "1 ",
                "1.0",
                "-01",
                "12345678901",
                "9223372036854775807",
                "-9223372036854775808",
                "-2147483648",
                "99999999999",
                "-9999999999",
                "1e3",
                "\0",
                "\u00ff\u0000x")) {
            all.add(ascii(text));
        }
        for (int length : new int[] {
            1, 19, 20, 21, 22, 23, 24, 25, 26, 40, 44, 45, 63, 64, 65, 263, 264, 265, 266, 267, 268, 300, 8191, 8192,
            8193, 8200, 16383, 16384, 16385, 65535, 65536, 65537, 200_000
        }) {
            byte[] same = new byte[length];
            Arrays.fill(same, (byte) 'a');
            all.add(same);
            byte[] noise = new byte[length];
            new SplittableRandom(length).nextBytes(noise);
            all.add(noise);
            byte[] period = new byte[length];
            for (int i = 0; i < length; i++) {
                period[i] = (byte) ('a' + i % 23);
            }
            all.add(period);
        }
        return all;
    }

    /** A string, compressible to a random degree. */
    static byte[] random(SplittableRandom random, int lengthMax) {
        byte[] bytes = new byte[random.nextInt(lengthMax + 1)];
        int symbols = 1 + random.nextInt(1 << random.nextInt(9));
        for (int i = 0; i < bytes.length; i++) {
            if (i > 3 && random.nextInt(10) == 0) {
                int from = random.nextInt(i);
                int count = Math.min(random.nextInt(400), bytes.length - i);
                for (int j = 0; j < count; j++) {
                    bytes[i + j] = bytes[from + j];
                }
                i += Math.max(0, count - 1);
            } else {
                bytes[i] = (byte) random.nextInt(symbols);
            }
        }
        return bytes;
    }
}
