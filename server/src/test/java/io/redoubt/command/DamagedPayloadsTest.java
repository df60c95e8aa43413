package io.redoubt.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.persist.DumpCommands;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Payloads with a few bytes changed at random, whose checksum does not count: each is refused, or holds a sound value. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class DamagedPayloadsTest {
    private static final int ROUNDS = 1500;
    private static final int FOOTER_BYTES = 10;

    private final CommandFixture server = new CommandFixture(
            new StringCommands(() -> 512L << 20),
            new HashCommands(),
            new HashFieldCommands(),
            new SetCommands(),
            new ZSetCommands(),
            new ListCommands(),
            new StreamCommands(),
            new StreamGroupCommands(),
            new StreamInfoCommands(),
            new KeyCommands(new StubGate(null), 16, () -> false),
            new DumpCommands(() -> true, () -> false, () -> false, _ -> {}));

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4})
    void are_refused_or_hold_a_sound_value(long seed) {
        var random = new SplittableRandom(seed);
        List<String> payloads = payloads();
        int taken = 0;
        for (int round = 0; round < ROUNDS; round++) {
            var damaged = new StringBuilder(payloads.get(random.nextInt(payloads.size())));
            for (int change = random.nextInt(3); change >= 0; change--) {
                int at = random.nextInt(damaged.length() - FOOTER_BYTES);
                damaged.setCharAt(at, (char) random.nextInt(256));
            }
            String what = "round " + round;
            String reply = server.raw("RESTORE", "damaged", "0", damaged.toString(), "REPLACE");
            if (reply.equals("+OK\r\n")) {
                taken++;
                use(what);
            } else {
                // The newer version of a hash whose fields expire is not taken for another type.
                assertThat(reply)
                        .as(what)
                        .isIn("-ERR Bad data format\r\n", "-ERR DUMP payload version or checksum are wrong\r\n");
            }
            server.raw("DEL", "damaged");
            server.keyspace().checkInvariants();
        }
        assertThat(taken).isBetween(1, ROUNDS - 1);
    }

    /** What has been taken can be read whole, and given on. */
    private void use(String what) {
        String type = server.raw("TYPE", "damaged").strip();
        String[] read = switch (type) {
            case "+string" -> new String[] {"GET", "damaged"};
            case "+list" -> new String[] {"LRANGE", "damaged", "0", "-1"};
            case "+set" -> new String[] {"SMEMBERS", "damaged"};
            case "+hash" -> new String[] {"HGETALL", "damaged"};
            case "+zset" -> new String[] {"ZRANGE", "damaged", "0", "-1", "WITHSCORES"};
            default -> new String[] {"XRANGE", "damaged", "-", "+"};
        };
        String content = server.raw(read);
        assertThat(content).as(what).doesNotStartWith("-");
        assertThat(server.raw("OBJECT", "ENCODING", "damaged")).as(what).startsWith("$");
        if (type.equals("+stream")) {
            assertThat(server.raw("XINFO", "STREAM", "damaged", "FULL"))
                    .as(what)
                    .startsWith("*");
        }
        assertThat(server.raw("RESTORE", "damaged", "0", bulk(server.raw("DUMP", "damaged")), "REPLACE"))
                .as(what)
                .isEqualTo("+OK\r\n");
        // In any order, which differs from table to table.
        assertThat(server.raw(read).split("\r\n")).as(what).containsExactlyInAnyOrder(content.split("\r\n"));
    }

    /** Of every type, small and large. */
    private List<String> payloads() {
        var keys = new ArrayList<>(List.of("string", "number"));
        server.raw("SET", "string", "a string that is long enough to be compressed".repeat(3));
        server.raw("SET", "number", "1234");
        for (int size : new int[] {3, 10, 200}) {
            for (int i = 0; i < size; i++) {
                String element = i % 2 == 0 ? "" + i * i : "_" + i;
                server.raw("RPUSH", "list" + size, element);
                server.raw("SADD", "set" + size, element);
                server.raw("SADD", "integers" + size, "" + i * i);
                server.raw("HSET", "hash" + size, element, "" + i);
                server.raw("HSET", "expiring" + size, element, "" + i);
                server.raw("ZADD", "zset" + size, i + ".5", element);
                server.raw("XADD", "stream" + size, i + 1 + "-1", i % 3 == 0 ? "item" : "other", element);
            }
            server.raw("HPEXPIRE", "expiring" + size, "100000", "FIELDS", "1", "0");
            server.raw("XGROUP", "CREATE", "stream" + size, "group", "0");
            server.raw("XREADGROUP", "GROUP", "group", "anna", "COUNT", "2", "STREAMS", "stream" + size, ">");
            server.raw("XDEL", "stream" + size, "1-1");
            for (String type : List.of("list", "set", "integers", "hash", "expiring", "zset", "stream")) {
                keys.add(type + size);
            }
        }
        return keys.stream().map(key -> bulk(server.raw("DUMP", key))).toList();
    }

    private static String bulk(String reply) {
        int from = reply.indexOf('\n') + 1;
        return reply.substring(from, reply.length() - 2);
    }
}
