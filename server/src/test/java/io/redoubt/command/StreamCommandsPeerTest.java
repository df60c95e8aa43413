package io.redoubt.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.redoubt.persist.DumpCommands;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Random requests on streams, to redis-server and to ours: every reply must be the same, and so must be what each side
 * dumps; each must restore what the other dumps.
 */
@Tag("peer")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class StreamCommandsPeerTest {
    private static final int STEPS = 4000;
    private static final String[] KEYS = {"a", "b", "c"};

    private SplittableRandom random = new SplittableRandom(0);
    private int milliseconds;

    /** Few milliseconds make collisions, many make blocks. */
    @ParameterizedTest(name = "seed {0}, IDs up to {1}, RESP{2}")
    @CsvSource({"1, 20, 2", "2, 60, 3", "3, 1000, 2", "4, 3000, 3"})
    void answer_what_redis_answers(long seed, int millisecondsMax, int protocol) throws IOException {
        assumeTrue(RedisPeer.isInstalled(), "no redis-server on the path");
        random = new SplittableRandom(seed);
        milliseconds = millisecondsMax;
        var ours = new CommandFixture(
                new StringCommands(() -> 512L << 20),
                new StreamCommands(),
                new StreamGroupCommands(),
                new StreamInfoCommands(),
                new KeyCommands(new StubGate(null), 16, () -> false),
                new DumpCommands(() -> false));
        ours.session().setProtocol(protocol);
        try (var peer = RedisPeer.start("--rdbcompression", "no", "--stream-node-max-entries", "20")) {
            ours.keyspace().thresholds().streamBlockEntries = 20;
            peer.send("HELLO", "" + protocol);
            for (int step = 0; step < STEPS; step++) {
                String[] request = next();
                String what = "step " + step + " " + Arrays.toString(request);
                ours.nowMillis = System.currentTimeMillis();
                String expected = peer.send(request);
                assertThat(ours.raw(request)).as(what).isEqualTo(expected);
                if (step % 50 == 0) {
                    exchange(peer, ours, what);
                }
            }
            exchange(peer, ours, "at the end");
        }
    }

    /** Compares what the sides dump and know of each key, and restores each on the other. */
    private static void exchange(RedisPeer peer, CommandFixture ours, String what) throws IOException {
        for (String key : KEYS) {
            assertThat(ours.raw("TYPE", key)).as(what).isEqualTo(peer.send("TYPE", key));
            assertThat(ours.raw("OBJECT", "ENCODING", key)).as(what).isEqualTo(peer.send("OBJECT", "ENCODING", key));
            String dump = peer.send("DUMP", key);
            assertThat(ours.raw("DUMP", key)).as(what + " " + key).isEqualTo(dump);
            String payload = bulk(dump);
            if (payload.isEmpty()) {
                continue;
            }
            assertThat(peer.send("RESTORE", "x", "0", bulk(ours.raw("DUMP", key)), "REPLACE"))
                    .isEqualTo("+OK\r\n");
            assertThat(ours.raw("RESTORE", "x", "0", payload, "REPLACE"))
                    .as(what)
                    .isEqualTo("+OK\r\n");
            for (String[] read : List.of(
                    new String[] {"XINFO", "STREAM", "x", "FULL", "COUNT", "0"},
                    new String[] {"XREVRANGE", "x", "+", "-"})) {
                assertThat(ours.raw(read)).as(what + " " + key).isEqualTo(peer.send(read));
            }
            peer.send("DEL", "x");
            ours.raw("DEL", "x");
        }
    }

    private static String bulk(String reply) {
        int end = reply.indexOf("\r\n");
        return reply.startsWith("$") && !reply.startsWith("$-1") ? reply.substring(end + 2, reply.length() - 2) : "";
    }

    private String pick(String... choices) {
        return choices[random.nextInt(choices.length)];
    }

    private String key() {
        return pick(KEYS);
    }

    private String id() {
        return switch (random.nextInt(30)) {
            case 0 ->
                pick(
                        "x",
                        "",
                        "-",
                        "+",
                        "1-",
                        "-1",
                        "1-x",
                        "$",
                        "99999-*",
                        "5-*",
                        "01-1",
                        "1-01",
                        "1--1",
                        "0-0",
                        "0",
                        "18446744073709551615-18446744073709551614",
                        "18446744073709551616",
                        "1-1-1",
                        "(1",
                        ">");
            case 1, 2, 3, 4 -> "" + random.nextInt(milliseconds);
            case 5 -> random.nextInt(milliseconds) + "-*";
            default -> random.nextInt(milliseconds) + "-" + random.nextInt(3);
        };
    }

    private String bound() {
        return switch (random.nextInt(8)) {
            case 0, 1 -> "-";
            case 2, 3 -> "+";
            case 4 -> "(" + id();
            default -> id();
        };
    }

    private String number() {
        return pick("1", "-3", "100", "0", "9223372036854775807", "1.5", "x", "", "5", "20");
    }

    private String text() {
        return switch (random.nextInt(6)) {
            case 0 -> "" + random.nextInt(-70_000, 70_000);
            case 1 -> "" + random.nextLong();
            case 2 -> "text " + "y".repeat(random.nextInt(80));
            case 3 -> "";
            default -> pick("f", "g", "temperature", "12");
        };
    }

    private void trim(List<String> request) {
        switch (random.nextInt(12)) {
            case 0, 1, 2, 3 -> request.addAll(List.of(pick("MAXLEN", "maxlen"), pick("3", "10", "50", "0", number())));
            case 4, 5 -> request.addAll(List.of("MAXLEN", pick("~", "="), pick("30", "50", number())));
            case 6, 7 -> request.addAll(List.of("MINID", id()));
            case 8 -> request.addAll(List.of("MINID", pick("~", "="), id()));
            case 9 -> request.addAll(List.of("MAXLEN", "~", pick("10", "1"), "LIMIT", number()));
            case 10 -> request.addAll(List.of("LIMIT", number()));
            default -> request.addAll(List.of(pick("x", "MAXLEN", "MINID"), pick("=", "~", "2")));
        }
    }

    private String[] add(String key) {
        var request = new ArrayList<>(List.of("XADD", key));
        if (random.nextInt(20) == 0) {
            request.add(pick("NOMKSTREAM", "nomkstream"));
        }
        if (random.nextInt(20) == 0) {
            trim(request);
        }
        request.add(id());
        boolean hasUsualFields = random.nextInt(3) > 0;
        if (hasUsualFields) {
            request.addAll(List.of("f", text(), "temperature", text()));
        } else {
            for (int i = random.nextInt(4); i >= 0; i--) {
                request.addAll(List.of(text(), text()));
            }
        }
        if (random.nextInt(60) == 0) {
            request.removeLast();
        }
        return request.toArray(String[]::new);
    }

    private String[] many(String... first) {
        var request = new ArrayList<>(List.of(first));
        for (int i = random.nextInt(4); i >= 0; i--) {
            request.add(id());
        }
        return request.toArray(String[]::new);
    }

    private String[] next() {
        String key = key();
        return switch (random.nextInt(40)) {
            case 0, 1 -> new String[] {"XLEN", key};
            case 2, 3 -> new String[] {"XRANGE", key, bound(), bound()};
            case 4 -> new String[] {"XREVRANGE", key, bound(), bound()};
            case 5 -> new String[] {pick("XRANGE", "XREVRANGE"), key, bound(), bound(), "COUNT", number()};
            case 6, 7, 8 -> many("XDEL", key);
            case 9 -> {
                var request = new ArrayList<>(List.of("XTRIM", key));
                trim(request);
                yield request.toArray(String[]::new);
            }
            case 10 -> new String[] {"XSETID", key, id()};
            case 11 -> new String[] {"XSETID", key, id(), pick("ENTRIESADDED", "x"), number(), "MAXDELETEDID", id()};
            case 12 -> new String[] {"XINFO", "STREAM", key};
            case 13 -> new String[] {"XINFO", "STREAM", key, pick("FULL", "x"), "COUNT", number()};
            case 14 -> new String[] {"XREAD", "STREAMS", key, key(), id(), id()};
            case 15 -> new String[] {"XREAD", "COUNT", number(), "STREAMS", key, id()};
            case 16 -> new String[] {"XREAD", pick("NOACK", "GROUP", "COUNT", "BLOCK"), "x", "STREAMS", key, "0"};
            case 20 ->
                random.nextBoolean()
                        ? new String[] {"XINFO", "GROUPS", key}
                        : new String[] {"XINFO", "CONSUMERS", key, "g"};
            case 17 -> new String[] {"COPY", key, key(), pick("REPLACE", "x")};
            case 18 -> new String[] {"RENAME", key, key()};
            case 19 ->
                random.nextInt(4) == 0
                        ? new String[] {pick("DEL", "SET", "DEL"), key, "x"}
                        : new String[] {"EXISTS", key};
            default -> add(key);
        };
    }
}
