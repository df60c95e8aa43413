package io.redoubt;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Several clients on several loops. What each saw, with the time between which it was done, must be explained by some
 * order in which one command follows the other.
 */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ConcurrencyTest {
    private static final int CLIENTS = 4;
    private static final int STEPS = 500;

    @RegisterExtension
    final RedoubtServer server = RedoubtServer.with("security-profile strict").ioThreads(3);

    /** A command that was done at one moment between two times; the value was written, or read (null: none). */
    private record Event(
            String key, boolean isWrite, @Nullable String value, long startNanos, long endNanos) {}

    private interface Work<T> {
        T run(RespClient client, int index, SplittableRandom random);
    }

    private <T> List<T> together(int clients, long seed, Work<T> work) throws InterruptedException, ExecutionException {
        var results = new ArrayList<T>();
        try (var threads = Executors.newThreadPerTaskExecutor(
                Thread.ofPlatform().name("client-", 0).factory())) {
            var tasks = new ArrayList<Callable<T>>();
            for (int i = 0; i < clients; i++) {
                int index = i;
                var client = server.client();
                tasks.add(() -> work.run(client, index, new SplittableRandom(seed * 31 + index)));
            }
            for (Future<T> done : threads.invokeAll(tasks)) {
                results.add(done.get());
            }
        }
        return results;
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2})
    void a_key_behaves_as_if_one_command_followed_the_other(long seed) throws Exception {
        var histories = together(CLIENTS, seed, (client, index, random) -> {
            var events = new ArrayList<Event>();
            for (int i = 0; i < STEPS; i++) {
                String key = "key" + random.nextInt(3);
                boolean isWrite = random.nextBoolean();
                String value = isWrite ? index + "-" + i : null;
                long start = System.nanoTime();
                Object reply = isWrite ? client.send("SET", key, value) : client.send("GET", key);
                long end = System.nanoTime();
                events.add(new Event(key, isWrite, isWrite ? value : (String) reply, start, end));
            }
            return events;
        });
        var byKey = new HashMap<String, List<Event>>();
        histories.forEach(events -> events.forEach(event ->
                byKey.computeIfAbsent(event.key(), _ -> new ArrayList<>()).add(event)));
        byKey.forEach(ConcurrencyTest::checkRegister);
    }

    /**
     * Gibbons and Korach, "Testing shared memories" (1997), for values written once. All commands about one value are a
     * cluster. Its zone reaches from the first end to the last start: forward when the value certainly was there all
     * that time, backward when it may have been there at one moment only. An order exists unless two forward zones
     * overlap, or a forward one holds a backward one.
     */
    private static void checkRegister(String key, List<Event> events) {
        record Zone(String value, long from, long to, boolean isForward) {}
        var firstEnd = new HashMap<String, Long>();
        var lastStart = new HashMap<String, Long>();
        var writeStart = new HashMap<String, Long>();
        firstEnd.put("none", Long.MIN_VALUE); // As if no value had been written before everything.
        lastStart.put("none", Long.MIN_VALUE);
        writeStart.put("none", Long.MIN_VALUE);
        for (var event : events) {
            String value = event.value() == null ? "none" : event.value();
            firstEnd.merge(value, event.endNanos(), Math::min);
            lastStart.merge(value, event.startNanos(), Math::max);
            if (event.isWrite()) {
                writeStart.put(value, event.startNanos());
            }
        }
        for (var event : events) {
            String value = event.value() == null ? "none" : event.value();
            assertThat(writeStart)
                    .as("%s: every value that was read has been written", key)
                    .containsKey(value);
            assertThat(event.endNanos())
                    .as("%s: %s is not read before it is written", key, value)
                    .isGreaterThanOrEqualTo(writeStart.get(value));
        }
        var zones = new ArrayList<Zone>();
        firstEnd.forEach((value, end) -> {
            long start = lastStart.get(value);
            zones.add(new Zone(value, Math.min(end, start), Math.max(end, start), end < start));
        });
        var forward = zones.stream()
                .filter(Zone::isForward)
                .sorted(Comparator.comparingLong(Zone::from))
                .toList();
        for (int i = 1; i < forward.size(); i++) {
            assertThat(forward.get(i).from())
                    .as("%s: %s and %s do not overlap", key, forward.get(i - 1), forward.get(i))
                    .isGreaterThanOrEqualTo(forward.get(i - 1).to());
        }
        for (var zone : zones) {
            if (!zone.isForward()) {
                assertThat(forward)
                        .as("%s: none holds %s", key, zone)
                        .noneMatch(other -> other.from() < zone.from() && zone.to() < other.to());
            }
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {3, 4})
    void a_counter_counts_each_increment_once_and_in_the_order_of_time(long seed) throws Exception {
        var histories = together(CLIENTS, seed, (client, _, random) -> {
            var events = new ArrayList<Event>();
            for (int i = 0; i < STEPS; i++) {
                boolean isWrite = random.nextInt(3) > 0;
                long start = System.nanoTime();
                Object reply = isWrite ? client.send("INCR", "counter") : client.send("GET", "counter");
                events.add(new Event(
                        "counter", isWrite, reply == null ? "0" : reply.toString(), start, System.nanoTime()));
            }
            return events;
        });
        var events = new ArrayList<Event>();
        histories.forEach(events::addAll);
        var counts = new HashSet<Long>();
        events.stream()
                .filter(Event::isWrite)
                .forEach(event -> assertThat(counts.add(count(event))).isTrue());
        assertThat(server.client().send("GET", "counter")).isEqualTo("" + counts.size());

        // By the time of the start: no command sees less than what was seen by one that had ended.
        var ended = new ArrayList<>(events);
        ended.sort(Comparator.comparingLong(Event::endNanos));
        events.sort(Comparator.comparingLong(Event::startNanos));
        int next = 0;
        long seen = 0;
        for (var event : events) {
            while (next < ended.size() && ended.get(next).endNanos() < event.startNanos()) {
                seen = Math.max(seen, count(ended.get(next++)));
            }
            assertThat(count(event)).as("%s", event).isGreaterThanOrEqualTo(event.isWrite() ? seen + 1 : seen);
        }
    }

    private static long count(Event event) {
        return Long.parseLong(String.valueOf(event.value()));
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {5, 6})
    void what_mset_writes_in_several_shards_is_seen_whole_or_not_at_all(long seed) throws Exception {
        var names = List.of("a", "b", "c", "d", "e", "f", "g", "h");
        var first = new ArrayList<>(List.of("MSET"));
        names.forEach(name -> first.addAll(List.of(name, "first")));
        server.client().send(first.toArray(String[]::new));
        var differing = together(CLIENTS, seed, (client, index, random) -> {
            int wrong = 0;
            for (int i = 0; i < STEPS; i++) {
                var order = new ArrayList<>(names);
                for (int k = order.size() - 1; k > 0; k--) {
                    order.add(order.remove(random.nextInt(k + 1)));
                }
                var words = new ArrayList<String>();
                if (index < 2) {
                    words.add("MSET");
                    int id = i;
                    order.forEach(name -> words.addAll(List.of(name, index + "-" + id)));
                    client.send(words.toArray(String[]::new));
                } else {
                    words.add("MGET");
                    words.addAll(order);
                    var values = (List<?>) client.send(words.toArray(String[]::new));
                    wrong += new HashSet<>(values == null ? List.of() : values).size() == 1 ? 0 : 1;
                }
            }
            return wrong;
        });
        assertThat(differing).containsOnly(0);
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {7, 8})
    void commands_of_all_kinds_at_once_leave_the_keyspace_whole(long seed) throws Exception {
        together(CLIENTS + 1, seed, (client, index, random) -> {
            for (int i = 0; i < STEPS; i++) {
                String key = "key" + random.nextInt(200);
                String other = "key" + random.nextInt(200);
                String value = "v".repeat(1 << random.nextInt(17));
                String[] words = index == CLIENTS
                        ? rare(random, key, other)
                        : switch (random.nextInt(9)) {
                            case 0 -> new String[] {"SET", key, value};
                            case 1 -> new String[] {"SET", key, value, "PX", "" + (1 + random.nextInt(5))};
                            case 2 -> new String[] {"APPEND", key, value};
                            case 3 -> new String[] {"MSET", key, "1", other, value};
                            case 4 -> new String[] {"MGET", key, other};
                            case 5 -> new String[] {"RENAME", key, other};
                            case 6 -> new String[] {"DEL", key, other};
                            case 7 -> new String[] {"COPY", key, other, "REPLACE"};
                            default -> new String[] {"SETRANGE", key, "" + random.nextInt(1000), "abc"};
                        };
                Object reply = client.send(words);
                if (reply instanceof RespError error) {
                    assertThat(error.text())
                            .as(words[0])
                            .doesNotContain("internal error")
                            .doesNotContain("syntax");
                }
            }
            return index;
        });
    }

    private static String[] rare(SplittableRandom random, String key, String other) {
        return switch (random.nextInt(10)) {
            case 0 -> new String[] {"SAVE"};
            case 1 -> new String[] {"BGSAVE"};
            case 2 -> random.nextInt(10) == 0 ? new String[] {"FLUSHALL"} : new String[] {"DBSIZE"};
            case 3 -> new String[] {"SWAPDB", "0", "1"};
            case 4 -> new String[] {"ACL", "SETUSER", "anna", "on", ">" + key, "~" + key, "+@read"};
            case 5 -> new String[] {"CONFIG", "SET", "maxclients", "" + (1000 + random.nextInt(10))};
            case 6 -> new String[] {"SCAN", "0", "COUNT", "50"};
            case 7 -> new String[] {"MOVE", key, "1"};
            case 8 -> new String[] {"CLIENT", "LIST"};
            default -> new String[] {"RANDOMKEY"};
        };
    }
}
