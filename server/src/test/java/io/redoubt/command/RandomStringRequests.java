package io.redoubt.command;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Random requests to string commands: few keys, some of them long, and values about the sizes where the way of keeping
 * them changes. Most requests are well-formed.
 */
final class RandomStringRequests {
    private static final int[] SIZES = {
        0, 1, 2, 3, 5, 8, 19, 20, 21, 43, 44, 45, 46, 60, 200, 1000, 5000, 32_766, 32_767, 32_768, 32_769, 40_000
    };
    private static final String[] NUMBERS = {
        "0",
        "1",
        "-1",
        "12",
        "-345",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "007",
        "-0",
        "+1",
        " 1",
        "1.5",
        "0.1",
        "-2.25",
        "1e3",
        "3.0e-2",
        "inf",
        "nan",
        "abc",
        ""
    };
    private static final String[] TIMES = {"1000", "5000", "100000", "0", "-1", "x", "9223372036854775807"};
    // A peer has a clock of its own, so nothing may expire while the test runs.
    private static final String[] PEER_TIMES = {"1000000", "5000000", "0", "-1", "x", "9223372036854775807"};

    private final RandomGenerator random;
    private final boolean withNewer;
    private final String[] keys;

    /** @param withNewer whether commands that 7.0 does not have are wanted as well */
    RandomStringRequests(RandomGenerator random, boolean withNewer) {
        this.random = random;
        this.withNewer = withNewer;
        keys = new String[] {
            "k", "{tag}key", "", "k".repeat(254), "k".repeat(255), "k".repeat(256), "long".repeat(100), "n1", "n2"
        };
    }

    String key() {
        return pick(keys);
    }

    private String pick(String[] choices) {
        return choices[random.nextInt(choices.length)];
    }

    private String value() {
        if (random.nextInt(4) == 0) {
            return pick(NUMBERS);
        }
        int size = SIZES[random.nextInt(random.nextInt(8) == 0 ? SIZES.length : SIZES.length - 6)];
        char letter = (char) random.nextInt(256);
        return String.valueOf(letter).repeat(size);
    }

    private String number() {
        return random.nextInt(3) == 0 ? pick(NUMBERS) : Integer.toString(random.nextInt(-1000, 1000));
    }

    /** An offset: mostly small, sometimes at the size where values get arrays of their own. */
    private String offset() {
        return switch (random.nextInt(12)) {
            case 0 -> pick(NUMBERS);
            case 1, 2 -> Integer.toString(32_760 + random.nextInt(16));
            case 3 -> Integer.toString(random.nextInt(80_000));
            case 4 -> "600000000";
            default -> Integer.toString(random.nextInt(60));
        };
    }

    private String position() {
        return random.nextInt(10) == 0 ? pick(NUMBERS) : Integer.toString(random.nextInt(-60, 60));
    }

    /** Returns the arguments of the next request. */
    String[] next() {
        var request = new ArrayList<String>();
        switch (random.nextInt(withNewer ? 24 : 20)) {
            case 0, 1 -> add(request, "GET", key());
            case 2, 3 -> set(request);
            case 4 -> add(request, "SET", key(), value());
            case 5 -> add(request, "SETNX", key(), value());
            case 6 -> add(request, random.nextBoolean() ? "SETEX" : "PSETEX", key(), time(), value());
            case 7 -> add(request, "GETSET", key(), value());
            case 8 -> add(request, "GETDEL", key());
            case 9 -> getex(request);
            case 10 -> pairs(request, random.nextInt(4) == 0 ? "MSETNX" : "MSET");
            case 11 -> add(request, "MGET", key(), key(), key());
            case 12, 13 -> add(request, "APPEND", key(), value());
            case 14, 15 -> add(request, "SETRANGE", key(), offset(), value());
            case 16 -> add(request, random.nextBoolean() ? "GETRANGE" : "SUBSTR", key(), position(), position());
            case 17 -> add(request, random.nextBoolean() ? "INCR" : "DECR", numberKey());
            case 18 -> add(request, random.nextBoolean() ? "INCRBY" : "DECRBY", numberKey(), number());
            case 19 -> add(request, "STRLEN", key());
            case 20 -> add(request, "DELIFEQ", key(), value());
            case 21 -> {
                add(request, "DELEX", key());
                if (random.nextInt(4) > 0) {
                    add(request, random.nextBoolean() ? "IFEQ" : "IFNE", value());
                }
            }
            default -> msetex(request);
        }
        return request.toArray(String[]::new);
    }

    /** Returns a request that only a peer can judge: its reply is not easily modelled. */
    String[] nextForPeer() {
        var request = new ArrayList<String>();
        switch (random.nextInt(8)) {
            case 0, 1 -> add(request, "INCRBYFLOAT", numberKey(), number());
            case 2 -> add(request, "SET", "lcs" + random.nextInt(3), letters());
            case 3 -> {
                add(request, "LCS", "lcs" + random.nextInt(3), "lcs" + random.nextInt(3));
                for (int i = random.nextInt(4); i > 0; i--) {
                    switch (random.nextInt(6)) {
                        case 0 -> request.add("LEN");
                        case 1 -> add(request, "MINMATCHLEN", random.nextInt(4) == 0 ? number() : "2");
                        case 2 -> request.add("WITHMATCHLEN");
                        default -> request.add(random.nextInt(8) == 0 ? "FOO" : "idx");
                    }
                }
            }
            case 4 -> {
                add(request, "SET", key(), value());
                String[] options = {
                    "NX",
                    "XX",
                    "GET",
                    "EX",
                    "PX",
                    "EXAT",
                    "PXAT",
                    "KEEPTTL",
                    "PERSIST",
                    "ex",
                    "get",
                    "1000000",
                    "2000000000000"
                };
                for (int i = random.nextInt(5); i > 0; i--) {
                    request.add(pick(options));
                }
            }
            case 5 -> {
                add(request, "GETEX", key());
                String[] options = {"EX", "PX", "EXAT", "PXAT", "PERSIST", "KEEPTTL", "1000000", "2000000000000", "x"};
                for (int i = random.nextInt(4); i > 0; i--) {
                    request.add(pick(options));
                }
            }
            default -> {
                return next();
            }
        }
        return request.toArray(String[]::new);
    }

    private String letters() {
        var text = new StringBuilder();
        for (int i = random.nextInt(40); i > 0; i--) {
            text.append((char) ('a' + random.nextInt(3)));
        }
        return text.toString();
    }

    private String numberKey() {
        return random.nextInt(3) == 0 ? key() : random.nextBoolean() ? "n1" : "n2";
    }

    private String time() {
        return pick(withNewer ? TIMES : PEER_TIMES);
    }

    private void set(List<String> request) {
        add(request, "SET", key(), value());
        switch (random.nextInt(withNewer ? 6 : 4)) {
            case 0 -> request.add("NX");
            case 1 -> request.add("XX");
            case 4 -> add(request, "IFEQ", value());
            case 5 -> add(request, "IFNE", value());
            default -> {}
        }
        if (random.nextInt(3) == 0) {
            request.add("GET");
        }
        switch (random.nextInt(4)) {
            case 0 -> request.add("KEEPTTL");
            case 1 -> add(request, random.nextBoolean() ? "EX" : "PX", time());
            default -> {}
        }
    }

    private void getex(List<String> request) {
        add(request, "GETEX", key());
        switch (random.nextInt(4)) {
            case 0 -> request.add("PERSIST");
            case 1 -> add(request, random.nextBoolean() ? "EX" : "PX", time());
            case 2 -> add(request, "PXAT", random.nextBoolean() ? "1" : "2000000000000");
            default -> {}
        }
    }

    private void pairs(List<String> request, String command) {
        request.add(command);
        for (int i = random.nextInt(1, 4); i > 0; i--) {
            add(request, key(), value());
        }
    }

    private void msetex(List<String> request) {
        int count = random.nextInt(1, 4);
        add(request, "MSETEX", Integer.toString(count));
        for (int i = 0; i < count; i++) {
            add(request, key(), value());
        }
        switch (random.nextInt(3)) {
            case 0 -> request.add("NX");
            case 1 -> request.add("XX");
            default -> {}
        }
        switch (random.nextInt(3)) {
            case 0 -> request.add("KEEPTTL");
            case 1 -> add(request, random.nextBoolean() ? "EX" : "PX", time());
            default -> {}
        }
    }

    private static void add(List<String> request, String... arguments) {
        request.addAll(List.of(arguments));
    }
}
