package io.redoubt.type;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ListpackTest {
    /** Lengths on both sides of each border of an encoding, or of the size behind an element. */
    private static final int[] LENGTHS = {
        0, 1, 2, 20, 21, 62, 63, 64, 65, 125, 126, 127, 128, 4094, 4095, 4096, 4097, 16376, 16377, 16378, 16379, 16383
    };

    private static final long[] NUMBERS = {
        0,
        1,
        127,
        128,
        -1,
        4095,
        4096,
        -4096,
        -4097,
        32767,
        32768,
        -32768,
        -32769,
        8388607,
        8388608,
        -8388608,
        -8388609,
        Integer.MAX_VALUE,
        Integer.MAX_VALUE + 1L,
        Integer.MIN_VALUE,
        Integer.MIN_VALUE - 1L,
        Long.MAX_VALUE,
        Long.MIN_VALUE
    };

    /** Bytes in an array of their own, which moves at each change so that nobody can keep a reference. */
    private static final class ArrayHome implements PackedHome {
        private byte[] bytes = new byte[0];
        private int start;
        private int length;

        private static ArrayHome empty() {
            var home = new ArrayHome();
            home.splice(0, 0, Listpack.EMPTY_BYTES);
            Listpack.writeEmpty(home.bytes, home.start);
            return home;
        }

        @Override
        public byte[] buffer() {
            return bytes;
        }

        @Override
        public int start() {
            return start;
        }

        @Override
        public int length() {
            return length;
        }

        @Override
        public void splice(int offset, int removed, int added) {
            int newLength = length - removed + added;
            int newStart = start == 3 ? 5 : 3;
            byte[] moved = new byte[newStart + newLength + 9];
            Arrays.fill(moved, (byte) 0xDB);
            System.arraycopy(bytes, start, moved, newStart, offset);
            System.arraycopy(
                    bytes, start + offset + removed, moved, newStart + offset + added, length - offset - removed);
            Arrays.fill(bytes, (byte) 0xDB);
            bytes = moved;
            start = newStart;
            length = newLength;
        }
    }

    private static Element element(byte[] bytes) {
        var element = new Element();
        element.set(bytes, 0, bytes.length);
        return element;
    }

    private static byte[] randomBytes(SplittableRandom random) {
        if (random.nextInt(3) == 0) {
            long number = NUMBERS[random.nextInt(NUMBERS.length)] + random.nextInt(3) - 1;
            return Long.toString(number).getBytes(StandardCharsets.ISO_8859_1);
        }
        byte[] bytes = new byte[LENGTHS[random.nextInt(random.nextInt(20) == 0 ? LENGTHS.length : 13)]];
        int letters = random.nextInt(2) == 0 ? 256 : 2;
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (letters == 2 ? '0' + random.nextInt(2) : random.nextInt(256));
        }
        return bytes;
    }

    private static List<byte[]> read(byte[] buffer, int start) {
        List<byte[]> elements = new ArrayList<>();
        var element = new Element();
        for (int at = Listpack.first(buffer, start); at != Listpack.NONE; at = Listpack.next(buffer, start, at)) {
            Listpack.get(buffer, start, at, element);
            elements.add(element.toBytes());
        }
        return elements;
    }

    private static void requireSame(ArrayHome home, List<byte[]> model) {
        byte[] buffer = home.buffer();
        int start = home.start();
        assertThat(Listpack.validate(buffer, start, home.length())).isEqualTo(model.size());
        assertThat(Listpack.count(buffer, start)).isEqualTo(model.size());
        assertThat(Listpack.bytes(buffer, start)).isEqualTo(home.length());
        assertThat(read(buffer, start)).usingElementComparator(Arrays::compare).isEqualTo(model);
        List<byte[]> backwards = new ArrayList<>();
        var element = new Element();
        for (int at = Listpack.last(buffer, start); at != Listpack.NONE; at = Listpack.previous(buffer, start, at)) {
            Listpack.get(buffer, start, at, element);
            backwards.add(element.toBytes());
        }
        assertThat(backwards.reversed()).usingElementComparator(Arrays::compare).isEqualTo(model);
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void does_what_a_list_does(long seed) {
        var random = new SplittableRandom(seed);
        var home = ArrayHome.empty();
        List<byte[]> model = new ArrayList<>();
        for (int step = 0; step < 3_000; step++) {
            int size = model.size();
            int index = random.nextInt(size + 1);
            int at = index == size ? home.length() - 1 : Listpack.at(home.buffer(), home.start(), index);
            byte[] bytes = randomBytes(random);
            switch (random.nextInt(size < 40 ? 5 : 6)) {
                case 0, 1 -> {
                    Listpack.insert(home, at, element(bytes));
                    model.add(index, bytes);
                }
                case 2 -> {
                    byte[] second = randomBytes(random);
                    Listpack.append(home, element(bytes), element(second));
                    model.add(bytes);
                    model.add(second);
                }
                case 3 -> {
                    if (index < size) {
                        Listpack.replace(home, at, element(bytes));
                        model.set(index, bytes);
                    }
                }
                case 4 -> requireFound(home, model, size == 0 ? bytes : model.get(index % size));
                default -> {
                    int removed = Math.min(size - index, random.nextInt(size));
                    Listpack.remove(home, at, removed);
                    model.subList(index, index + removed).clear();
                }
            }
            requireSame(home, model);
        }
    }

    private static void requireFound(ArrayHome home, List<byte[]> model, byte[] wanted) {
        int expected = Listpack.NONE;
        for (int i = model.size() - 1; i >= 0; i--) {
            expected = Arrays.equals(model.get(i), wanted) ? i : expected;
        }
        byte[] buffer = home.buffer();
        int start = home.start();
        int found = Listpack.find(buffer, start, Listpack.first(buffer, start), 1, element(wanted));
        assertThat(found)
                .isEqualTo(expected == Listpack.NONE ? Listpack.NONE : Listpack.at(buffer, start, expected))
                .isEqualTo(
                        expected == Listpack.NONE
                                ? Listpack.NONE
                                : Listpack.at(buffer, start, expected - model.size()));
    }

    @Test
    void keeps_every_number_and_length_at_the_borders() {
        var home = ArrayHome.empty();
        List<byte[]> model = new ArrayList<>();
        for (long number : NUMBERS) {
            model.add(Long.toString(number).getBytes(StandardCharsets.ISO_8859_1));
        }
        for (int length : LENGTHS) {
            byte[] bytes = new byte[length];
            Arrays.fill(bytes, (byte) 0xFF);
            model.add(bytes);
        }
        model.add(new byte[(1 << 21) - 10]);
        model.add(new byte[1 << 21]);
        for (String text :
                List.of("-0", "00", "+1", " 1", "1 ", "9223372036854775808", "-9223372036854775809", "1e3")) {
            model.add(text.getBytes(StandardCharsets.ISO_8859_1));
        }
        for (byte[] bytes : model) {
            Listpack.append(home, element(bytes), null);
        }
        requireSame(home, model);
    }

    @Test
    void counts_beyond_what_the_header_can_say() {
        int size = 65_540;
        byte[] buffer = new byte[Listpack.EMPTY_BYTES + 2 * size];
        var element = new Element();
        int from = 6;
        for (int i = 0; i < size; i++) {
            element.setInteger(i % 100);
            from = Listpack.write(buffer, from, element);
        }
        Listpack.writeEnd(buffer, 0, from, size);
        var home = new ArrayHome();
        home.splice(0, 0, buffer.length);
        System.arraycopy(buffer, 0, home.buffer(), home.start(), buffer.length);
        assertThat(Listpack.count(home.buffer(), home.start())).isEqualTo(size);
        while (size > 65_530) {
            Listpack.remove(home, Listpack.at(home.buffer(), home.start(), 7), 1);
            size--;
            assertThat(Listpack.count(home.buffer(), home.start())).isEqualTo(size);
            assertThat(Listpack.validate(home.buffer(), home.start(), home.length()))
                    .isEqualTo(size);
        }
        while (size < 65_537) {
            Listpack.append(home, element, size % 2 == 0 ? element : null);
            size += size % 2 == 0 ? 2 : 1;
            assertThat(Listpack.count(home.buffer(), home.start())).isEqualTo(size);
            assertThat(Listpack.at(home.buffer(), home.start(), size - 1))
                    .isEqualTo(Listpack.last(home.buffer(), home.start()));
        }
    }

    /** What validate lets pass must never lead a method out of the array, which ends where the bytes end. */
    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void refuses_damaged_bytes_or_can_be_read_to_the_end(long seed) {
        var random = new SplittableRandom(seed);
        int passed = 0;
        for (int round = 0; round < 30_000; round++) {
            var home = ArrayHome.empty();
            for (int i = random.nextInt(6); i >= 0; i--) {
                byte[] bytes = randomBytes(random);
                Listpack.append(home, element(Arrays.copyOf(bytes, Math.min(bytes.length, 200))), null);
            }
            byte[] damaged = Arrays.copyOfRange(home.buffer(), home.start(), home.start() + home.length());
            for (int i = random.nextInt(4); i >= 0; i--) {
                int at = random.nextInt(damaged.length);
                damaged[at] =
                        (byte) (random.nextBoolean() ? random.nextInt(256) : damaged[at] ^ 1 << random.nextInt(8));
            }
            if (random.nextInt(4) == 0) {
                damaged = Arrays.copyOf(damaged, random.nextInt(damaged.length + 1));
            }
            int count = Listpack.validate(damaged, 0, damaged.length);
            if (count >= 0) {
                passed++;
                List<byte[]> elements = read(damaged, 0);
                assertThat(elements).hasSize(count);
                for (int i = 0; i < count; i++) {
                    int at = Listpack.at(damaged, 0, i - count);
                    assertThat(at).isEqualTo(Listpack.at(damaged, 0, i));
                    assertThat(Listpack.matches(damaged, 0, at, element(elements.get(i))))
                            .isTrue();
                }
            }
        }
        assertThat(passed).isGreaterThan(100);
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void sets_of_integers_do_what_a_sorted_set_does(long seed) {
        var random = new SplittableRandom(seed);
        var home = new ArrayHome();
        home.splice(0, 0, IntSet.HEADER_BYTES);
        IntSet.writeEmpty(home.buffer(), home.start());
        var model = new java.util.TreeSet<Long>();
        for (int step = 0; step < 2_000; step++) {
            // Wider integers come later.
            int width = step < 500 ? 8 : step < 1_000 ? 12 : NUMBERS.length;
            long value = NUMBERS[random.nextInt(width)] + random.nextInt(7) - 3;
            int index = IntSet.find(home.buffer(), home.start(), value);
            assertThat(index >= 0).isEqualTo(model.contains(value));
            if (index < 0) {
                IntSet.insert(home, -1 - index, value);
                model.add(value);
            } else if (random.nextInt(3) == 0) {
                IntSet.remove(home, index);
                model.remove(value);
            }
            assertThat(IntSet.count(home.buffer(), home.start())).isEqualTo(model.size());
            int i = 0;
            for (long expected : model) {
                assertThat(IntSet.get(home.buffer(), home.start(), i++)).isEqualTo(expected);
            }
            assertThat(IntSet.isValid(home.buffer(), home.start(), home.length()))
                    .isEqualTo(!model.isEmpty());
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2})
    void refuses_damaged_sets_of_integers(long seed) {
        var random = new SplittableRandom(seed);
        for (int round = 0; round < 20_000; round++) {
            byte[] bytes = new byte[random.nextInt(60)];
            random.nextBytes(bytes);
            if (bytes.length >= IntSet.HEADER_BYTES) {
                Arrays.fill(bytes, 0, IntSet.HEADER_BYTES, (byte) 0);
                bytes[0] = (byte) (random.nextInt(20) == 0 ? random.nextInt(256) : 2 << random.nextInt(3));
                bytes[4] = (byte) ((bytes.length - 8) / Math.max(1, bytes[0]) + random.nextInt(3) - 1);
                bytes[7] = (byte) (random.nextInt(10) == 0 ? random.nextInt(256) : 0);
            }
            if (IntSet.isValid(bytes, 0, bytes.length)) {
                int count = IntSet.count(bytes, 0);
                for (int i = 0; i < count; i++) {
                    assertThat(IntSet.find(bytes, 0, IntSet.get(bytes, 0, i))).isEqualTo(i);
                }
            }
        }
    }
}
