package io.redoubt.persist;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.persist.DumpPayload.Reason;
import java.util.Arrays;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class DumpPayloadTest {

    @Test
    void gives_the_bodies_that_redis_gives() {
        assertThat(body("12")).isEqualTo("00c00c");
        assertThat(body("-1234")).isEqualTo("00c12efb");
        assertThat(body("123456")).isEqualTo("00c240e20100");
        assertThat(body("12345678901")).isEqualTo("000b3132333435363738393031");
        assertThat(body("a".repeat(40))).isEqualTo("00c30928016161e01b00016161");
        assertThat(body("a".repeat(20))).isEqualTo("0014" + "61".repeat(20));
    }

    @Test
    void ends_with_version_ten_and_the_checksum() {
        byte[] payload = DumpPayload.encode(StringVisitor.value(12), true);
        assertThat(HexFormat.of().formatHex(payload, 3, 5)).isEqualTo("0a00");
        assertThat(payload).hasSize(13).isEqualTo(encode("12", true));
    }

    @Test
    void gives_back_every_shape_of_string() {
        for (byte[] value : Samples.borders()) {
            for (boolean compress : new boolean[] {true, false}) {
                byte[] payload = DumpPayload.encode(StringVisitor.value(value, 0, value.length), compress);
                assertThat(string(payload, 0, payload.length, DumpPayload.VERSION))
                        .isEqualTo(value);
            }
        }
    }

    @Test
    void gives_integers_as_their_digits() {
        for (long value : new long[] {0, -1, 127, 128, -129, 1L << 40, Long.MIN_VALUE, Long.MAX_VALUE}) {
            byte[] digits = Samples.ascii(Long.toString(value));
            assertThat(DumpPayload.encode(StringVisitor.value(value), true))
                    .isEqualTo(DumpPayload.encode(StringVisitor.value(digits, 0, digits.length), false));
        }
    }

    @Test
    void refuses_any_changed_bit_and_any_cut() {
        byte[] payload = encode("a".repeat(40), true);
        for (int bit = 0; bit < payload.length * 8; bit++) {
            byte[] changed = payload.clone();
            changed[bit / 8] ^= (byte) (1 << bit % 8);
            assertRefused(changed, Reason.VERSION_OR_CHECKSUM);
        }
        for (int length = 0; length < payload.length; length++) {
            assertRefused(Arrays.copyOf(payload, length), Reason.VERSION_OR_CHECKSUM);
        }
    }

    @Test
    void refuses_a_later_version_and_takes_an_earlier_one() {
        assertRefused(sealed("00c00c", 11), Reason.VERSION_OR_CHECKSUM);
        assertThat(decode(sealed("00c00c", 6))).isNull();
        byte[] later = sealed("00c00c", 11);
        assertThat(string(later, 0, later.length, 12)).isEqualTo(Samples.ascii("12"));
    }

    @Test
    void refuses_what_is_sealed_but_no_string() {
        assertRefused(sealed("", 10), Reason.BAD_FORMAT);
        assertRefused(sealed("00", 10), Reason.BAD_FORMAT);
        assertRefused(sealed("0005616263", 10), Reason.BAD_FORMAT);
        assertRefused(sealed("00810000010000000000616263", 10), Reason.BAD_FORMAT);
        assertRefused(sealed("00c4", 10), Reason.BAD_FORMAT);
        assertRefused(sealed("00c3022800610000", 10), Reason.BAD_FORMAT);
        assertRefused(sealed("0800", 10), Reason.BAD_FORMAT);
        assertRefused(sealed("ff00", 10), Reason.BAD_FORMAT);
    }

    private static void assertRefused(byte[] payload, Reason reason) {
        assertThat(decode(payload)).isEqualTo(reason);
    }

    private static @Nullable Reason decode(byte[] payload) {
        byte[] shifted = new byte[payload.length + 5];
        System.arraycopy(payload, 0, shifted, 2, payload.length);
        var refusal = DumpPayload.decode(shifted, 2, payload.length, DumpPayload.VERSION, true, RdbVisitor.NOTHING);
        return refusal == null ? null : refusal.reason();
    }

    /** The string in a payload that is not refused. */
    static byte[] string(byte[] payload, int offset, int length, int versionMax) {
        var kept = new byte[1][];
        var refusal = DumpPayload.decode(payload, offset, length, versionMax, true, new StringVisitor.Strings() {
            @Override
            public void string(byte[] bytes, int from, int count) {
                kept[0] = Arrays.copyOfRange(bytes, from, from + count);
            }
        });
        assertThat(refusal).isNull();
        return kept[0];
    }

    private static byte[] encode(String text, boolean compress) {
        byte[] value = Samples.ascii("xx" + text);
        return DumpPayload.encode(StringVisitor.value(value, 2, value.length - 2), compress);
    }

    private static String body(String text) {
        byte[] payload = encode(text, true);
        return HexFormat.of().formatHex(payload, 0, payload.length - 10);
    }

    /** A payload with the given body, whatever it is, and a right footer. */
    static byte[] sealed(String bodyHex, int version) {
        byte[] body = HexFormat.of().parseHex(bodyHex);
        byte[] payload = Arrays.copyOf(body, body.length + 10);
        payload[body.length] = (byte) version;
        long crc = Crc64.update(0, payload, 0, body.length + 2);
        for (int i = 0; i < 8; i++) {
            payload[body.length + 2 + i] = (byte) (crc >>> 8 * i);
        }
        return payload;
    }
}
