package io.redoubt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.redoubt.command.RawPeer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Three clients at random against a redis-server 7.0, where one is installed: every reply is the same. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@WithOneAndWithThreeLoops
class TransactionPeerTest {
    private static final int STEPS = 1500;
    private static final String[] REQUESTS = {
        "MULTI",
        "MULTI",
        "MULTI",
        "EXEC",
        "EXEC",
        "EXEC",
        "DISCARD",
        "WATCH K",
        "WATCH K K",
        "WATCH K",
        "UNWATCH",
        "RESET",
        "EXEC x",
        "MULTI x",
        "DISCARD x",
        "WATCH",
        "GET",
        "NOSUCH x y",
        "SAVE",
        "SET K V",
        "SET K V",
        "GET K",
        "DEL K",
        "INCR K",
        "APPEND K V",
        "RENAME K K",
        "MOVE K 1",
        "COPY K K REPLACE",
        "SWAPDB 0 1",
        "FLUSHDB",
        "FLUSHALL",
        "SELECT 0",
        "SELECT 1",
        "SET K V PX 100000",
        "PERSIST K",
        "EXPIRE K 100",
        "EXPIRE K -1",
        "HELLO 3",
        "HELLO 2",
        "HELLO 9",
        "PING",
        "DBSIZE",
        "EXISTS K K",
        "MSET K V K V",
        "MGET K K",
        "OBJECT NOSUCH",
        "CLIENT",
        "CLIENT GETNAME",
        "CLIENT SETNAME V",
        "SETRANGE K 2 V",
        "GETEX K PERSIST",
        "GETDEL K",
        "ECHO V",
        "TYPE K",
        "AUTH V",
        "SET K V BAD",
        "SYNC x",
        "UNWATCH x",
        "CONFIG NOSUCH x"
    };

    @RegisterExtension
    final RedoubtServer server;

    @TempDir
    Path directory;

    TransactionPeerTest(int ioThreads) {
        server = RedoubtServer.with("security-profile redis").ioThreads(ioThreads);
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void answers_as_redis_does(long seed) throws IOException {
        var program = RawPeer.find();
        assumeTrue(program.isPresent(), "redis-server is not installed");
        try (var peer = RawPeer.start(program.get(), directory)) {
            var random = new SplittableRandom(seed);
            var ours = new ArrayList<RespClient>();
            var theirs = new ArrayList<RespClient>();
            for (int i = 0; i < 3; i++) {
                ours.add(server.client());
                theirs.add(server.kept(RespClient.connect(peer.port())));
            }
            var said = new ArrayList<String>();
            for (int step = 0; step < STEPS; step++) {
                int client = random.nextInt(3);
                String[] words = words(random);
                said.add(client + ": " + Arrays.toString(words));
                assertThat(reply(ours.get(client), words))
                        .as(() -> String.join("\n", said.subList(Math.max(0, said.size() - 40), said.size())))
                        .isEqualTo(reply(theirs.get(client), words));
            }
        }
    }

    /** The reply without the number of the connection, which HELLO shows. */
    private static String reply(RespClient client, String[] words) {
        return String.valueOf(client.send(words)).replaceAll("id[,=] ?\\d+", "id");
    }

    private static String[] words(SplittableRandom random) {
        String[] words = REQUESTS[random.nextInt(REQUESTS.length)].split(" ");
        for (int i = 1; i < words.length; i++) {
            words[i] = switch (words[i]) {
                case "K" -> "key" + random.nextInt(4);
                case "V" -> "" + random.nextInt(10);
                default -> words[i];
            };
        }
        return words;
    }
}
