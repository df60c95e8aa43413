package io.redoubt.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Random places and searches, to redis-server and to ours: every reply must be the same. */
@Tag("peer")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class GeoCommandsPeerTest {
    private static final int STEPS = 1500;

    private SplittableRandom random = new SplittableRandom(0);

    @ParameterizedTest(name = "seed {0}, RESP{1}")
    @CsvSource({"1, 2", "2, 3", "3, 2"})
    void answer_what_redis_answers(long seed, int protocol) throws IOException {
        assumeTrue(RedisPeer.isInstalled(), "no redis-server on the path");
        random = new SplittableRandom(seed);
        var ours = new CommandFixture(new GeoCommands(), new ZSetCommands(), new StringCommands(() -> 512L << 20));
        ours.session().setProtocol(protocol);
        try (var peer = RedisPeer.start()) {
            peer.send("HELLO", "" + protocol);
            for (int step = 0; step < STEPS; step++) {
                String[] request = next();
                ours.nowMillis = System.currentTimeMillis();
                assertThat(ours.raw(request))
                        .as("step %d %s", step, Arrays.toString(request))
                        .isEqualTo(peer.send(request));
            }
        }
    }

    private String pick(String... choices) {
        return choices[random.nextInt(choices.length)];
    }

    private String key() {
        return pick("a", "b", "c");
    }

    private String member() {
        return "m" + random.nextInt(60);
    }

    /** Many places lie near each other, some near the poles and the date line, some outside of what there is. */
    private String longitude() {
        return number(random.nextInt(8) == 0 ? random.nextDouble(-181, 181) : random.nextDouble(12, 14));
    }

    private String latitude() {
        return number(random.nextInt(8) == 0 ? random.nextDouble(-86, 86) : random.nextDouble(37, 39));
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.6f", value);
    }

    private String unit() {
        return pick("m", "KM", "km", "ft", "mi", random.nextInt(10) == 0 ? "x" : "m");
    }

    private String length() {
        return pick("0", "100", "50.5", "2000", "1e6", random.nextInt(10) == 0 ? "-1" : "5", "200");
    }

    private String[] next() {
        return switch (random.nextInt(12)) {
            case 0, 1, 2, 3 -> new String[] {"GEOADD", key(), longitude(), latitude(), member()};
            case 4 -> new String[] {"GEOADD", key(), pick("NX", "XX", "CH"), longitude(), latitude(), member()};
            case 5 -> new String[] {"GEOPOS", key(), member(), member()};
            case 6 -> new String[] {"GEOHASH", key(), member(), member()};
            case 7 -> new String[] {"GEODIST", key(), member(), member(), unit()};
            case 8 -> search("GEOSEARCH", key());
            case 9 -> search("GEOSEARCHSTORE", "t", key());
            case 10 ->
                new String[] {
                    "GEORADIUS", key(), longitude(), latitude(), length(), unit(), pick("WITHDIST", "WITHCOORD", "ASC")
                };
            default ->
                random.nextInt(10) == 0
                        ? new String[] {"SET", "s", "x"}
                        : new String[] {"GEORADIUSBYMEMBER", pick("a", "s"), member(), length(), unit(), "STORE", "t"};
        };
    }

    private String[] search(String... begin) {
        var request = new ArrayList<>(List.of(begin));
        request.addAll(
                random.nextBoolean()
                        ? List.of("FROMMEMBER", member())
                        : List.of("FROMLONLAT", longitude(), latitude()));
        request.addAll(
                random.nextBoolean()
                        ? List.of("BYRADIUS", length(), unit())
                        : List.of("BYBOX", length(), length(), unit()));
        if (random.nextBoolean()) {
            request.addAll(List.of("COUNT", pick("1", "5", "0", "x")));
        }
        if (begin.length == 2) {
            request.addAll(List.of(pick("ASC", "DESC", "WITHHASH"), pick("WITHCOORD", "WITHDIST")));
        }
        return request.toArray(String[]::new);
    }
}
