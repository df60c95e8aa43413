package io.redoubt.persist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.redoubt.command.KeyServer;
import io.redoubt.command.RawPeer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Random commands, good and bad, on this server and on a redis-server: every reply is the same, byte for byte. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class KeyCommandsPeerTest {
    private static final int STEPS = 3000;
    private static final int KEYS = 8;
    private static final String[] EXPIRING = {"EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT"};
    // No relative time lies in the future, so that no reply depends on the clock.
    private static final String[] PAST = {"-1", "0", "-100", "abc", "", "9223372036854775807", "-9223372036854775808"};
    private static final String[] CONDITIONS = {"NX", "xx", "GT", "Lt", "foo"};

    @TempDir
    private Path directory;

    @ParameterizedTest(name = "seed {0}, RESP{1}")
    @CsvSource({"1, 2", "2, 3", "3, 2", "4, 3"})
    void replies_are_those_of_redis(long seed, int protocol) throws IOException {
        var binary = RawPeer.find();
        assumeTrue(binary.isPresent(), "redis-server is not installed");
        var random = new SplittableRandom(seed);
        var server = new KeyServer(seed % 2 == 0 ? 1 : 16, new DumpCommands(() -> true));
        server.session().setProtocol(protocol);
        server.nowMillis = System.currentTimeMillis();
        try (var peer = RawPeer.start(binary.get(), directory, "--databases", "4")) {
            peer.raw(KeyServer.arguments("HELLO", Integer.toString(protocol)));
            byte[] payload = {};
            for (int step = 0; step < STEPS; step++) {
                if (random.nextInt(30) == 0) {
                    int database = random.nextInt(KeyServer.DATABASES);
                    server.session().select(database);
                    peer.raw(KeyServer.arguments("SELECT", Integer.toString(database)));
                }
                byte[][] command = command(random, payload);
                String name = new String(command[0], StandardCharsets.ISO_8859_1);
                String expected = peer.raw(command);
                String actual = server.raw(command);
                assertThat(comparable(name, actual))
                        .as("step %d: %s", step, shown(command))
                        .isEqualTo(comparable(name, expected));
                if (name.equals("DUMP") && actual.length() > 20) {
                    payload = KeyServer.bytes(KeyServer.bulks(actual).getFirst());
                }
            }
        }
        server.keyspace().checkInvariants();
    }

    private static String shown(byte[][] command) {
        var words = new ArrayList<String>();
        for (var word : command) {
            words.add(new String(word, StandardCharsets.ISO_8859_1));
        }
        return String.join(" ", words);
    }

    /** Names of keys come in no order. */
    private static Object comparable(String name, String reply) {
        if (!name.equals("KEYS") && !name.equals("SCAN")) {
            return reply;
        }
        var lines = new ArrayList<>(List.of(reply.split("\r\n")));
        Collections.sort(lines);
        return lines;
    }

    private static String any(SplittableRandom random, String... words) {
        return words[random.nextInt(words.length)];
    }

    private static byte[][] command(SplittableRandom random, byte[] payload) {
        String a = "key" + random.nextInt(KEYS);
        String b = "key" + random.nextInt(KEYS);
        String database = any(random, "0", "1", "2", "3", "3", "2", "1", "0", "4", "-1", "abc", "99999999999");
        return switch (random.nextInt(22)) {
            case 0, 1, 2, 3 -> words("SET", a, value(random));
            case 4 -> words(any(random, "DEL", "UNLINK", "EXISTS", "TOUCH"), a, b);
            case 5 -> words(any(random, "TYPE", "TTL", "PTTL", "PERSIST"), "absent");
            case 6 -> words("KEYS", any(random, "*", "key?", "key[1-3]", "k*[^4]", "x", "\\key*"));
            case 7 -> scan(random);
            case 8 -> words(any(random, "RENAME", "RENAMENX"), a, b);
            case 9, 10 -> withOptions(random, words("COPY", a, b), "REPLACE", "DB " + database, "replace", "foo", "DB");
            case 11, 12 -> words("MOVE", a, database);
            case 13 -> words("OBJECT", any(random, "ENCODING", "REFCOUNT", "FREQ", "encoding", "foo"), a);
            case 14 -> withOptions(random, words(any(random, EXPIRING), a, any(random, PAST)), CONDITIONS);
            case 15, 16 -> {
                boolean isMillis = random.nextBoolean();
                long seconds = 4_000_000_000L + random.nextInt(5);
                String time = Long.toString(isMillis ? seconds * 1000 + random.nextInt(1000) : seconds);
                yield withOptions(random, words(isMillis ? "PEXPIREAT" : "EXPIREAT", a, time), CONDITIONS);
            }
            case 17 -> words(any(random, "PERSIST", "EXPIRETIME", "PEXPIRETIME", "TYPE", "GET"), a);
            case 18 -> words("DUMP", a);
            case 19 -> restore(random, a, payload);
            case 20 -> words("DBSIZE");
            default ->
                random.nextInt(12) > 0
                        ? words("SWAPDB", database, any(random, "0", "1", "4", "b"))
                        : withOptions(random, words(any(random, "FLUSHDB", "FLUSHALL")), "sync", "ASYNC", "foo");
        };
    }

    private static byte[][] scan(SplittableRandom random) {
        byte[][] start = words("SCAN", any(random, "0", "0", "0", "00", "", "abc", "+0", "1x"), "COUNT", "1000");
        return withOptions(
                random, start, "MATCH key*", "MATCH *", "TYPE string", "TYPE hash", "COUNT 0", "COUNT a", "x");
    }

    private static byte[][] restore(SplittableRandom random, String key, byte[] payload) {
        String ttl = any(random, "0", "0", "0", "-1", "x", "4000000000123", "1");
        byte[][] words = words("RESTORE", key, ttl, "", "ABSTTL");
        words[3] = payload.clone();
        if (payload.length > 0 && random.nextInt(8) == 0) {
            words[3][random.nextInt(payload.length)] ^= 1;
        }
        return withOptions(
                random, words, "REPLACE", "REPLACE", "IDLETIME 5", "FREQ 7", "FREQ 300", "IDLETIME -1", "foo");
    }

    private static byte[][] words(String... words) {
        return KeyServer.arguments(words);
    }

    private static byte[][] withOptions(SplittableRandom random, byte[][] start, String... options) {
        var words = new ArrayList<>(Arrays.asList(start));
        int count = Math.max(0, random.nextInt(4) - 1);
        for (int i = 0; i < count; i++) {
            words.addAll(Arrays.asList(words(any(random, options).split(" "))));
        }
        return words.toArray(byte[][]::new);
    }

    private static String value(SplittableRandom random) {
        return switch (random.nextInt(6)) {
            case 0 -> Long.toString(random.nextLong() >> random.nextInt(64));
            case 1 -> Integer.toString(random.nextInt(20_000));
            case 2 -> "v".repeat(1 + random.nextInt(100));
            case 3 -> "w".repeat(32_000 + random.nextInt(2000));
            case 4 -> "0" + random.nextInt(100);
            default -> "x" + random.nextLong();
        };
    }
}
