package io.redoubt.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The same random requests to redis-server and to ours: every reply must be the same, byte for byte. */
@Tag("peer")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class StringCommandsPeerTest {
    private static final int STEPS = 1500;

    @ParameterizedTest(name = "seed {0}, RESP{1}")
    @CsvSource({"1, 2", "2, 3", "3, 2", "4, 3"})
    void answer_what_redis_answers(long seed, int protocol) throws IOException {
        assumeTrue(RedisPeer.isInstalled(), "no redis-server on the path");
        var random = new SplittableRandom(seed);
        var requests = new RandomStringRequests(random, false);
        var server = new CommandFixture(new StringCommands(() -> 512L << 20));
        server.session().setProtocol(protocol);
        try (var peer = RedisPeer.start()) {
            peer.send("HELLO", "" + protocol);
            for (int step = 0; step < STEPS; step++) {
                server.nowMillis = System.currentTimeMillis();
                String[] request = requests.nextForPeer();
                String expected = peer.send(request);
                String reply = server.raw(request);
                String what = "step " + step + ": " + StringCommandsModelTest.describe(request);
                if (!reply.equals(expected)) {
                    assertThat(shorten(reply)).as(what).isEqualTo(shorten(expected));
                    throw new AssertionError("long replies differ at " + what);
                }
                String encoding = peer.send("OBJECT", "ENCODING", request[1]);
                boolean isFound = encoding.startsWith("$") && !encoding.startsWith("$-1");
                assertThat(server.encoding(request[1]))
                        .as(what)
                        .isEqualTo(isFound ? encoding.split("\r\n")[1] : "none");
            }
        }
    }

    private static String shorten(String text) {
        return text.length() <= 200 ? text : text.substring(0, 200) + "…";
    }
}
