package io.redoubt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.redoubt.command.RawPeer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Files with values of every type and encoding, in several databases, also written while clients write: what comes with
 * Redis to check them finds nothing, and redis-server loads the same data from them.
 */
@Tag("peer")
@DisplayNameGeneration(ReplaceUnderscores.class)
@WithOneAndWithThreeLoops
class FilesPeerTest {
    private static final int[] DATABASES = {0, 3, 15};
    private static final int WRITERS = 3;

    private volatile boolean isEnough;

    @RegisterExtension
    final RedoubtServer server;

    FilesPeerTest(int ioThreads) {
        server = RedoubtServer.with("appendonly yes", "auto-aof-rewrite-percentage 0", "security-profile redis")
                .ioThreads(ioThreads);
    }

    @BeforeEach
    void requireRedis() {
        assumeTrue(RawPeer.find().isPresent(), "redis-server is not installed");
    }

    // ---- What is in the files ----

    private static void ask(RespClient client, Object... words) {
        String[] texts = new String[words.length];
        for (int i = 0; i < words.length; i++) {
            texts[i] = String.valueOf(words[i]);
        }
        Object reply = client.send(texts);
        assertThat(reply).as("%s", texts[0]).isNotInstanceOf(RespError.class);
    }

    private static String noise(long seed, int length) {
        byte[] bytes = new byte[length];
        new SplittableRandom(seed).nextBytes(bytes);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static void fillWithStrings(RespClient client) {
        int name = 0;
        for (String value : List.of(
                "",
                "0",
                "-1",
                "127",
                "128",
                "-32769",
                "2147483648",
                "-9223372036854775808",
                "9223372036854775808",
                "01",
                "short",
                "x".repeat(44),
                "x".repeat(45),
                "ab".repeat(10_000),
                noise(1, 70_000),
                "much the same ".repeat(200_000),
                noise(2, 3_000_000))) {
            ask(client, "SET", "string:" + name, value);
            ask(client, "SET", "key " + noise(name, 300), name++);
        }
        ask(client, "SETRANGE", "string:grown", 1 << 20, "end");
        ask(client, "APPEND", "string:grown", "more");
        ask(client, "SETBIT", "string:bits", 100_000, 1);
        for (int i = 0; i < 3000; i += 100) {
            ask(client, "PFADD", "hyperloglog:dense", "e" + i, "f" + i, "g" + i, noise(i, 20), noise(-i, 10));
        }
        ask(client, "PFADD", "hyperloglog:sparse", "a", "b");
    }

    /** The same names get values of as many elements: small ones are packed, large ones are not. */
    private static void fillWithCollections(RespClient client, int elements, int length) {
        String suffix = ":" + elements + ":" + length;
        for (int i = 0; i < elements; i++) {
            String element = (i + "/").repeat(length);
            ask(client, i % 2 == 0 ? "RPUSH" : "LPUSH", "list" + suffix, element, i);
            ask(client, "SADD", "set" + suffix, element);
            ask(client, "SADD", "set of numbers" + suffix, (long) i << i % (length + 12));
            ask(client, "HSET", "hash" + suffix, i, element, element, i);
            ask(client, "ZADD", "scores" + suffix, i * 0.1, element);
            ask(client, "XADD", "stream" + suffix, i + "-" + (1 + i % 3), "field", element, "n" + i % 4, i);
        }
        ask(client, "ZADD", "scores" + suffix, "-inf", "first", "+inf", "last", "1e300", "far", "-0.0", "zero");
    }

    private static void fillWithStreams(RespClient client) {
        for (int i = 1; i <= 500; i++) {
            ask(client, "XADD", "stream:groups", i + "-1", "field", i, "other", noise(i, i % 90));
        }
        for (int i = 3; i < 500; i += 7) {
            ask(client, "XDEL", "stream:groups", i + "-1");
        }
        for (String group : List.of("all", "some", "nothing")) {
            ask(client, "XGROUP", "CREATE", "stream:groups", group, group.equals("some") ? "250-0" : "0");
            ask(client, "XGROUP", "CREATECONSUMER", "stream:groups", group, "idle " + group);
        }
        for (int i = 0; i < 20; i++) {
            for (String group : List.of("all", "some")) {
                ask(client, "XREADGROUP", "GROUP", group, "c" + i % 5, "COUNT", i + 1, "STREAMS", "stream:groups", ">");
            }
        }
        ask(client, "XACK", "stream:groups", "all", "1-1", "5-1", "40-1");
        ask(client, "XCLAIM", "stream:groups", "all", "thief", "0", "2-1", "4-1", "RETRYCOUNT", "9");
        // Entries that are pending and gone.
        ask(client, "XDEL", "stream:groups", "2-1", "6-1");
        ask(client, "XADD", "stream:emptied", "7-7", "a", "b");
        ask(client, "XGROUP", "CREATE", "stream:emptied", "group", "$", "ENTRIESREAD", "1");
        ask(client, "XTRIM", "stream:emptied", "MAXLEN", "0");
        ask(client, "XGROUP", "CREATE", "stream:new", "group", "$", "MKSTREAM");
        ask(client, "XADD", "stream:moved", "1-1", "a", "b");
        ask(client, "XSETID", "stream:moved", "18446744073709551615-1", "ENTRIESADDED", "100", "MAXDELETEDID", "9-9");
    }

    private static void fill(RespClient client) {
        for (int database : DATABASES) {
            ask(client, "SELECT", database);
            fillWithCollections(client, 1, 1);
            fillWithCollections(client, 20, 2);
            if (database == DATABASES[1]) {
                fillWithStrings(client);
                fillWithCollections(client, 600, 1);
                fillWithCollections(client, 40, 5000);
                fillWithStreams(client);
            }
            int at = 0;
            for (Object key : (List<?>) client.send("KEYS", "*")) {
                if (at++ % 3 == 0) {
                    ask(client, "PEXPIREAT", key, 4_000_000_000_000L + at);
                }
            }
        }
        ask(client, "SELECT", 0);
    }

    // ---- What Redis says to them ----

    private static String output(String... command) throws IOException, InterruptedException {
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        assertThat(process.waitFor()).as(said).isZero();
        return said;
    }

    private void checkFiles() throws IOException, InterruptedException {
        var folder = server.directory();
        if (Files.exists(folder.resolve("dump.rdb"))) {
            assertThat(output("redis-check-rdb", folder.resolve("dump.rdb").toString()))
                    .contains("Checksum OK", "RDB looks OK");
        }
        assertThat(output(
                        "redis-check-aof",
                        folder.resolve("appendonlydir")
                                .resolve("appendonly.aof.manifest")
                                .toString()))
                .contains("All AOF files and manifest are valid");
    }

    /** Everything that DEBUG DIGEST does not see. */
    private static TreeMap<String, @Nullable Object> described(RespClient client) {
        var found = new TreeMap<String, @Nullable Object>();
        for (int database : DATABASES) {
            ask(client, "SELECT", database);
            for (Object name : (List<?>) client.send("KEYS", "*")) {
                String key = String.valueOf(name);
                String where = database + " " + key;
                found.put(where + " expires", client.send("PEXPIRETIME", key));
                // A short string that was changed where it stands is raw until it is loaded.
                Object encoding = client.send("OBJECT", "ENCODING", key);
                found.put(where + " encoding", "embstr".equals(encoding) ? "raw" : encoding);
                if ("stream".equals(client.send("TYPE", key))) {
                    found.put(where + " stream", client.send("XINFO", "STREAM", key, "FULL", "COUNT", "0"));
                }
            }
        }
        return found;
    }

    private static RawPeer redis(Path folder, String... options) throws IOException {
        var all = new ArrayList<>(List.of("--enable-debug-command", "yes", "--appendfsync", "no"));
        all.addAll(List.of(options));
        return RawPeer.start(RawPeer.find().orElseThrow(), folder, all.toArray(String[]::new));
    }

    private static void waitFor(RespClient client, String field) {
        long deadline = System.nanoTime() + 60_000_000_000L;
        while (!String.valueOf(client.send("INFO", "persistence")).contains(field + "\r\n")) {
            assertThat(System.nanoTime()).as(field).isLessThan(deadline);
            LockSupport.parkNanos(2_000_000);
        }
    }

    private static void save(RespClient client) {
        assertThat(client.send("BGSAVE")).isEqualTo("Background saving started");
        waitFor(client, "rdb_bgsave_in_progress:0");
        assertThat(client.send("INFO", "persistence")).asString().contains("rdb_last_bgsave_status:ok");
    }

    private static void rewrite(RespClient client) {
        assertThat(client.send("BGREWRITEAOF")).isEqualTo("Background append only file rewriting started");
        waitFor(client, "aof_rewrite_in_progress:0");
        assertThat(client.send("INFO", "persistence")).asString().contains("aof_last_bgrewrite_status:ok");
    }

    /** As to be equal, but a failure shows where they differ and not everything. */
    private static void assertAlike(String what, @Nullable Object found, @Nullable Object wanted) {
        if (found instanceof List<?> list && wanted instanceof List<?> other && list.size() == other.size()) {
            for (int i = 0; i < list.size(); i++) {
                String place = i > 0 && list.get(i - 1) instanceof String name ? name : Integer.toString(i);
                assertAlike(what + " / " + place, list.get(i), other.get(i));
            }
        } else if (!what.endsWith("seen-time")) { // Commands cannot say when a consumer was last seen.
            assertThat(found).as(what).isEqualTo(wanted);
        }
    }

    private void check(RespClient ours, String... options) throws IOException {
        try (var peer = redis(server.directory(), options);
                var theirs = RespClient.connect(peer.port())) {
            assertThat(theirs.send("DEBUG", "DIGEST")).isEqualTo(ours.send("DEBUG", "DIGEST"));
            var wanted = described(ours);
            var found = described(theirs);
            assertThat(found.keySet()).isEqualTo(wanted.keySet());
            wanted.forEach((what, value) -> assertAlike(what, found.get(what), value));
        }
    }

    @Test
    void hold_every_type_and_encoding() throws Exception {
        var client = server.client();
        fill(client);
        save(client);
        checkFiles();
        check(client, "--appendonly", "no");
        // A copy, because two must not write to the same folder: the commands as they came, then both kinds of bases.
        for (String base : List.of("", "yes", "no")) {
            if (!base.isEmpty()) {
                client.send("CONFIG", "SET", "aof-use-rdb-preamble", base);
                rewrite(client);
            }
            checkFiles();
            Path copy = Files.createTempDirectory(server.directory(), "copy");
            Files.createDirectories(copy.resolve("appendonlydir"));
            try (var files = Files.list(server.directory().resolve("appendonlydir"))) {
                for (Path file : files.toList()) {
                    Files.copy(file, copy.resolve("appendonlydir").resolve(file.getFileName()));
                }
            }
            check(client, "--dir", copy.toString(), "--appendonly", "yes");
        }
    }

    /** Under each policy, what is known of accesses, with keys restored as if they had been used long ago or often. */
    @ParameterizedTest
    @ValueSource(strings = {"volatile-lru", "allkeys-lru", "volatile-lfu", "allkeys-lfu", "noeviction"})
    void tell_when_or_how_often_keys_were_used(String policy) throws Exception {
        var client = server.client();
        ask(client, "CONFIG", "SET", "maxmemory-policy", policy);
        boolean isFrequency = policy.endsWith("lfu");
        String[] question = {"OBJECT", isFrequency ? "FREQ" : "IDLETIME", ""};
        ask(client, "RPUSH", "list", "a", "b");
        String payload = String.valueOf(client.send("DUMP", "list"));
        long[] numbers = isFrequency ? new long[] {0, 1, 100, 255} : new long[] {100, 70_000, 9_000_000};
        for (long number : numbers) {
            ask(client, "RESTORE", "key" + number, 0, payload, isFrequency ? "FREQ" : "IDLETIME", number);
        }
        save(client);
        checkFiles();
        server.addLines("appendonly no", "maxmemory-policy " + policy);
        server.restart();
        var again = server.client();
        try (var peer = redis(server.directory(), "--maxmemory-policy", policy);
                var theirs = RespClient.connect(peer.port())) {
            for (long number : numbers) {
                question[2] = "key" + number;
                long expected = policy.equals("noeviction") ? 0 : number;
                assertThat((Long) again.send(question)).isBetween(expected, expected + (isFrequency ? 0 : 60));
                // What is seldom used counts down by the minute, and Redis's clock begins anew when it starts.
                assertThat((Long) theirs.send(question)).isBetween(expected - 1, expected + 60);
            }
        }
    }

    // ---- While clients write ----

    /** Changes keys of all types in one transaction after the other: each key says which was the last. */
    private void write(int writer, long seed) {
        var random = new SplittableRandom(seed);
        String tag = "{" + writer + "}";
        var client = server.client();
        ask(client, "XGROUP", "CREATE", tag + "stream", "group", "0", "MKSTREAM");
        for (long number = 1; !isEnough; number++) {
            String member = (random.nextInt(700) + " ").repeat(random.nextInt(40) == 0 ? 50 : 1);
            boolean isAdded = random.nextInt(3) > 0;
            var requests = new ArrayList<String[]>();
            requests.add(new String[] {"MULTI"});
            requests.add(new String[] {"SET", tag + "text", "" + number, "EX", "100000"});
            requests.add(new String[] {"SETRANGE", tag + "large", "" + random.nextInt(200_000), "<" + number + ">"});
            requests.add(
                    isAdded
                            ? new String[] {"HSET", tag + "hash", member, "" + number}
                            : new String[] {"HDEL", tag + "hash", member});
            requests.add(new String[] {isAdded ? "SADD" : "SREM", tag + "set", member});
            requests.add(
                    isAdded
                            ? new String[] {"ZADD", tag + "scores", "" + number, member}
                            : new String[] {"ZREM", tag + "scores", member});
            requests.add(new String[] {"RPUSH", tag + "list", "" + number});
            requests.add(new String[] {"LTRIM", tag + "list", "-2000", "-1"});
            requests.add(new String[] {"XADD", tag + "stream", "MAXLEN", "500", number + "-1", "field", member});
            requests.add(new String[] {
                "XREADGROUP", "GROUP", "group", "c" + random.nextInt(9), "COUNT", "3", "STREAMS", tag + "stream", ">"
            });
            requests.add(new String[] {"XACK", tag + "stream", "group", random.nextLong(number) + "-1"});
            requests.add(new String[] {"SELECT", "9"});
            requests.add(new String[] {"SET", tag + "elsewhere", "" + number});
            requests.add(new String[] {"SELECT", "0"});
            requests.add(new String[] {"EXEC"});
            for (String[] request : requests) {
                client.sendRaw(RespClient.request(request));
            }
            for (int i = 1; i < requests.size(); i++) {
                client.read();
            }
            assertThat(client.read()).isInstanceOf(List.class);
        }
    }

    private static Set<?> setOf(@Nullable Object list) {
        return Set.copyOf((List<?>) list);
    }

    private static void assertOneMoment(RespClient client) {
        for (int writer = 0; writer < WRITERS; writer++) {
            String tag = "{" + writer + "}";
            Object number = client.send("GET", tag + "text");
            assertThat(number).isNotNull();
            assertThat(client.send("LINDEX", tag + "list", "-1")).isEqualTo(number);
            assertThat(client.send("XREVRANGE", tag + "stream", "+", "-", "COUNT", "1"))
                    .asString()
                    .startsWith("[[" + number + "-1");
            var members = setOf(client.send("SMEMBERS", tag + "set"));
            assertThat(setOf(client.send("HKEYS", tag + "hash"))).isEqualTo(members);
            assertThat(setOf(client.send("ZRANGE", tag + "scores", "0", "-1"))).isEqualTo(members);
            ask(client, "SELECT", 9);
            assertThat(client.send("GET", tag + "elsewhere")).isEqualTo(number);
            ask(client, "SELECT", 0);
        }
    }

    @Test
    void hold_one_moment_of_a_changing_keyspace() throws Exception {
        var client = server.client();
        var failures = new ConcurrentLinkedQueue<Throwable>();
        var writers = new ArrayList<Thread>();
        for (int i = 0; i < WRITERS; i++) {
            int writer = i;
            writers.add(Thread.ofVirtual()
                    .uncaughtExceptionHandler((_, failure) -> failures.add(failure))
                    .start(() -> write(writer, writer)));
        }
        try {
            for (int i = 0; i < WRITERS; i++) {
                while (!(client.send("LLEN", "{" + i + "}list") instanceof Long length) || length < 500) {
                    assertThat(failures).isEmpty();
                    LockSupport.parkNanos(1_000_000);
                }
            }
            for (int round = 0; round < 4; round++) {
                save(client);
                assertThat(output(
                                "redis-check-rdb",
                                server.directory().resolve("dump.rdb").toString()))
                        .contains("RDB looks OK");
                try (var peer = redis(server.directory(), "--appendonly", "no");
                        var theirs = RespClient.connect(peer.port())) {
                    assertOneMoment(theirs);
                }
                client.send("CONFIG", "SET", "aof-use-rdb-preamble", round % 2 == 0 ? "yes" : "no");
                rewrite(client);
            }
        } finally {
            isEnough = true;
            for (var writer : writers) {
                writer.join();
            }
        }
        assertThat(failures).isEmpty();
        checkFiles();
        Object digest = client.send("DEBUG", "DIGEST");
        assertOneMoment(client);
        server.restart();
        assertThat(server.client().send("DEBUG", "DIGEST")).isEqualTo(digest);
        try (var peer = redis(server.directory(), "--appendonly", "yes");
                var theirs = RespClient.connect(peer.port())) {
            assertThat(theirs.send("DEBUG", "DIGEST")).isEqualTo(digest);
        }
    }
}
