package io.redoubt.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.redoubt.persist.DumpCommands;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Random requests on hashes, sets and lists, to redis-server and to ours: every reply must be the same, and each must
 * restore what the other dumps.
 */
@Tag("peer")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class CollectionsPeerTest {
    private static final int STEPS = 3000;
    private static final String[] KEYS = {"a", "b", "c", "d"};
    private static final Set<String> UNORDERED =
            Set.of("HGETALL", "HKEYS", "HVALS", "SMEMBERS", "SINTER", "SUNION", "SDIFF", "SPOP", "SRANDMEMBER");

    private SplittableRandom random = new SplittableRandom(0);
    private int names;

    /** Few names make collisions, many make large values. */
    @ParameterizedTest(name = "seed {0}, {1} names, RESP{2}")
    @CsvSource({"1, 8, 2", "2, 40, 3", "3, 700, 2", "4, 3000, 3"})
    void answer_what_redis_answers(long seed, int nameCount, int protocol) throws IOException {
        assumeTrue(RedisPeer.isInstalled(), "no redis-server on the path");
        random = new SplittableRandom(seed);
        names = nameCount;
        var ours = new CommandFixture(
                new StringCommands(() -> 512L << 20),
                new HashCommands(),
                new SetCommands(),
                new ListCommands(),
                new KeyCommands(new StubGate(null), 16, () -> false),
                new DumpCommands(() -> false));
        ours.session().setProtocol(protocol);
        try (var peer = RedisPeer.start("--rdbcompression", "no")) {
            peer.send("HELLO", "" + protocol);
            for (int step = 0; step < STEPS; step++) {
                String[] request = next();
                String what = "step " + step + " " + Arrays.toString(request);
                ours.nowMillis = System.currentTimeMillis();
                String expected = peer.send(request);
                String reply = ours.raw(request);
                assertThat(ordered(request[0], reply)).as(what).isEqualTo(ordered(request[0], expected));
                if (step % 50 == 0) {
                    compareEncodings(peer, ours, what);
                }
                if (step % 500 == 0) {
                    exchange(peer, ours);
                }
            }
            exchange(peer, ours);
        }
    }

    private static void compareEncodings(RedisPeer peer, CommandFixture ours, String what) throws IOException {
        for (String key : KEYS) {
            assertThat(ours.raw("TYPE", key)).as(what).isEqualTo(peer.send("TYPE", key));
            String expected = peer.send("OBJECT", "ENCODING", key);
            assertThat(ours.raw("OBJECT", "ENCODING", key)).as(what + " " + key).isEqualTo(expected);
        }
    }

    /** Dumps every key on each side and restores it on the other, where it must be what it was. */
    private static void exchange(RedisPeer peer, CommandFixture ours) throws IOException {
        for (String key : KEYS) {
            String theirs = bulk(peer.send("DUMP", key));
            if (theirs.isEmpty()) {
                continue;
            }
            String own = bulk(ours.raw("DUMP", key));
            assertThat(peer.send("RESTORE", "x", "0", own, "REPLACE")).as(key).isEqualTo("+OK\r\n");
            assertThat(ours.raw("RESTORE", "x", "0", theirs, "REPLACE")).as(key).isEqualTo("+OK\r\n");
            for (String[] read : List.of(
                    new String[] {"HGETALL", "x"},
                    new String[] {"SMEMBERS", "x"},
                    new String[] {"LRANGE", "x", "0", "-1"},
                    new String[] {"GET", "x"})) {
                assertThat(ordered(read[0], ours.raw(read))).as(key).isEqualTo(ordered(read[0], peer.send(read)));
            }
            peer.send("DEL", "x");
            ours.raw("DEL", "x");
        }
    }

    private static String bulk(String reply) {
        int end = reply.indexOf("\r\n");
        return reply.startsWith("$") && !reply.startsWith("$-1") ? reply.substring(end + 2, reply.length() - 2) : "";
    }

    /** The reply with its elements sorted, where their order means nothing. */
    private static String ordered(String command, String reply) {
        if (!UNORDERED.contains(command) || reply.startsWith("-")) {
            return reply;
        }
        var elements = new ArrayList<>(List.of(reply.split("\\$")));
        elements.sort(null);
        return String.join("$", elements);
    }

    private String pick(String... choices) {
        return choices[random.nextInt(choices.length)];
    }

    private String key() {
        return pick(KEYS);
    }

    private String name() {
        int number = random.nextInt(names);
        return switch (number % 5) {
            case 0 -> Integer.toString(number * 37 - 200);
            case 1 -> "n" + number;
            case 2 -> Long.toString(number * 1_000_003L * 1_000_003L);
            case 3 -> "a longer name that takes some room " + number;
            default -> number % 97 == 4 ? "x".repeat(60 + number % 30) : "\u00ff\u0000" + number;
        };
    }

    private String[] names(String... first) {
        var request = new ArrayList<>(List.of(first));
        for (int i = random.nextInt(names > 100 ? 40 : 4); i >= 0; i--) {
            request.add(name());
        }
        return request.toArray(String[]::new);
    }

    private String number() {
        return pick("1", "-3", "100", "0", "9223372036854775807", "1.5", "x", "");
    }

    private String[] next() {
        String key = key();
        return switch (random.nextInt(56)) {
            case 0, 1, 2, 3 -> names("SADD", key);
            case 4 -> names("SREM", key);
            case 5 -> new String[] {"SISMEMBER", key, name()};
            case 6 -> new String[] {"SCARD", key};
            case 7 -> new String[] {"SMEMBERS", key};
            case 8, 9, 10, 11 -> pairs(key);
            case 12 -> names("HDEL", key);
            case 13 -> new String[] {"HGET", key, name()};
            case 14 -> names("HMGET", key);
            case 15 -> new String[] {"HGETALL", key};
            case 16 -> new String[] {pick("HKEYS", "HVALS"), key};
            case 17 -> new String[] {"HLEN", key};
            case 18 -> new String[] {"HEXISTS", key, name()};
            case 19 -> new String[] {"HSTRLEN", key, name()};
            case 20 -> new String[] {"HINCRBY", key, name(), number()};
            case 21 -> new String[] {"HINCRBYFLOAT", key, name(), number()};
            case 22 -> new String[] {"HSETNX", key, name(), name()};
            case 23 -> new String[] {"RENAME", key, key()};
            case 24 -> new String[] {"COPY", key, key(), "REPLACE"};
            case 25 -> random.nextInt(4) == 0 ? new String[] {"DEL", key} : new String[] {"EXISTS", key};
            case 26 -> new String[] {"HRANDFIELD", key, pick("0", "x", "1000000"), "WITHVALUES", "x"};
            case 27 -> new String[] {pick("HSCAN", "SSCAN"), key, pick("x", "0"), "COUNT", pick("0", "x")};
            case 28 -> random.nextInt(5) == 0 ? new String[] {"SET", key, name()} : new String[] {"GET", key};
            case 29 -> names("SMISMEMBER", key);
            case 30 -> new String[] {"SMOVE", key, key(), name()};
            case 31 -> new String[] {pick("SINTER", "SUNION", "SDIFF"), key, key(), key()};
            case 32 -> new String[] {pick("SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"), key(), key, key()};
            case 33 -> new String[] {"SINTERCARD", pick("2", "1", "0", "x"), key, key()};
            case 34 -> new String[] {"SINTERCARD", "2", key, key(), "LIMIT", pick("1", "0", "-1", "x")};
            case 36, 37, 38, 39 -> names(pick("LPUSH", "RPUSH", "RPUSH", "LPUSHX", "RPUSHX"), key);
            case 40 -> new String[] {pick("LPOP", "RPOP"), key};
            case 41 -> new String[] {pick("LPOP", "RPOP"), key, pick("2", "0", "-1", "x", "30")};
            case 42 -> new String[] {"LLEN", key};
            case 43 -> new String[] {"LINDEX", key, index()};
            case 44 -> new String[] {"LRANGE", key, index(), index()};
            case 45 -> new String[] {"LSET", key, index(), name()};
            case 46, 47 -> new String[] {"LINSERT", key, pick("BEFORE", "after", "x"), name(), name()};
            case 48 -> new String[] {"LREM", key, pick("0", "1", "-2", "x"), name()};
            case 49 -> random.nextInt(6) == 0 ? new String[] {"LTRIM", key, index(), index()} : names("LPOS", key);
            case 50 -> new String[] {"LPOS", key, name(), "RANK", pick("1", "-1", "2", "0"), "COUNT", pick("0", "2")};
            case 51 -> new String[] {"LPOS", key, name(), "MAXLEN", pick("0", "5", "-1", "x"), "COUNT", "1"};
            case 52 -> new String[] {"LMOVE", key, key(), pick("LEFT", "RIGHT", "x"), pick("LEFT", "right")};
            case 53 -> new String[] {"RPOPLPUSH", key, key()};
            case 54 -> new String[] {"LMPOP", pick("2", "1", "0"), key, key(), pick("LEFT", "RIGHT"), "COUNT", "3"};
            default -> new String[] {pick("SPOP", "SRANDMEMBER"), key, pick("0", "x", "1000000")};
        };
    }

    private String index() {
        return pick("0", "-1", "1", "5", "-7", "100", "300", "-1000", "x");
    }

    private String[] pairs(String key) {
        var request = new ArrayList<>(List.of(pick("HSET", "HSET", "HMSET"), key));
        for (int i = random.nextInt(names > 100 ? 20 : 3); i >= 0; i--) {
            request.add(name());
            request.add(name());
        }
        return request.toArray(String[]::new);
    }
}
