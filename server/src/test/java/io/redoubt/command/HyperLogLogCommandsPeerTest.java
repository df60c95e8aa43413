package io.redoubt.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The same random requests to redis-server and to ours: every reply and every byte must be the same. */
@Tag("peer")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class HyperLogLogCommandsPeerTest {
    private static final int STEPS = 800;
    private static final String[] KEYS = {"a", "b", "c", "{tag}d", "none"};
    private static final String EMPTY = "HYLL\u0001" + "\0".repeat(11) + "\u007F\u00FF";

    private SplittableRandom random = new SplittableRandom(0);

    @ParameterizedTest(name = "seed {0}, hll-sparse-max-bytes {1}")
    @CsvSource({"1, 3000", "2, 3000", "3, 100", "4, 0", "5, 20000"})
    void answer_what_redis_answers(long seed, long sparseBytesMax) throws IOException {
        assumeTrue(RedisPeer.isInstalled(), "no redis-server on the path");
        random = new SplittableRandom(seed);
        var ours =
                new CommandFixture(new HyperLogLogCommands(() -> sparseBytesMax), new StringCommands(() -> 512L << 20));
        try (var peer = RedisPeer.start("--hll-sparse-max-bytes", "" + sparseBytesMax)) {
            var both = new PeerComparison(peer, ours);
            for (int step = 0; step < STEPS; step++) {
                String[] request = next();
                String reply = both.send("step " + step, request);
                if (request[0].equals("PFADD") && reply.startsWith("-INVALIDOBJ")) {
                    // Redis has added what came before it saw the error, and tells no replica; we have added nothing.
                    both.send("step " + step, "SET", request[1], EMPTY);
                }
                both.compareValue("step " + step, request[request[0].equals("PFDEBUG") ? 2 : 1]);
            }
            for (String key : KEYS) {
                both.compareValue("the end", key);
            }
        }
    }

    private String pick(String... choices) {
        return choices[random.nextInt(choices.length)];
    }

    private String key() {
        return pick(KEYS);
    }

    private String[] next() {
        var request = new ArrayList<String>();
        switch (random.nextInt(12)) {
            case 0, 1, 2, 3, 4 -> {
                add(request, "PFADD", key());
                int bulk = random.nextInt(10) == 0 ? 600 : random.nextInt(8);
                for (int count = bulk; count > 0; count--) {
                    request.add(element());
                }
            }
            case 5, 6, 7 -> {
                add(request, "PFCOUNT", key());
                for (int more = random.nextInt(4) - 1; more > 0; more--) {
                    request.add(key());
                }
            }
            case 8 -> {
                add(request, "PFMERGE", key());
                for (int more = random.nextInt(3); more > 0; more--) {
                    request.add(key());
                }
            }
            case 9 -> {
                // One that would make a key dense, and all later ones with it, is rare.
                boolean makesDense = random.nextInt(8) == 0;
                add(
                        request,
                        "PFDEBUG",
                        makesDense ? pick("GETREG", "todense") : pick("DECODE", "encoding", "x"),
                        key());
            }
            case 10 -> {
                if (random.nextInt(3) == 0) {
                    add(
                            request,
                            "SET",
                            key(),
                            pick(
                                    EMPTY,
                                    "1",
                                    "HYLL",
                                    EMPTY + "\u0000",
                                    EMPTY.replace('\u00FF', 'x'),
                                    "HYLL" + "\0".repeat(12300),
                                    "HYLL" + "\0".repeat(12),
                                    "x".repeat(40_000)));
                } else {
                    add(request, "GETDEL", key());
                }
            }
            default ->
                add(
                        request,
                        "SETRANGE",
                        key(),
                        "8",
                        pick("\u0005" + "\0".repeat(7), "\u0005" + "\0".repeat(6) + "\u0080"));
        }
        return request.toArray(String[]::new);
    }

    private String element() {
        int size = random.nextInt(20);
        return "x".repeat(size) + random.nextInt(2000);
    }

    private static void add(List<String> request, String... arguments) {
        request.addAll(List.of(arguments));
    }

    @Test
    void each_reads_what_the_other_has_made() throws IOException {
        assumeTrue(RedisPeer.isInstalled(), "no redis-server on the path");
        var ours = new CommandFixture(new HyperLogLogCommands(() -> 3000), new StringCommands(() -> 512L << 20));
        try (var peer = RedisPeer.start()) {
            for (int size : new int[] {0, 1, 50, 2000, 30_000}) {
                var request = new ArrayList<>(List.of("PFADD", "k" + size));
                for (int i = 0; i < size; i++) {
                    request.add("element " + i);
                }
                peer.send(request.toArray(String[]::new));
                String count = peer.send("PFCOUNT", "k" + size);
                ours.raw("SET", "k" + size, bulk(peer.send("GET", "k" + size)));
                assertThat(ours.raw("PFCOUNT", "k" + size)).isEqualTo(count);
                request.set(1, "ours" + size);
                ours.raw(request.toArray(String[]::new));
                peer.send("SET", "ours" + size, bulk(ours.raw("GET", "ours" + size)));
                assertThat(peer.send("PFCOUNT", "ours" + size)).isEqualTo(count);
                assertThat(ours.raw("PFCOUNT", "ours" + size)).isEqualTo(count);
            }
        }
    }

    private static String bulk(String reply) {
        int start = reply.indexOf("\r\n") + 2;
        return reply.substring(start, reply.length() - 2);
    }
}
