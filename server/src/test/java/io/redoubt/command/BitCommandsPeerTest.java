package io.redoubt.command;

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

/** The same random requests to redis-server and to ours: every reply and every byte must be the same. */
@Tag("peer")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class BitCommandsPeerTest {
    private static final int STEPS = 1500;
    private static final String[] KEYS = {"a", "b", "c", "{tag}d", "number", "none"};
    private static final String[] NUMBERS = {
        "0",
        "-1",
        "1",
        "255",
        "256",
        "-129",
        "127",
        "9223372036854775807",
        "-9223372036854775808",
        "4611686018427387904",
        "9223372036854775808",
        "x",
        ""
    };

    private SplittableRandom random = new SplittableRandom(0);

    @ParameterizedTest(name = "seed {0}, RESP{1}")
    @CsvSource({"1, 2", "2, 3", "3, 2", "4, 3"})
    void answer_what_redis_answers(long seed, int protocol) throws IOException {
        assumeTrue(RedisPeer.isInstalled(), "no redis-server on the path");
        random = new SplittableRandom(seed);
        var ours = new CommandFixture(new BitCommands(() -> 512L << 20), new StringCommands(() -> 512L << 20));
        ours.session().setProtocol(protocol);
        try (var peer = RedisPeer.start()) {
            peer.send("HELLO", "" + protocol);
            var both = new PeerComparison(peer, ours);
            for (int step = 0; step < STEPS; step++) {
                String[] request = next();
                both.send("step " + step, request);
                both.compareValue(
                        "step " + step + ", " + StringCommandsModelTest.describe(request),
                        request[request[0].equals("BITOP") ? 2 : 1]);
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
        switch (random.nextInt(9)) {
            case 0 -> add(request, "SET", key(), value());
            case 1, 2 ->
                add(request, "SETBIT", key(), offset(), random.nextInt(12) == 0 ? pick("2", "-1", "x") : bit());
            case 3 -> add(request, "GETBIT", key(), offset());
            case 4 -> {
                add(request, "BITCOUNT", key());
                range(request, random.nextInt(5));
            }
            case 5 -> {
                add(request, "BITPOS", key(), random.nextInt(12) == 0 ? pick("2", "x") : bit());
                range(request, random.nextInt(5));
            }
            case 6 -> {
                add(request, "BITOP", pick("AND", "or", "Xor", "NOT", "AND", "foo"), key(), key());
                for (int more = random.nextInt(3); more > 0; more--) {
                    request.add(key());
                }
            }
            default -> bitfield(request);
        }
        return request.toArray(String[]::new);
    }

    private void range(List<String> request, int count) {
        for (int i = 0; i < count; i++) {
            request.add(i < 2 ? index() : pick("BYTE", "bit", "BIT", "x"));
        }
    }

    private String index() {
        return random.nextInt(12) == 0 ? pick(NUMBERS) : Integer.toString(random.nextInt(-400, 400));
    }

    private String bit() {
        return random.nextBoolean() ? "1" : "0";
    }

    /** An offset: mostly near, sometimes at the size where values get arrays of their own. */
    private String offset() {
        return switch (random.nextInt(12)) {
            case 0 -> pick("-1", "x", "", "4294967296", "#1");
            case 1 -> Integer.toString(32_760 * 8 + random.nextInt(256));
            case 2 -> Integer.toString(random.nextInt(400_000));
            default -> Integer.toString(random.nextInt(400));
        };
    }

    private String value() {
        if (random.nextInt(4) == 0) {
            return pick("0", "-1", "123456", "9223372036854775807", "");
        }
        int size = random.nextInt(5) == 0 ? 32_760 + random.nextInt(16) : random.nextInt(60);
        if (random.nextBoolean()) {
            return pick("\u0000", "\u00FF", "a").repeat(size);
        }
        var text = new StringBuilder();
        for (int i = 0; i < size; i++) {
            text.append((char) random.nextInt(256));
        }
        return text.toString();
    }

    private void bitfield(List<String> request) {
        add(request, random.nextInt(4) == 0 ? "BITFIELD_RO" : "BITFIELD", key());
        for (int operations = random.nextInt(5); operations > 0; operations--) {
            switch (random.nextInt(8)) {
                case 0, 1 -> add(request, "GET", type(), fieldOffset());
                case 2, 3 -> add(request, "set", type(), fieldOffset(), number());
                case 4, 5 -> add(request, "INCRBY", type(), fieldOffset(), number());
                case 6 -> add(request, "OVERFLOW", pick("WRAP", "sat", "SAT", "FAIL", "fail"));
                default -> {
                    if (random.nextInt(5) == 0) {
                        add(request, pick("OVERFLOW", "foo", "GET", "SET", "OVERFLOW foo"));
                    }
                }
            }
        }
    }

    private String type() {
        return switch (random.nextInt(16)) {
            case 0 -> pick("u0", "u64", "i65", "i0", "x8", "u", "", "I8", "u08", "u-1");
            case 1 -> pick("i64", "u63");
            default -> (random.nextBoolean() ? "u" : "i") + random.nextInt(1, 64);
        };
    }

    private String fieldOffset() {
        return switch (random.nextInt(16)) {
            case 0 -> pick("-1", "x", "", "4294967296", "#", "#-1", "#x", "#2305843009213693952");
            case 1 -> Integer.toString(32_760 * 8 + random.nextInt(256));
            case 2, 3, 4 -> "#" + random.nextInt(30);
            default -> Integer.toString(random.nextInt(400));
        };
    }

    private String number() {
        return switch (random.nextInt(3)) {
            case 0 -> pick(NUMBERS);
            case 1 -> Long.toString(random.nextLong() >> random.nextInt(64));
            default -> Integer.toString(random.nextInt(-300, 300));
        };
    }

    private static void add(List<String> request, String... arguments) {
        request.addAll(List.of(arguments));
    }
}
