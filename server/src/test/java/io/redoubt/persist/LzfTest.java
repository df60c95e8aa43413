package io.redoubt.persist;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class LzfTest {

    private final Lzf lzf = new Lzf();

    @Test
    void makes_of_forty_equal_bytes_what_redis_makes() {
        byte[] out = new byte[36];
        int length = lzf.compress(Samples.ascii("a".repeat(40)), 0, 40, out, 0, 36);
        assertThat(HexFormat.of().formatHex(out, 0, length)).isEqualTo("016161e01b00016161");
    }

    @Test
    void gives_up_when_the_result_does_not_fit() {
        byte[] noise = new byte[1000];
        new SplittableRandom(1).nextBytes(noise);
        assertThat(lzf.compress(noise, 0, 1000, new byte[996], 0, 996)).isZero();
        for (int room = 0; room < 12; room++) {
            byte[] out = new byte[room + 1];
            lzf.compress(Samples.ascii("a".repeat(40)), 0, 40, out, 0, room);
            assertThat(out[room]).as("the byte behind room for %d", room).isZero();
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void gives_back_what_it_took_and_never_depends_on_earlier_strings(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int round = 0; round < 300; round++) {
            byte[] in = Samples.random(random, 1 << random.nextInt(15));
            int margin = random.nextInt(5);
            byte[] shifted = new byte[in.length + 2 * margin];
            System.arraycopy(in, 0, shifted, margin, in.length);
            byte[] out = new byte[2 * in.length + 50];
            int length = lzf.compress(shifted, margin, in.length, out, 3, out.length - 3);
            byte[] fresh = new byte[out.length];
            assertThat(new Lzf().compress(in, 0, in.length, fresh, 3, out.length - 3))
                    .isEqualTo(length);
            assertThat(fresh).isEqualTo(out);
            byte[] back = new byte[in.length + 2];
            assertThat(Lzf.decompress(out, 3, length, back, 1, in.length)).isTrue();
            assertThat(Arrays.copyOfRange(back, 1, 1 + in.length)).isEqualTo(in);
            assertThat(in.length).isLessThanOrEqualTo(Math.max(1, length) * Lzf.EXPANSION_MAX);
        }
    }

    @Test
    void refuses_damage() {
        assertThat(decompresses("", 1)).as("too little").isFalse();
        assertThat(decompresses("0161", 2)).as("a run cut off").isFalse();
        assertThat(decompresses("00612000", 4)).as("gives three and one").isTrue();
        assertThat(decompresses("00612000", 3)).as("more than asked").isFalse();
        assertThat(decompresses("00612000", 5)).as("less than asked").isFalse();
        assertThat(decompresses("00612001", 4)).as("copy from before the start").isFalse();
        assertThat(decompresses("006120", 4)).as("no distance").isFalse();
        assertThat(decompresses("0061e0", 10)).as("no long length").isFalse();
        assertThat(decompresses("0061e000", 10))
                .as("no distance after a long length")
                .isFalse();
    }

    private static boolean decompresses(String hex, int length) {
        byte[] in = HexFormat.of().parseHex(hex);
        return Lzf.decompress(in, 0, in.length, new byte[length], 0, length);
    }
}
