package io.redoubt.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.redoubt.persist.DumpCommands;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Random requests on consumer groups, to redis-server and to ours: every reply must be the same but for the time of day,
 * each must restore what the other dumps, and another of each kind that gets our effects must come to the same state.
 */
@Tag("peer")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class StreamGroupsPeerTest {
    private static final int STEPS = 3000;
    private static final String[] KEYS = {"a", "b"};
    private static final Pattern TIME = Pattern.compile(":1[78]\\d{11}\r\n");
    private static final Pattern IDLE = Pattern.compile("(idle\r\n|\\d-\\d+\r\n\\$\\d+\r\n[^\r]*\r\n):\\d{1,5}\r\n");
    private static final Pattern SEEN = Pattern.compile("seen-time\r\n:\\d+");

    private SplittableRandom random = new SplittableRandom(0);
    private int milliseconds;
    private boolean isSequential;
    private int next;

    private static CommandFixture ours() {
        var ours = new CommandFixture(
                new StringCommands(() -> 512L << 20),
                new StreamCommands(),
                new StreamGroupCommands(),
                new StreamInfoCommands(),
                new KeyCommands(new StubGate(null), 16, () -> false),
                new DumpCommands(() -> false));
        ours.keyspace().thresholds().streamBlockEntries = 10;
        return ours;
    }

    private static RedisPeer redis() throws IOException {
        return RedisPeer.start("--rdbcompression", "no", "--stream-node-max-entries", "10");
    }

    @ParameterizedTest(name = "seed {0}, IDs up to {1}, RESP{2}")
    @CsvSource({"1, 20, 2", "2, 60, 3", "3, 300, 2", "4, 0, 3", "5, 0, 2"})
    void answer_what_redis_answers(long seed, int millisecondsMax, int protocol) throws IOException {
        assumeTrue(RedisPeer.isInstalled(), "no redis-server on the path");
        random = new SplittableRandom(seed);
        isSequential = millisecondsMax == 0;
        milliseconds = isSequential ? 1 : millisecondsMax;
        var ours = ours();
        var replica = ours();
        ours.session().setProtocol(protocol);
        try (var peer = redis();
                var peerReplica = redis()) {
            peer.send("HELLO", "" + protocol);
            for (int step = 0; step < STEPS; step++) {
                String[] request = next();
                String what = "step " + step + " " + Arrays.toString(request);
                ours.nowMillis = System.currentTimeMillis();
                replica.nowMillis = ours.nowMillis;
                String expected = peer.send(request);
                boolean tellsIdle = request[0].equals("XPENDING") || request[1].equals("CONSUMERS");
                assertThat(timeless(ours.raw(request), tellsIdle)).as(what).isEqualTo(timeless(expected, tellsIdle));
                for (String effect : ours.takeEffects()) {
                    String[] words = effect.split(" ", -1);
                    if (words.length == 1) {
                        continue; // MULTI and EXEC.
                    }
                    assertThat(replica.raw(words)).as(what + ": " + effect).doesNotStartWith("-");
                    assertThat(peerReplica.send(words)).as(what + ": " + effect).doesNotStartWith("-");
                }
                if (step % 50 == 0 || step == STEPS - 1) {
                    exchange(peer, ours, what);
                    compareReplicas(ours, replica, peerReplica, what);
                }
            }
        }
    }

    private static String timeless(String reply, boolean tellsIdle) {
        String withoutTime = TIME.matcher(reply).replaceAll(":now\r\n");
        return tellsIdle ? IDLE.matcher(withoutTime).replaceAll("$1:idle\r\n") : withoutTime;
    }

    /** Restores on each side what the other dumps, and compares all that is known of it, times included. */
    private static void exchange(RedisPeer peer, CommandFixture ours, String what) throws IOException {
        for (String key : KEYS) {
            for (String[] read : List.of(
                    new String[] {"XINFO", "STREAM", key, "FULL", "COUNT", "0"},
                    new String[] {"XINFO", "GROUPS", key})) {
                assertThat(timeless(ours.raw(read), false)).as(what).isEqualTo(timeless(peer.send(read), false));
            }
            exchange(bulk(peer.send("DUMP", key)), peer, ours, what);
            exchange(bulk(ours.raw("DUMP", key)), peer, ours, what);
        }
    }

    private static void exchange(String payload, RedisPeer peer, CommandFixture ours, String what) throws IOException {
        if (payload.isEmpty()) {
            return;
        }
        assertThat(peer.send("RESTORE", "x", "0", payload, "REPLACE")).as(what).isEqualTo("+OK\r\n");
        assertThat(ours.raw("RESTORE", "x", "0", payload, "REPLACE")).as(what).isEqualTo("+OK\r\n");
        String[] read = {"XINFO", "STREAM", "x", "FULL", "COUNT", "0"};
        assertThat(ours.raw(read)).as(what).isEqualTo(peer.send(read));
        assertThat(bulk(ours.raw("DUMP", "x"))).as(what).isEqualTo(payload);
        assertThat(bulk(peer.send("DUMP", "x"))).as(what).isEqualTo(payload);
        assertThat(ours.raw("COPY", "x", "y")).isEqualTo(":1\r\n");
        assertThat(bulk(ours.raw("DUMP", "y"))).as(what).isEqualTo(payload);
        ours.raw("DEL", "x", "y");
        peer.send("DEL", "x");
        ours.takeEffects();
    }

    private static void compareReplicas(CommandFixture ours, CommandFixture replica, RedisPeer peerReplica, String what)
            throws IOException {
        int protocol = ours.session().protocol();
        ours.session().setProtocol(2);
        for (String key : KEYS) {
            String[] read = {"XINFO", "STREAM", key, "FULL", "COUNT", "0"};
            String state = withoutSeen(ours.raw(read));
            assertThat(withoutSeen(replica.raw(read))).as(what).isEqualTo(state);
            assertThat(withoutSeen(peerReplica.send(read))).as(what).isEqualTo(state);
        }
        ours.session().setProtocol(protocol);
    }

    private static String withoutSeen(String reply) {
        return SEEN.matcher(reply).replaceAll("seen");
    }

    private static String bulk(String reply) {
        int end = reply.indexOf("\r\n");
        return reply.startsWith("$") && !reply.startsWith("$-1") ? reply.substring(end + 2, reply.length() - 2) : "";
    }

    private String pick(String... choices) {
        return choices[random.nextInt(choices.length)];
    }

    private String key() {
        return random.nextInt(60) == 0 ? pick("none", "s") : pick(KEYS);
    }

    private String group() {
        return random.nextInt(30) == 0 ? pick("none", "") : pick("g", "g", "g", "h", "gg");
    }

    private String consumer() {
        return random.nextInt(30) == 0 ? pick("", "none") : pick("c", "d", "e", "cc", "\u00ff\u0001");
    }

    private String id() {
        if (random.nextInt(60) == 0) {
            return pick("x", "", "-", "+", "1-", "$", ">", "5-*", "0-0", "0", "99999999999999999999", "(1");
        }
        if (isSequential) {
            return Math.max(1, next - random.nextInt(40)) + "-1";
        }
        return random.nextInt(milliseconds) + (random.nextInt(4) == 0 ? "" : "-" + random.nextInt(3));
    }

    private String bound() {
        return switch (random.nextInt(6)) {
            case 0, 1 -> "-";
            case 2, 3 -> "+";
            case 4 -> "(" + id();
            default -> id();
        };
    }

    private String count() {
        return random.nextInt(20) == 0 ? pick("0", "-1", "x", "9223372036854775807", "") : "" + random.nextInt(1, 8);
    }

    /** What was delivered is either fresh or, by TIME, very old. */
    private String idle() {
        return random.nextInt(20) == 0 ? pick("-1", "x", "9223372036854775807") : pick("0", "0", "1000000");
    }

    private String[] more(List<String> request, String... maybe) {
        var all = new ArrayList<>(request);
        for (String word : maybe) {
            if (random.nextInt(3) == 0) {
                all.addAll(Arrays.asList(word.split(" ")));
            }
        }
        return all.toArray(String[]::new);
    }

    private String[] withIds(String... first) {
        var request = new ArrayList<>(List.of(first));
        for (int i = random.nextInt(5); i >= 0; i--) {
            request.add(id());
        }
        return request.toArray(String[]::new);
    }

    private String[] add(String key) {
        String id = isSequential ? ++next + "-1" : random.nextInt(5) == 0 ? "*" : id();
        id = id.equals("*") ? id() : id;
        return random.nextInt(40) == 0
                ? new String[] {"XADD", key, "MAXLEN", "" + random.nextInt(30), id, "f", "v"}
                : new String[] {"XADD", key, id, "f", "" + random.nextInt(100)};
    }

    private String[] readGroup(String key) {
        var request = new ArrayList<>(List.of("XREADGROUP", "GROUP", group(), consumer()));
        if (random.nextInt(3) > 0) {
            request.addAll(List.of("COUNT", count()));
        }
        if (random.nextInt(4) == 0) {
            request.add("NOACK");
        }
        if (random.nextInt(60) == 0) {
            request.add(pick("x", "BLOCK", "GROUP"));
        }
        request.add("STREAMS");
        if (random.nextInt(5) == 0) {
            request.addAll(List.of(key, key(), newOrHistory(), newOrHistory()));
        } else {
            request.addAll(List.of(key, newOrHistory()));
        }
        if (random.nextInt(80) == 0) {
            request.removeLast();
        }
        return request.toArray(String[]::new);
    }

    private String newOrHistory() {
        return random.nextInt(4) > 0 ? ">" : random.nextBoolean() ? "0" : id();
    }

    private String[] claim(String key) {
        String[] ids = withIds("XCLAIM", key, group(), consumer(), idle());
        return more(
                List.of(ids),
                "IDLE " + pick("5000000", "0", "-5", random.nextInt(9) == 0 ? "x" : "1000000000"),
                "TIME " + pick("1000", "99999999999999", "-7"),
                "RETRYCOUNT " + pick("3", "0", "-2", "77777777777"),
                "FORCE",
                "JUSTID",
                random.nextInt(4) == 0 ? "LASTID " + id() : "FORCE",
                random.nextInt(9) == 0 ? "WRONG" : "JUSTID");
    }

    private String[] pending(String key) {
        var request = new ArrayList<>(List.of("XPENDING", key, group()));
        if (random.nextInt(3) == 0) {
            return request.toArray(String[]::new);
        }
        if (random.nextInt(3) == 0) {
            request.addAll(List.of("IDLE", idle()));
        }
        request.addAll(List.of(bound(), bound(), count()));
        if (random.nextBoolean()) {
            request.add(consumer());
        }
        if (random.nextInt(30) == 0) {
            request.removeLast();
        }
        return request.toArray(String[]::new);
    }

    private String[] next() {
        String key = key();
        return switch (random.nextInt(64)) {
            case 0, 1 ->
                more(List.of("XGROUP", "CREATE", key, group(), pick("$", "0", id())), "MKSTREAM", "ENTRIESREAD 3");
            case 2 ->
                more(
                        List.of("XGROUP", "SETID", key, group(), pick("$", "0", "-", "+", id())),
                        "ENTRIESREAD " + count());
            case 3 ->
                random.nextInt(4) == 0
                        ? new String[] {"XGROUP", "DESTROY", key, group()}
                        : new String[] {"XGROUP", "CREATECONSUMER", key, group(), consumer()};
            case 4 -> new String[] {"XGROUP", pick("DELCONSUMER", "CREATECONSUMER"), key, group(), consumer()};
            case 5 -> new String[] {"XGROUP", "CREATE", key, group(), pick("$", "0"), pick("MKSTREAM", "x")};
            case 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 -> readGroup(key);
            case 16, 17, 18, 19, 20, 21 -> withIds("XACK", key, group());
            case 22, 23, 24 -> pending(key);
            case 25, 26, 27, 28 -> claim(key);
            case 29, 30, 31, 32 ->
                more(
                        List.of("XAUTOCLAIM", key, group(), consumer(), idle(), bound()),
                        "COUNT " + count(),
                        "JUSTID",
                        random.nextInt(20) == 0 ? "x" : "COUNT 2");
            case 33 -> new String[] {"XINFO", "GROUPS", key};
            case 34 -> new String[] {"XINFO", "CONSUMERS", key, group()};
            case 35 -> new String[] {"XINFO", "STREAM", key, "FULL", "COUNT", count()};
            case 36, 37 -> withIds("XDEL", key);
            case 38 -> new String[] {"XTRIM", key, "MAXLEN", pick("~", "="), "" + random.nextInt(40)};
            case 39 -> new String[] {"XTRIM", key, "MINID", id()};
            case 40 -> random.nextInt(3) == 0 ? new String[] {"XSETID", key, id()} : add(key);
            case 41 ->
                random.nextInt(8) == 0
                        ? new String[] {pick("DEL", "SET"), key.equals("s") ? "s" : pick(key, "none"), "x"}
                        : new String[] {"COPY", key, pick(KEYS), "REPLACE"};
            default -> add(key);
        };
    }
}
