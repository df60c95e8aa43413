package io.redoubt.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random requests to the string commands and to a plain map: replies, encodings and expiries must be the same. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class StringCommandsModelTest {
    private static final int STEPS = 2000;
    private static final int VALUE_BYTES_MAX = 100_000;

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void behave_like_a_map_of_strings(long seed) {
        var random = new SplittableRandom(seed);
        var requests = new RandomStringRequests(random, true);
        var model = new StringModel(VALUE_BYTES_MAX);
        var server = new CommandFixture(new StringCommands(() -> VALUE_BYTES_MAX));
        boolean isSnapshotRunning = false;
        for (int step = 0; step < STEPS; step++) {
            if (random.nextInt(20) == 0) {
                server.nowMillis += random.nextInt(3000);
            }
            if (random.nextInt(100) == 0) {
                isSnapshotRunning = !isSnapshotRunning;
                setSnapshot(server, isSnapshotRunning);
            }
            model.nowMillis = server.nowMillis;
            String[] request = requests.next();
            String reply = server.raw(request);
            String expected = model.apply(request);
            if (!reply.equals(expected)) {
                assertThat(shorten(reply))
                        .as("step %d: %s", step, describe(request))
                        .isEqualTo(shorten(expected));
                throw new AssertionError("long replies differ at step " + step + ": " + describe(request));
            }
            String key = request[0].equals("MSETEX") ? request[2] : request[1];
            var value = model.find(key);
            assertThat(server.encoding(key))
                    .as("step %d: %s", step, describe(request))
                    .isEqualTo(value == null ? "none" : value.encoding());
            assertThat(server.expiry(key))
                    .as("step %d: %s", step, describe(request))
                    .isEqualTo(value == null ? -2 : value.expiry());
            if (step % 100 == 0) {
                server.keyspace().checkInvariants();
            }
        }
        server.keyspace().checkInvariants();
    }

    private static void setSnapshot(CommandFixture server, boolean on) {
        var keyspace = server.keyspace();
        keyspace.mode().enterExclusive();
        if (on) {
            keyspace.beginSnapshot();
        } else {
            keyspace.endSnapshot();
        }
        keyspace.mode().leaveExclusive();
    }

    static String describe(String... request) {
        return Arrays.stream(request).map(StringCommandsModelTest::shorten).collect(Collectors.joining(" "));
    }

    private static String shorten(String text) {
        return text.length() <= 100 ? text : text.substring(0, 60) + "… (" + text.length() + ")";
    }
}
