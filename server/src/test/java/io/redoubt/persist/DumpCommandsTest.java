package io.redoubt.persist;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.command.KeyServer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class DumpCommandsTest {
    private final List<String> log = new ArrayList<>();
    private boolean verifies = true;
    private final KeyServer server =
            new KeyServer(4, new DumpCommands(() -> true, () -> false, () -> verifies, log::add));

    @AfterEach
    void the_keyspace_is_sound() {
        server.keyspace().checkInvariants();
    }

    private byte[] payloadOf(String value) {
        server.send("SET source " + value);
        byte[] payload = KeyServer.bytes(server.list("DUMP source").getFirst());
        server.send("DEL source");
        return payload;
    }

    private String restore(String ttl, byte[] payload, String... options) {
        List<byte[]> words = new ArrayList<>(List.of(KeyServer.arguments("RESTORE", "a", ttl)));
        words.add(payload);
        words.addAll(List.of(KeyServer.arguments(options)));
        return server.raw(words.toArray(byte[][]::new)).replace("\r\n", " ").stripTrailing();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"x", "12", "-32769", "4294967296", "007", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})
    void a_value_comes_back_with_its_encoding(String value) {
        byte[] payload = payloadOf(value);
        server.send("SET a " + value);
        List<String> encoding = server.list("OBJECT ENCODING a");
        server.send("DEL a");
        assertThat(restore("0", payload)).isEqualTo("+OK");
        assertThat(server.list("GET a")).containsExactly(value);
        assertThat(server.list("OBJECT ENCODING a")).isEqualTo(encoding);
        assertThat(server.send("TTL a")).isEqualTo(":-1");
    }

    @Test
    void the_payload_of_a_small_integer_is_that_of_redis() {
        server.send("SET a 10");
        assertThat(server.list("DUMP a").getFirst()).isEqualTo("\u0000\u00c0\n\n\u0000n\u009fWE\u000e\u00aec\u00bb");
        assertThat(server.send("DUMP x")).isEqualTo("$-1");
    }

    @Test
    void a_key_comes_back_with_its_ttl_and_its_idle_time() {
        byte[] payload = payloadOf("v");
        restore("100", payload, "IDLETIME", "7");
        assertThat(server.send("PEXPIRETIME a")).isEqualTo(":1700000000100");
        assertThat(server.send("OBJECT IDLETIME a")).isEqualTo(":7");
        restore("200", payload, "REPLACE", "FREQ", "9");
        assertThat(server.send("PEXPIRETIME a")).isEqualTo(":1700000000200");
        assertThat(server.send("OBJECT IDLETIME a")).isEqualTo(":0");
    }

    @Test
    void effects_tell_when_it_expires() {
        byte[] payload = payloadOf("v");
        String text = new String(payload, StandardCharsets.ISO_8859_1);
        assertThat(server.effectsOf("RESTORE a 100 " + text + " replace"))
                .containsExactly("RESTORE a 1700000000100 " + text + " replace ABSTTL");
        assertThat(server.effectsOf("RESTORE a 1800000000000 " + text + " REPLACE ABSTTL"))
                .containsExactly("RESTORE a 1800000000000 " + text + " REPLACE ABSTTL");
        assertThat(server.effectsOf("RESTORE b 0 " + text)).containsExactly("RESTORE b 0 " + text);
        assertThat(server.eventsOf("RESTORE c 0 " + text)).containsExactly("new c@0", "restore c@0");
    }

    @Test
    void a_time_in_the_past_restores_nothing_and_deletes_what_it_replaces() {
        byte[] payload = payloadOf("v");
        assertThat(restore("1", payload, "ABSTTL")).isEqualTo("+OK");
        assertThat(server.send("EXISTS a")).isEqualTo(":0");
        server.send("SET a 1");
        String text = new String(payload, StandardCharsets.ISO_8859_1);
        assertThat(server.effectsOf("RESTORE a 1 " + text + " ABSTTL REPLACE")).containsExactly("DEL a");
        assertThat(server.send("EXISTS a")).isEqualTo(":0");
    }

    @ParameterizedTest
    @CsvSource({
        "RESTORE b 0 abc,                 -ERR DUMP payload version or checksum are wrong",
        "RESTORE b -1 abc,                '-ERR Invalid TTL value, must be >= 0'",
        "RESTORE b abc abc,               -ERR value is not an integer or out of range",
        "RESTORE b 0 abc IDLETIME,        -ERR syntax error",
        "RESTORE b 0 abc IDLETIME -1,     '-ERR Invalid IDLETIME value, must be >= 0'",
        "RESTORE b 0 abc IDLETIME abc,    -ERR value is not an integer or out of range",
        "RESTORE b 0 abc FREQ 256,        '-ERR Invalid FREQ value, must be >= 0 and <= 255'",
        "RESTORE b 0 abc FREQ -1,         '-ERR Invalid FREQ value, must be >= 0 and <= 255'",
        "RESTORE b 0 abc FREQ abc,        -ERR value is not an integer or out of range",
        "RESTORE b 0 abc IDLETIME 1 FREQ 1, -ERR syntax error",
        "RESTORE b 0 abc FREQ 1 IDLETIME 1, -ERR syntax error",
        "RESTORE b 0 abc foo,             -ERR syntax error",
        "RESTORE a -1 abc,                -BUSYKEY Target key name already exists.",
        "RESTORE a 0 abc,                 -BUSYKEY Target key name already exists.",
        "RESTORE a 0 abc REPLACE,         -ERR DUMP payload version or checksum are wrong",
        "RESTORE-ASKING a 0 abc,          -BUSYKEY Target key name already exists."
    })
    void refuses_what_redis_refuses(String command, String reply) {
        server.send("SET a 1");
        assertThat(server.send(command)).isEqualTo(reply);
        assertThat(server.send("GET a")).isEqualTo("$1 1");
        assertThat(server.send("DBSIZE")).isEqualTo(":1");
    }

    @Test
    void a_field_that_expires_later_than_redis_can_say_is_refused() {
        // Type, first time, one field, its time (1: the first), name and value.
        String latest = "18 feffffffffff0000 01 01 0161 0131";
        assertThat(restore("0", DumpPayloadTest.sealed(latest.replace(" ", ""), 12)))
                .isEqualTo("+OK");
        String later = "18 ffffffffffff0000 01 01 0161 0131";
        assertThat(restore("0", DumpPayloadTest.sealed(later.replace(" ", ""), 12), "REPLACE"))
                .isEqualTo("-ERR Bad data format");
    }

    @Test
    void the_last_time_of_all_is_told_in_seconds() {
        restore("9223372036854775807", payloadOf("v"), "ABSTTL");
        assertThat(server.send("PEXPIRETIME a")).isEqualTo(":9223372036854775807");
        assertThat(server.send("EXPIRETIME a")).isEqualTo(":9223372036854776");
    }

    @ParameterizedTest
    @CsvSource({
        // The number of elements, the size of the first (1 or 5 bytes), the offset of the last, the size of it all.
        "0e01 12 12000000 0d000000 0200 000161     03026263 ff,         intact",
        "0e01 16 16000000 0d000000 0200 000161 fe03000000026263 ff,     intact",
        "0e01 12 12000000 0d000000 0200 000161     04026263 ff,         Quicklist ziplist integrity check failed",
        "0e01 12 12000000 0d000000 0200 000161     02026263 ff,         Quicklist ziplist integrity check failed",
        "0e01 16 16000000 0d000000 0200 000161 fe04000000026263 ff,     Quicklist ziplist integrity check failed",
        "0e01 16 16000000 0d000000 0200 000161 fe03000080026263 ff,     Quicklist ziplist integrity check failed",
        "0e01 12 12000000 0d000000 0300 000161     03026263 ff,         Quicklist ziplist integrity check failed",
        "0e01 12 13000000 0d000000 0200 000161     03026263 ff,         Quicklist ziplist integrity check failed",
        "0e01 12 12000000 0a000000 0200 000161     03026263 ff,         Quicklist ziplist integrity check failed",
        "0d   12 12000000 0d000000 0200 010161     03026263 ff,         Hash ziplist integrity check failed",
        "0a   12 12000000 0d000000 0200 000161     03046263 ff,         List ziplist integrity check failed",
        "0c   12 12000000 0d000000 0200 000161     03026e6f ff,         Zset ziplist integrity check failed",
        "1201 01 00,                                                    List integrity check failed",
        "1201 03 0161,                                                  List integrity check failed",
        "09 02 00ff,                                                    Zipmap integrity check failed",
        "0b 08 02000000 00000000,                                       Intset integrity check failed",
        "02 02 0161 0161,                                               Set integrity check failed",
        "04 02 0161 0162 0161 0163,                                     Hash integrity check failed",
        "0501 0161 000000000000f87f,                                    Zset integrity check failed"
    })
    void tells_what_is_wrong_with_a_value(String bodyHex, String detail) {
        String reply = restore("0", DumpPayloadTest.sealed(bodyHex.replace(" ", ""), 10));
        if (detail.equals("intact")) {
            assertThat(reply).isEqualTo("+OK");
            assertThat(log).isEmpty();
        } else {
            assertThat(reply).isEqualTo("-ERR Bad data format");
            assertThat(log).singleElement().asString().endsWith(": " + detail);
            assertThat(server.send("EXISTS a")).isEqualTo(":0");
        }
    }

    @Test
    void refuses_values_without_elements() {
        String ziplist = "0b" + "0b000000" + "0a000000" + "0000" + "ff";
        String listpack = "07" + "07000000" + "0000" + "ff";
        for (String body : List.of(
                "0100",
                "0200",
                "0300",
                "0400",
                "0500",
                "0e00",
                "1200",
                "0a" + ziplist,
                "0c" + ziplist,
                "0d" + ziplist,
                "0e01" + ziplist,
                "10" + listpack,
                "11" + listpack,
                "120102" + listpack)) {
            log.clear();
            assertThat(restore("0", DumpPayloadTest.sealed(body, 10))).as(body).isEqualTo("-ERR Bad data format");
            assertThat(log).as(body).containsExactly("RESTORE refuses a payload: the value is empty");
        }
    }

    @Test
    void takes_a_payload_with_any_checksum_only_when_told_to() {
        byte[] payload = DumpPayloadTest.sealed("00c00c", 10);
        payload[payload.length - 1]++;
        assertThat(restore("0", payload)).isEqualTo("-ERR DUMP payload version or checksum are wrong");
        verifies = false;
        assertThat(restore("0", payload)).isEqualTo("+OK");
        payload[3] = 11; // A later version is none of it.
        assertThat(restore("0", payload, "REPLACE")).isEqualTo("-ERR DUMP payload version or checksum are wrong");
    }
}
