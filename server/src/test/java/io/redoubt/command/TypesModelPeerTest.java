package io.redoubt.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The same random requests to ours, to redis-server and to Java's collections: all three must give every reply alike, in
 * RESP2 and RESP3. {@code -Dredoubt.modelRequests=N} sends more of them.
 */
@Tag("peer")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class TypesModelPeerTest {
    private static final int REQUESTS = Integer.getInteger("redoubt.modelRequests", 50_000);
    /** Rows of the table below. */
    private static final int RUNS = 24;

    private static final int BATCH = 200;
    private static final Set<String> UNORDERED =
            Set.of("HGETALL", "HKEYS", "HVALS", "SMEMBERS", "SINTER", "SUNION", "SDIFF");

    private static TypeModel<?> model(String type, SplittableRandom random, int names) {
        return switch (type) {
            case "list" -> new ListModel(random, names);
            case "hash" -> new HashModel(random, names);
            case "set" -> new SetModel(random, names);
            case "sorted set" -> new ZSetModel(random, names);
            case "stream" -> new StreamModel(random, names);
            default -> new TextModel(random, names);
        };
    }

    /** Few names make collisions, many make large values. */
    @ParameterizedTest(name = "{0}, RESP{1}, {2} names")
    @CsvSource({
        "string, 2, 12", "string, 3, 12", "string, 2, 900", "string, 3, 900",
        "list, 2, 12", "list, 3, 12", "list, 2, 900", "list, 3, 900",
        "hash, 2, 12", "hash, 3, 12", "hash, 2, 900", "hash, 3, 900",
        "set, 2, 12", "set, 3, 12", "set, 2, 900", "set, 3, 900",
        "sorted set, 2, 12", "sorted set, 3, 12", "sorted set, 2, 900", "sorted set, 3, 900",
        "stream, 2, 12", "stream, 3, 12", "stream, 2, 900", "stream, 3, 900",
    })
    void behave_like_redis_and_like_collections_of_java(String type, int protocol, int names) throws IOException {
        assumeTrue(RedisPeer.isInstalled(), "no redis-server on the path");
        var model = model(type, new SplittableRandom(names * 10L + protocol), names);
        var ours = new CommandFixture(
                new StringCommands(() -> 512L << 20),
                new KeyCommands(new StubGate(null), 16, () -> false),
                new BitCommands(() -> 512L << 20),
                new ListCommands(),
                new HashCommands(),
                new SetCommands(),
                new ZSetCommands(),
                new StreamCommands());
        ours.session().setProtocol(protocol);
        model.setProtocol(protocol);
        try (var peer = RedisPeer.start()) {
            peer.send("HELLO", "" + protocol);
            String[] otherType = {type.equals("string") ? "SADD" : "SET", TypeModel.TEXT, "x"};
            peer.send(otherType);
            ours.raw(otherType);
            for (int done = 0; done < REQUESTS / RUNS; done += BATCH) {
                compare(peer, ours, model, done);
            }
        }
        ours.keyspace().checkInvariants();
    }

    private static void compare(RedisPeer peer, CommandFixture ours, TypeModel<?> model, int done) throws IOException {
        var requests = new ArrayList<String[]>();
        for (int i = 0; i < BATCH; i++) {
            requests.add(model.next());
        }
        ours.nowMillis = System.currentTimeMillis();
        List<String> replies = peer.sendAll(requests);
        for (int i = 0; i < BATCH; i++) {
            String[] request = requests.get(i);
            String reply = ours.raw(request);
            String expected = replies.get(i);
            String modelled = model.apply(request);
            if (reply.equals(expected) && reply.equals(modelled)) {
                continue;
            }
            String what = "request " + (done + i) + ": " + StringCommandsModelTest.describe(request);
            assertThat(ordered(request, reply)).as(what + ", as redis-server").isEqualTo(ordered(request, expected));
            assertThat(ordered(request, reply)).as(what + ", as the model").isEqualTo(ordered(request, modelled));
        }
    }

    /** The reply with its elements sorted, where their order means nothing. */
    private static List<String> ordered(String[] request, String reply) {
        if (!UNORDERED.contains(request[0]) || reply.startsWith("-")) {
            return List.of(reply);
        }
        int head = reply.indexOf('\n') + 1;
        var elements = bulks(reply.substring(head));
        if (request[0].equals("HGETALL")) {
            for (int i = elements.size() - 2; i >= 0; i -= 2) {
                elements.set(i, elements.get(i) + elements.remove(i + 1));
            }
        }
        elements.sort(null);
        elements.addFirst(reply.substring(0, head));
        return elements;
    }

    private static List<String> bulks(String replies) {
        var bulks = new ArrayList<String>();
        for (int at = 0; at < replies.length(); ) {
            int text = replies.indexOf('\n', at) + 1;
            int end = text + Integer.parseInt(replies.substring(at + 1, text - 2)) + 2;
            bulks.add(replies.substring(at, end));
            at = end;
        }
        return bulks;
    }
}
