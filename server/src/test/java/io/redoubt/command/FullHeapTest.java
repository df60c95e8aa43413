package io.redoubt.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.memory.HeapBudget;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands that fail in the middle because the heap is full: what they leave is whole, and replicas have the same. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class FullHeapTest {
    private static final String[] KEYS = {"a", "b", "c", "d", "e", "f", "g", "h"};

    private SplittableRandom random = new SplittableRandom(0);

    private static CommandFamily[] families() {
        return new CommandFamily[] {
            new StringCommands(() -> 512L << 20),
            new HashCommands(),
            new SetCommands(),
            new ListCommands(),
            new ZSetCommands(),
            new KeyCommands(new StubGate(null), 16, () -> false),
            new ExpireCommands()
        };
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void replicas_have_what_a_failed_command_has_left(long seed) {
        random = new SplittableRandom(seed);
        var left = new AtomicLong(1 << 20);
        var heap = new HeapBudget(1 << 20);
        var ours = new CommandFixture(heap, families());
        heap.measureBy(left::get, 0);
        var replica = new CommandFixture(families());
        int failures = 0;
        for (int step = 0; step < 1_500; step++) {
            // Now and then there is room for some more.
            left.set(random.nextInt(100) == 0 ? 300_000 : 0);
            heap.measure();
            // In a snapshot removals need memory, too.
            if (step % 60 == 0) {
                if (step % 120 == 0) {
                    assertThat(ours.keyspace().beginSnapshot()).isNotNull();
                } else {
                    ours.keyspace().endSnapshot();
                }
            }
            String[] request = next();
            ours.takeEffects();
            String reply = ours.send(request);
            failures += reply.startsWith("-OOM") ? 1 : 0;
            for (String effect : ours.takeEffects()) {
                if (!effect.equals("MULTI") && !effect.equals("EXEC")) {
                    assertThat(replica.send(effect.split(" "))).as(effect).doesNotStartWith("-");
                }
            }
            if (reply.startsWith("-OOM") || step % 50 == 0) {
                for (String key : KEYS) {
                    assertThat(content(ours, key))
                            .as(() -> "step " + Arrays.toString(request) + " " + key)
                            .isEqualTo(content(replica, key));
                }
            }
        }
        assertThat(failures).isGreaterThan(20);
        ours.keyspace().checkInvariants();
    }

    private static String content(CommandFixture side, String key) {
        String type = side.send("TYPE", key);
        String content = switch (type) {
            case "+set" -> sorted(side.send("SMEMBERS", key));
            case "+hash" -> sorted(side.send("HGETALL", key));
            case "+list" -> side.send("LRANGE", key, "0", "-1");
            case "+zset" -> side.send("ZRANGE", key, "0", "-1", "WITHSCORES");
            case "+string" -> side.send("GET", key);
            default -> "";
        };
        assertThat(content).doesNotStartWith("*0");
        return type + content + side.send("PEXPIRETIME", key);
    }

    private static String sorted(String reply) {
        var words = new ArrayList<>(List.of(reply.split(" ")));
        words.sort(null);
        return String.join(" ", words);
    }

    private String pick(String... choices) {
        return choices[random.nextInt(choices.length)];
    }

    private String word() {
        return pick("1", "12345", "abc", "x".repeat(50), "y".repeat(3_000)) + random.nextInt(300);
    }

    private String[] words(String... first) {
        var request = new ArrayList<>(List.of(first));
        for (int i = random.nextInt(12); i >= 0; i--) {
            request.add(word());
            request.add(word());
        }
        return request.toArray(String[]::new);
    }

    private String[] next() {
        String key = pick(KEYS);
        return switch (random.nextInt(20)) {
            case 0, 1 -> words("SADD", key);
            case 2, 3 -> words("HSET", key);
            case 4, 5 -> words(pick("RPUSH", "LPUSH"), key);
            case 6, 7 -> {
                String[] request = words("ZADD", key);
                for (int i = 2; i < request.length; i += 2) {
                    request[i] = Integer.toString(random.nextInt(100));
                }
                yield request;
            }
            case 8 -> new String[] {pick("SUNIONSTORE", "SDIFFSTORE", "SINTERSTORE"), key, pick(KEYS), pick(KEYS)};
            case 9 -> new String[] {"MSET", key, word(), pick(KEYS), word()};
            case 10 -> new String[] {"PEXPIREAT", key, "9999999999999"};
            case 11 -> new String[] {"COPY", key, pick(KEYS), "REPLACE"};
            case 12 -> new String[] {"RENAME", key, pick(KEYS)};
            case 13 -> new String[] {"SPOP", key, "3"};
            case 14 -> new String[] {"LMOVE", key, pick(KEYS), pick("LEFT", "RIGHT"), pick("LEFT", "RIGHT")};
            case 15 -> new String[] {"SMOVE", key, pick(KEYS), word()};
            case 16 -> new String[] {"LINSERT", key, pick("BEFORE", "AFTER"), word(), word()};
            case 17 -> new String[] {"LREM", key, pick("0", "1", "-1"), word()};
            case 18 -> new String[] {"ZREMRANGEBYRANK", key, "3", "20"};
            default -> new String[] {random.nextInt(6) == 0 ? "DEL" : "TYPE", key};
        };
    }
}
