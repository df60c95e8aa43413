package io.redoubt.persist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class RdbReaderTest {

    private static final String NO_CHECKSUM = "0000000000000000";

    @Nested
    class What_the_writer_wrote {

        @Test
        void has_the_frozen_bytes() throws IOException {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            RdbWriter writer = new RdbWriter(out::write, true, true);
            writer.header();
            writer.aux("redis-bits", "64");
            writer.function(Samples.ascii("#!lua"));
            writer.selectDb(3);
            writer.resizeDb(2, 1);
            writer.idle(70);
            writer.key(
                    1_700_000_000_123L, Samples.ascii("_key_"), 1, 3, StringVisitor.value(Samples.ascii("..v"), 2, 1));
            writer.freq(255);
            writer.key(-1, Samples.ascii("7"), 0, 1, StringVisitor.value(-1234));
            writer.end();
            String contents = "524544495330303130" // REDIS0010
                    + "fa" + "0a72656469732d62697473" + "c040"
                    + "f5" + "0523216c7561"
                    + "fe03" + "fb0201"
                    + "fc" + "7b68e5cf8b010000" + "f84046" + "00" + "036b6579" + "0176"
                    + "f9ff" + "00" + "c007" + "c12efb"
                    + "ff";
            byte[] bytes = HexFormat.of().parseHex(contents);
            long crc = Long.reverseBytes(Crc64.update(0, bytes, 0, bytes.length));
            assertThat(HexFormat.of().formatHex(out.toByteArray()))
                    .isEqualTo(contents + HexFormat.of().toHexDigits(crc));
            assertThat(writer.writtenBytes()).isEqualTo(out.size());
            assertThat(events(out.toByteArray()))
                    .containsExactly(
                            "aux redis-bits 64",
                            "function #!lua",
                            "select 3",
                            "resize 2 1",
                            "3 key v 1700000000123 70 -1",
                            "3 7 -1234 -1 -1 255");
        }

        @Test
        void ends_with_zeros_when_checksums_are_off() throws IOException {
            byte[] file = file(1, false, false);
            assertThat(Arrays.copyOfRange(file, file.length - 8, file.length)).containsOnly(0);
            assertThat(events(file)).isNotEmpty();
        }

        @ParameterizedTest(name = "seed {0}")
        @ValueSource(longs = {1, 2, 3, 4, 5, 6})
        void is_read_back_whatever_the_size_of_the_buffers(long seed) throws IOException {
            SplittableRandom random = new SplittableRandom(seed);
            List<String> expected = new ArrayList<>();
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            RdbWriter writer = new RdbWriter(out::write, random.nextBoolean(), true, new Lzf(), 8 + random.nextInt(40));
            writer.header();
            for (int db = 0; db < 3; db++) {
                writer.selectDb(db);
                expected.add("select " + db);
                for (int i = 0; i < 60; i++) {
                    byte[] key = Samples.random(random, 40);
                    long expiryMillis = random.nextBoolean() ? -1 : random.nextLong(1L << 42);
                    byte[] value = Samples.random(random, 1 << random.nextInt(18));
                    if (random.nextInt(3) == 0) {
                        long number = random.nextLong() >> random.nextInt(64);
                        value = Samples.ascii(Long.toString(number));
                        writer.key(expiryMillis, key, 0, key.length, StringVisitor.value(number));
                    } else {
                        writer.key(expiryMillis, key, 0, key.length, StringVisitor.value(value, 0, value.length));
                    }
                    expected.add(db + " " + text(key) + " " + text(value) + " " + expiryMillis + " -1 -1");
                }
            }
            writer.end();
            byte[] file = out.toByteArray();
            List<String> events = new ArrayList<>();
            RdbReader reader = new RdbReader(new ByteArrayInputStream(file), true, 1 + random.nextInt(50));
            reader.read(new Recorder(events));
            assertThat(events).isEqualTo(expected);
            assertThat(reader.offset()).isEqualTo(file.length);
            assertThat(reader.version()).isEqualTo(10);
        }

        @Test
        void hands_back_what_was_read_too_far() throws IOException {
            byte[] file = file(2, true, true);
            byte[] longer = Arrays.copyOf(file, file.length + 5);
            longer[file.length] = 42;
            RdbReader reader = new RdbReader(new ByteArrayInputStream(longer), true);
            reader.read(new Recorder(new ArrayList<>()));
            assertThat(reader.leftover()).containsExactly(42, 0, 0, 0, 0);
            assertThat(reader.offset()).isEqualTo(file.length);
        }
    }

    @Nested
    class Damage {

        @Test
        void is_noticed_at_every_cut() throws IOException {
            byte[] file = file(3, true, true);
            for (int length = 0; length < file.length; length++) {
                byte[] cut = Arrays.copyOf(file, length);
                int end = length;
                assertThat(catchThrowable(() -> events(cut))).isInstanceOfSatisfying(RdbFormatException.class, e -> {
                    assertThat(e.offset()).isBetween(0L, (long) end);
                    assertThat(e.reason()).isEqualTo("ends too early");
                });
            }
        }

        @Test
        void is_noticed_for_every_changed_bit() throws IOException {
            byte[] file = file(4, true, true);
            for (int bit = 0; bit < file.length * 8; bit++) {
                byte[] changed = file.clone();
                changed[bit / 8] ^= (byte) (1 << bit % 8);
                assertThat(catchThrowable(() -> events(changed)))
                        .as("bit %d", bit)
                        .isInstanceOf(RdbException.class);
            }
        }

        @ParameterizedTest(name = "seed {0}")
        @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
        void without_a_checksum_ends_in_a_refusal_or_in_strings(long seed) throws IOException {
            SplittableRandom random = new SplittableRandom(seed);
            byte[] file = file(seed, true, false);
            for (int round = 0; round < 2000; round++) {
                byte[] changed = file.clone();
                for (int i = random.nextInt(4); i >= 0; i--) {
                    changed[9 + random.nextInt(file.length - 9)] = (byte) random.nextInt(256);
                }
                try {
                    new RdbReader(new ByteArrayInputStream(changed), false, 64).read(new Recorder(new ArrayList<>()));
                } catch (RdbException e) {
                    assertThat(e.offset()).isBetween(0L, (long) file.length);
                }
            }
        }

        @Test
        void in_the_form_of_a_claimed_length_takes_no_memory() {
            // The key claims 2^40 bytes, more than an array can have.
            assertRefused("00" + "810000010000000000" + "6161", "string claims 1099511627776 bytes");
            // It claims all an array can have: had it been allocated, the test's heap would not do.
            assertRefused("00" + "807fffffef" + "6161", "ends too early");
            assertRefused("00" + "808fffffff" + "6161", "string claims 2415919103 bytes");
            assertRefused("00" + "0161" + "c303807fffffef" + "006161", "compressed string claims 2147483631 bytes");
            assertRefused("00" + "0161" + "c3807fffffef807fffffef" + "006161", "ends too early");
            assertRefused("00" + "81ffffffffffffffff", "length 18446744073709551615");
        }

        @Test
        void long_strings_arrive_in_pieces() {
            long claimed = 1L << 30;
            byte[] start = HexFormat.of().parseHex("524544495330303130" + "00" + "8040000000");
            InputStream slow = new InputStream() {
                private int sent;

                @Override
                public int read() {
                    return sent < start.length ? start[sent++] & 0xff : sent++ < 300_000 ? 'x' : -1;
                }
            };
            long before = allocatedBytes();
            assertThatThrownBy(() -> new RdbReader(slow, true).read(new Recorder(new ArrayList<>())))
                    .isInstanceOf(RdbFormatException.class)
                    .hasMessageContaining("ends too early");
            assertThat(allocatedBytes() - before).isLessThan(claimed / 100);
        }

        @Test
        void has_a_reason_for_each_kind() {
            assertRefused("00" + "c4", "unknown string encoding 4");
            assertRefused("00" + "82", "byte 130 where a length belongs");
            assertRefused("00" + "0161" + "c3022c" + "0061", "compressed string is damaged");
            assertRefused("08", "unknown opcode or type 8");
            assertRefused("1a", "unknown opcode or type 26");
            assertRefused("f3", "unknown opcode or type 243");
            assertRefused("fe" + "80ffffffff", "database number 4294967295");
            assertRefused("fb" + "c001", "byte 192 where a length belongs");
            assertRefused("ff" + "0100000000000000", "RDB CRC error: it says 1, contents give eb7ea789fe37fda9");
        }

        private void assertRefused(String hex, String reason) {
            byte[] file = HexFormat.of().parseHex("524544495330303130" + hex);
            assertThat(catchThrowable(() -> events(file)))
                    .isInstanceOfSatisfying(
                            RdbFormatException.class,
                            e -> assertThat(e.reason()).isEqualTo(reason));
        }
    }

    @Nested
    class Versions {

        @Test
        void from_one_to_twelve_are_read_and_old_ones_have_no_checksum() throws IOException {
            for (int version = 1; version <= 12; version++) {
                String header = "REDIS%04d".formatted(version);
                byte[] end = HexFormat.of()
                        .parseHex("fd" + "01000000" + "00" + "0161" + "0162" + "ff" + (version < 5 ? "" : NO_CHECKSUM));
                assertThat(events(concat(Samples.ascii(header), end))).containsExactly("0 a b 1000 -1 -1");
            }
        }

        @Test
        void of_valkey_is_read_at_its_first_step() throws IOException {
            byte[] end = HexFormat.of().parseHex("00" + "0161" + "0162" + "ff" + NO_CHECKSUM);
            assertThat(events(concat(Samples.ascii("VALKEY080"), end))).containsExactly("0 a b -1 -1 -1");
        }

        @ParameterizedTest
        @ValueSource(strings = {"REDIS0000", "REDIS0013", "REDIS0080", "REDIS9999", "VALKEY081", "VALKEY011"})
        void beyond_are_refused(String header) {
            assertThatThrownBy(() -> events(Samples.ascii(header + "\u00ff")))
                    .isInstanceOf(UnsupportedRdbVersionException.class)
                    .hasMessageContaining(header);
        }

        @ParameterizedTest
        @ValueSource(strings = {"REDIS00x0", "REDIS-001", "redis0010", "VALKEY0 0", "*3\r\n$3\r\nS"})
        void need_a_header(String header) {
            assertThatThrownBy(() -> events(Samples.ascii(header)))
                    .isInstanceOf(RdbFormatException.class)
                    .hasMessageContaining("no RDB header");
        }
    }

    @Nested
    class Other_types {

        @Test
        void are_named_with_key_and_place_and_never_skipped() {
            for (int type = 1; type <= 25; type++) {
                if (type == 8 || RdbValues.isReadable(type)) {
                    continue; // 8 was never given out.
                }
                int number = type;
                byte[] file = concat(
                        Samples.ascii("REDIS0012"), new byte[] {(byte) 0xfe, 0, (byte) type, 3, 'a', '"', (byte) 0x80});
                assertThat(catchThrowable(() -> events(file)))
                        .isInstanceOfSatisfying(UnsupportedRdbTypeException.class, e -> {
                            assertThat(e.type()).isEqualTo(number);
                            assertThat(e.offset()).isEqualTo(11);
                            assertThat(e.key()).containsExactly('a', '"', 0x80);
                            assertThat(e).hasMessageContaining(e.typeName() + ") of key \"a\\\"\\x80\" at byte 11");
                        });
            }
        }

        @Test
        void include_module_data_and_unfinished_functions() {
            for (String hex : List.of("f7", "f6")) {
                byte[] file = concat(Samples.ascii("REDIS0010"), HexFormat.of().parseHex(hex));
                assertThatThrownBy(() -> events(file)).isInstanceOf(UnsupportedRdbTypeException.class);
            }
        }

        @Test
        void do_not_include_slot_info_which_is_ignored() throws IOException {
            byte[] rest = HexFormat.of().parseHex("f4" + "7fff" + "01" + "00" + "ff" + NO_CHECKSUM);
            assertThat(events(concat(Samples.ascii("REDIS0012"), rest))).isEmpty();
        }
    }

    /** Writes down what it is told. */
    record Recorder(List<String> events) implements StringVisitor {

        @Override
        public void aux(byte[] name, byte[] value) {
            events.add("aux " + text(name) + " " + text(value));
        }

        @Override
        public void selectDb(int db) {
            events.add("select " + db);
        }

        @Override
        public void resizeDb(long keyCount, long expiryCount) {
            events.add("resize " + keyCount + " " + expiryCount);
        }

        @Override
        public void string(int db, byte[] key, byte[] value, long expiryMillis, long idleSeconds, int frequency) {
            events.add(db + " " + text(key) + " " + text(value) + " " + expiryMillis + " " + idleSeconds + " "
                    + frequency);
        }

        @Override
        public void function(byte[] code) {
            events.add("function " + text(code));
        }
    }

    private static List<String> events(byte[] file) throws IOException {
        List<String> events = new ArrayList<>();
        new RdbReader(new ByteArrayInputStream(file), true, 512).read(new Recorder(events));
        return events;
    }

    /** A short file with something of everything. */
    private static byte[] file(long seed, boolean compress, boolean checksum) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        RdbWriter writer = new RdbWriter(out::write, compress, checksum);
        writer.header();
        writer.aux("redis-ver", "7.0.15");
        writer.function(Samples.ascii("#!lua name=l\n" + "x".repeat(60)));
        writer.selectDb(0);
        writer.resizeDb(8, 4);
        for (int i = 0; i < 8; i++) {
            byte[] key = Samples.random(random, 12);
            byte[] value = Samples.random(random, 100);
            writer.idle(i == 2 ? 100_000 : -1);
            writer.freq(i == 3 ? 5 : -1);
            writer.key(i % 2 == 0 ? -1 : 1L << 40, key, 0, key.length, StringVisitor.value(value, 0, value.length));
        }
        writer.key(-1, new byte[] {'n'}, 0, 1, StringVisitor.value(1L << 20));
        writer.end();
        return out.toByteArray();
    }

    private static byte[] concat(byte[] a, byte[] b) {
        byte[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    private static long allocatedBytes() {
        var threads = (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
        return threads.getCurrentThreadAllocatedBytes();
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
