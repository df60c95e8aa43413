package io.redoubt;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Fields of hashes that expire, from outside: by themselves, in files and payloads, and behind access rules. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@WithOneAndWithThreeLoops
class FieldExpiryTest {
    @RegisterExtension
    final RedoubtServer server;

    FieldExpiryTest(int ioThreads) {
        server = RedoubtServer.with("security-profile strict", "user writer on >w ~* +@write -@read")
                .ioThreads(ioThreads);
    }

    private static void awaitReply(RespClient client, Object wanted, String... request) {
        long deadline = System.nanoTime() + 20_000_000_000L;
        Object reply = client.send(request);
        while (!wanted.equals(reply)) {
            assertThat(System.nanoTime())
                    .as(Arrays.toString(request) + " gives " + reply)
                    .isLessThan(deadline);
            reply = client.send(request);
        }
    }

    @Test
    void what_nobody_asks_for_goes_as_well() {
        var client = server.client();
        for (int i = 0; i < 40; i++) {
            client.send("HSET", "h" + i, "f", "v");
            client.send("HPEXPIRE", "h" + i, "1", "FIELDS", "1", "f");
        }
        awaitReply(client, 0L, "DBSIZE");
        assertThat((String) client.send("INFO", "stats")).contains("expired_subkeys:40\r\n");
        assertThat((String) client.send("INFO", "keyspace")).doesNotContain("subexpiry");
    }

    @Test
    void times_are_kept_in_files_and_payloads() throws Exception {
        var client = server.client();
        client.send("HSET", "small", "a", "1", "b", "2");
        client.send("HSET", "plain", "a", "1");
        for (int i = 0; i < 600; i++) {
            client.send("HSET", "large", "field" + i, "value" + i);
        }
        client.send("HSET", "long", "a", "x".repeat(200));
        for (String key : List.of("small", "long")) {
            client.send("HPEXPIREAT", key, "33000000000000", "FIELDS", "1", "a");
        }
        client.send("HPEXPIREAT", "large", "33000000000007", "FIELDS", "2", "field3", "field599");
        assertThat((String) client.send("INFO", "keyspace")).contains("subexpiry=3");
        assertThat(client.send("SAVE")).isEqualTo("OK");
        server.restart();
        var again = server.client();
        assertThat(again.send("HPEXPIRETIME", "small", "FIELDS", "2", "a", "b"))
                .isEqualTo(List.of(33000000000000L, -1L));
        assertThat(again.send("HPEXPIRETIME", "long", "FIELDS", "1", "a")).isEqualTo(List.of(33000000000000L));
        assertThat(again.send("HPEXPIRETIME", "large", "FIELDS", "3", "field3", "field4", "field599"))
                .isEqualTo(List.of(33000000000007L, -1L, 33000000000007L));
        assertThat(again.send("OBJECT", "ENCODING", "small")).isEqualTo("listpackex");
        assertThat(again.send("OBJECT", "ENCODING", "plain")).isEqualTo("listpack");
        assertThat((String) again.send("INFO", "keyspace")).contains("subexpiry=3");
    }

    @Test
    void replies_have_the_same_shape_in_both_protocols() {
        for (String protocol : List.of("2", "3")) {
            var client = server.client();
            client.send("HELLO", protocol);
            client.send("DEL", "h");
            assertThat(client.send("HSETEX", "h", "EX", "1000", "FIELDS", "2", "a", "1", "b", "2"))
                    .isEqualTo(1L);
            assertThat(client.send("HTTL", "h", "FIELDS", "2", "a", "c")).isEqualTo(List.of(1000L, -2L));
            assertThat(client.send("HGETEX", "h", "PERSIST", "FIELDS", "2", "a", "c"))
                    .isEqualTo(Arrays.asList("1", null));
            assertThat(client.send("HGETDEL", "h", "FIELDS", "1", "b")).isEqualTo(List.of("2"));
            Object all = client.send("HGETALL", "h");
            assertThat(all).isEqualTo(protocol.equals("2") ? List.of("a", "1") : Map.of("a", "1"));
        }
    }

    @Test
    void who_may_only_write_reads_no_fields_through_them() {
        server.client().send("HSET", "h", "a", "1");
        server.client().send("RPUSH", "l", "1");
        var writer = server.clientAs("writer", "w");
        assertThat(writer.send("HEXPIRE", "h", "1000", "FIELDS", "1", "a")).isEqualTo(List.of(1L));
        for (var request : List.of(
                List.of("HGETEX", "h", "FIELDS", "1", "a"),
                List.of("HGETDEL", "h", "FIELDS", "1", "a"),
                List.of("HTTL", "h", "FIELDS", "1", "a"),
                List.of("INCREX", "n"),
                List.of("LMOVEM", "l", "l2", "LEFT", "LEFT"))) {
            assertThat(writer.send(request.toArray(String[]::new)).toString())
                    .as(request.toString())
                    .contains("NOPERM");
        }
    }

    @Test
    void many_fields_that_expire_at_once_are_gone_at_once() {
        var client = server.client();
        var fields = new String[5_000];
        for (int i = 0; i < fields.length; i++) {
            fields[i] = "f" + i;
            client.send("HSET", "h", fields[i], "v");
        }
        client.send("HSET", "h", "stays", "v");
        var request = new String[5 + fields.length];
        System.arraycopy(new String[] {"HPEXPIRE", "h", "1", "FIELDS", "5000"}, 0, request, 0, 5);
        System.arraycopy(fields, 0, request, 5, fields.length);
        assertThat((List<?>) client.send(request)).hasSize(5_000);
        awaitReply(client, List.of("stays"), "HKEYS", "h");
        awaitReply(client, 1L, "HLEN", "h");
    }
}
