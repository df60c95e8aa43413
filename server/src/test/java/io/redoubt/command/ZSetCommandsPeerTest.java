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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The same random requests to redis-server and to ours: every reply must be the same, byte for byte. */
@Tag("peer")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ZSetCommandsPeerTest {
    private static final String[] SCORES = {
        "1", "2", "-3", "1.5", "0.1", "1e100", "-1e-7", "inf", "-inf", "17", "3.0", "1e17", "123456789012", "0"
    };
    private static final String[] KEYS = {"a", "b", "c", "d", "set", "text"};

    @ParameterizedTest(name = "seed {0}, RESP{1}, {2} members")
    @CsvSource({"1, 2, 20", "2, 3, 20", "3, 2, 110", "4, 3, 400", "5, 2, 2000"})
    void answer_what_redis_answers(long seed, int protocol, int members) throws IOException {
        assumeTrue(RedisPeer.isInstalled(), "no redis-server on the path");
        var seeded = new Requests(new SplittableRandom(seed), members);
        var server = new CommandFixture(new ZSetCommands(), new SetCommands(), new StringCommands(() -> 512L << 20));
        server.session().setProtocol(protocol);
        try (var peer = RedisPeer.start()) {
            peer.send("HELLO", "" + protocol);
            for (int step = 0; step < 3000; step++) {
                server.nowMillis = System.currentTimeMillis();
                String[] request = seeded.next();
                String what = "step " + step + ": " + String.join(" ", request);
                String expected = peer.send(request);
                assertThat(server.raw(request)).as(what).isEqualTo(expected);
                String encoding = peer.send("OBJECT", "ENCODING", request[1]);
                boolean isFound = encoding.startsWith("$") && !encoding.startsWith("$-1");
                if (!request[1].equals("set")) {
                    assertThat(server.encoding(request[1]))
                            .as(what)
                            .isEqualTo(isFound ? encoding.split("\r\n")[1] : "none");
                }
            }
        }
    }

    /** Requests about few keys, one of them a set and one a string. */
    private static final class Requests {
        private final SplittableRandom random;
        private final int members;

        Requests(SplittableRandom random, int members) {
            this.random = random;
            this.members = members;
        }

        private String one(String... of) {
            return of[random.nextInt(of.length)];
        }

        private String key() {
            return random.nextInt(30) == 0 ? one(KEYS) : one("a", "a", "b", "c");
        }

        private String member() {
            int number = random.nextInt(members);
            return switch (number % 5) {
                case 0 -> "" + number;
                case 1 -> "-" + number;
                case 2 -> random.nextInt(400) == 0 ? "long".repeat(20) + number : "m" + number;
                default -> "m" + number;
            };
        }

        private String score() {
            return random.nextInt(60) == 0
                    ? one("x", "nan", "", "1e999")
                    : random.nextBoolean() ? one(SCORES) : "" + random.nextInt(100);
        }

        private String bound() {
            return random.nextInt(60) == 0
                    ? one("x", "((1", "")
                    : (random.nextInt(3) == 0 ? "(" : "") + one(one(SCORES), "5", "50");
        }

        private String lexBound() {
            return switch (random.nextInt(12)) {
                case 0, 1 -> "-";
                case 2, 3 -> "+";
                case 4 -> random.nextInt(8) == 0 ? one("x", "", "+x") : "[";
                case 5, 6, 7 -> "(" + member();
                default -> "[" + member();
            };
        }

        private String index() {
            return random.nextInt(60) == 0 ? one("x", "") : "" + (random.nextInt(30) - 15);
        }

        private List<String> keys(List<String> into) {
            int count = 1 + random.nextInt(3);
            into.add(random.nextInt(40) == 0 ? one("0", "x", "9", "-1") : "" + count);
            for (int i = 0; i < count; i++) {
                into.add(random.nextInt(4) == 0 ? "set" : key());
            }
            return into;
        }

        String[] next() {
            List<String> words = new ArrayList<>();
            switch (random.nextInt(25)) {
                case 0, 1, 2, 3, 4, 5, 6, 7 -> {
                    words.addAll(List.of("ZADD", key()));
                    for (int i = random.nextInt(12); i < 3; i++) {
                        words.add(one("NX", "XX", "GT", "LT", "CH", "INCR", "ch"));
                    }
                    for (int i = random.nextInt(members > 100 ? 12 : 3); i >= 0; i--) {
                        words.addAll(List.of(score(), member()));
                    }
                }
                case 8 -> words.addAll(List.of("ZINCRBY", key(), score(), member()));
                case 9 -> words.addAll(List.of("ZREM", key(), member(), member(), member()));
                case 10 -> words.addAll(List.of(one("ZSCORE", "ZRANK", "ZREVRANK", "ZMSCORE"), key(), member()));
                case 11 -> words.addAll(List.of(one("ZRANGE", "ZREVRANGE"), key(), index(), index()));
                case 12 -> {
                    words.addAll(List.of(one("ZRANGEBYSCORE", "ZREVRANGEBYSCORE"), key(), bound(), bound()));
                    rangeOptions(words);
                }
                case 13 -> {
                    words.addAll(List.of(one("ZRANGEBYLEX", "ZREVRANGEBYLEX"), "lex", lexBound(), lexBound()));
                    rangeOptions(words);
                }
                case 14, 15 -> {
                    boolean stores = random.nextInt(3) == 0;
                    words.addAll(stores ? List.of("ZRANGESTORE", key(), key()) : List.of("ZRANGE", key()));
                    boolean byScore = random.nextBoolean();
                    words.addAll(byScore ? List.of(bound(), bound(), "BYSCORE") : List.of(index(), index()));
                    rangeOptions(words);
                }
                case 16 -> words.addAll(List.of("ZCOUNT", key(), bound(), bound()));
                case 17 -> words.addAll(List.of("ZLEXCOUNT", "lex", lexBound(), lexBound()));
                case 18 -> {
                    switch (random.nextInt(6)) {
                        case 0 -> words.addAll(List.of("ZREMRANGEBYSCORE", key(), bound(), bound()));
                        case 1 -> words.addAll(List.of("ZREMRANGEBYRANK", key(), index(), index()));
                        case 2 -> words.addAll(List.of("ZREMRANGEBYLEX", "lex", lexBound(), lexBound()));
                        default -> words.addAll(List.of("ZCARD", key()));
                    }
                }
                case 19 -> {
                    words.addAll(List.of(one("ZPOPMIN", "ZPOPMAX"), key()));
                    if (random.nextBoolean()) {
                        words.add(index());
                    }
                }
                case 20 -> {
                    keys(words);
                    words.addFirst("ZMPOP");
                    words.add(one("MIN", "MAX", "max", "x"));
                    if (random.nextBoolean()) {
                        words.addAll(List.of("COUNT", index()));
                    }
                }
                case 21, 22 -> {
                    boolean stores = random.nextInt(3) == 0;
                    words.add(one("ZUNION", "ZINTER", "ZDIFF") + (stores ? "STORE" : ""));
                    if (stores) {
                        words.add(key());
                    }
                    keys(words);
                    for (int i = random.nextInt(3); i < 2; i++) {
                        words.addAll(
                                switch (random.nextInt(4)) {
                                    case 0 -> List.of("WITHSCORES");
                                    case 1 -> List.of("AGGREGATE", one("SUM", "MIN", "max", "x"));
                                    case 2 -> List.of("WEIGHTS", score(), score());
                                    default -> List.<String>of();
                                });
                    }
                }
                case 23 -> {
                    keys(words);
                    words.addFirst("ZINTERCARD");
                    if (random.nextBoolean()) {
                        words.addAll(List.of("LIMIT", index()));
                    }
                }
                default -> {
                    switch (random.nextInt(5)) {
                        case 0 -> words.addAll(List.of("SADD", one("set", "a"), member()));
                        case 1 -> words.addAll(List.of("SET", "text", "x"));
                        default -> words.addAll(List.of("ZADD", "lex", "0", member(), "0", member(), "0", member()));
                    }
                }
            }
            return words.toArray(String[]::new);
        }

        private void rangeOptions(List<String> words) {
            for (int i = random.nextInt(4); i < 2; i++) {
                words.addAll(
                        switch (random.nextInt(4)) {
                            case 0 -> List.of("WITHSCORES");
                            case 1 -> List.of("LIMIT", index(), index());
                            case 2 -> List.of("REV");
                            default -> List.<String>of();
                        });
            }
        }
    }
}
