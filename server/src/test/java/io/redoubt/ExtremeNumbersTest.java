package io.redoubt;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.command.CommandFlag;
import io.redoubt.command.CommandSpec;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every command in many forms whose counts, indices, offsets and cursors are as large or as small as numbers get, on
 * values of a few elements: no loop runs as often as a number says. {@code -Dredoubt.extremeForms=N} walks more forms
 * of each command.
 */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ExtremeNumbersTest {
    private static final int FORMS = Integer.getInteger("redoubt.extremeForms", 30);
    /** Far above what any of them takes where no string is longer than 1 MB, and far below what a loop takes. */
    private static final long NANOS_MAX = Long.getLong("redoubt.extremeMillis", 5_000L) * 1_000_000;

    private static final List<String> EXTREMES = List.of(
            "9223372036854775807",
            "-9223372036854775808",
            "9223372036854775808",
            "18446744073709551615",
            "4611686018427387904",
            "-4611686018427387904",
            "4294967296",
            "4294967295",
            "2147483648",
            "2147483647",
            "-2147483648",
            "-2147483649",
            "536870912",
            "-536870912",
            "1048577",
            "0",
            "-1",
            "1");
    private static final RandomForms.Words WORDS = new RandomForms.Words(
            List.of("text", "number", "list", "set", "ints", "hash", "zset", "geo", "stream", "estimate", "none"),
            List.of("a", "1", "*", "-", "+", "[a", "LEFT", "9223372036854775807-9223372036854775807", "g", "0-1"),
            EXTREMES,
            List.of("0", "1", "1e308", "-1e308", "1e-308", "inf", "-inf", "9223372036854775807"));
    private static final List<String> FILL = List.of(
            "FLUSHALL",
            "SET text some",
            "SET number 9223372036854775806",
            "RPUSH list a b c 1",
            "SADD set a b c",
            "SADD ints 1 2 3",
            "HSET hash a 1 b 2 c 9223372036854775806",
            "ZADD zset -1 a 1 b 2 c inf d",
            "GEOADD geo 13.361389 38.115556 a 15.087269 37.502669 b",
            "XADD stream 1-1 a 1",
            "XADD stream 2-1 a 1",
            "XGROUP CREATE stream g 0",
            "XREADGROUP GROUP g c COUNT 1 STREAMS stream >",
            "PFADD estimate a b c");

    @RegisterExtension
    final RedoubtServer server = RedoubtServer.with("proto-max-bulk-len 1mb");

    /** All but what ends or silences the connection or the server, or makes it wait as it is told to. */
    private static boolean isWalked(CommandSpec spec) {
        return spec.isRunnable()
                && !spec.has(CommandFlag.NO_AUTH)
                && !spec.has(CommandFlag.ADMIN)
                && !spec.fullName().startsWith("client|")
                && !spec.fullName().endsWith("subscribe");
    }

    private static void fill(RespClient client) {
        FILL.forEach(request -> client.sendRaw(RespClient.request(request.split(" "))));
        FILL.forEach(_ -> client.read());
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2})
    void no_command_runs_for_long_because_a_number_is_large(long seed) {
        var random = new SplittableRandom(seed);
        var forms = new RandomForms(random, WORDS);
        var client = server.client();
        fill(client);
        for (var spec : server.commands().all()) {
            if (!isWalked(spec)) {
                continue;
            }
            for (int i = 0; i < FORMS; i++) {
                var request = forms.next(spec);
                int changed = random.nextInt(3 * request.length); // Often none; a name makes an unknown command.
                if (changed < request.length) {
                    request[changed] = forms.any(EXTREMES);
                }
                answer(client, spec, request);
            }
        }
    }

    private void answer(RespClient client, CommandSpec spec, String[] request) {
        boolean isQueued = spec.has(CommandFlag.BLOCKING) || spec.name().equals("wait");
        long began = System.nanoTime();
        @Nullable Object reply;
        try {
            if (isQueued) {
                client.sendRaw(RespClient.request("MULTI")); // Where nothing waits.
                client.read();
            }
            reply = client.send(request);
            if (isQueued) {
                reply = client.send("EXEC");
            }
        } catch (RuntimeException failure) {
            throw new AssertionError(Arrays.toString(request), failure);
        }
        assertThat(System.nanoTime() - began).as(Arrays.toString(request)).isLessThan(NANOS_MAX);
        assertThat(String.valueOf(reply)).as(Arrays.toString(request)).doesNotContain("internal error");
        if (spec.has(CommandFlag.WRITE)) {
            fill(client);
        }
    }
}
