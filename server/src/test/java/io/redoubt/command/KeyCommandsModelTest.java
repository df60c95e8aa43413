package io.redoubt.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random commands on the server and on plain maps; the clock moves between them. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class KeyCommandsModelTest {
    private static final int STEPS = 4000;
    private static final int KEYS = 12;

    private record Item(String value, long expiry) {}

    /** What the databases must hold. */
    private static final class Model {
        final List<Map<String, Item>> databases = new ArrayList<>();
        int database;

        Model() {
            for (int i = 0; i < KeyServer.DATABASES; i++) {
                databases.add(new TreeMap<>());
            }
        }

        Map<String, Item> here() {
            return databases.get(database);
        }

        void forget(long now) {
            for (var map : databases) {
                map.values().removeIf(item -> item.expiry != -1 && item.expiry <= now);
            }
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void commands_do_to_keys_what_they_do_to_maps(long seed) {
        var random = new SplittableRandom(seed);
        var server = new KeyServer(seed % 2 == 0 ? 1 : 16);
        var model = new Model();
        for (int step = 0; step < STEPS; step++) {
            server.nowMillis += random.nextInt(4) == 0 ? random.nextInt(40) : 0;
            model.forget(server.nowMillis);
            if (random.nextInt(20) == 0) {
                model.database = random.nextInt(KeyServer.DATABASES);
                server.session().select(model.database);
            }
            String command = command(random, server.nowMillis);
            String expected = run(model, command.split(" "), server.nowMillis);
            assertThat(server.send(command)).as("step %d: %s", step, command).isEqualTo(expected);
            if (step % 50 == 0) {
                compareAll(server, model);
            }
        }
        compareAll(server, model);
    }

    private static void compareAll(KeyServer server, Model model) {
        for (int database = 0; database < KeyServer.DATABASES; database++) {
            server.session().select(database);
            var expected = model.databases.get(database);
            assertThat(new TreeSet<>(server.list("KEYS *"))).isEqualTo(new TreeSet<>(expected.keySet()));
            var scanned = new TreeSet<String>();
            String cursor = "0";
            do {
                var page = server.list("SCAN " + cursor + " COUNT 3");
                cursor = page.getFirst();
                scanned.addAll(page.subList(1, page.size()));
            } while (!cursor.equals("0"));
            assertThat(scanned).isEqualTo(new TreeSet<>(expected.keySet()));
            var picked = server.list("RANDOMKEY");
            assertThat(picked).hasSize(expected.isEmpty() ? 0 : 1);
            assertThat(expected.keySet()).containsAll(picked);
            expected.forEach((key, item) -> {
                assertThat(server.list("GET " + key)).containsExactly(item.value);
                assertThat(server.send("PEXPIRETIME " + key)).isEqualTo(":" + item.expiry);
            });
        }
        server.session().select(model.database);
        server.keyspace().checkInvariants();
    }

    private static String command(SplittableRandom random, long now) {
        String a = "key" + random.nextInt(KEYS);
        String b = "key" + random.nextInt(KEYS);
        int database = random.nextInt(KeyServer.DATABASES);
        long time = random.nextInt(60) - 5;
        String condition = List.of("", " NX", " XX", " GT", " LT").get(random.nextInt(5));
        return switch (random.nextInt(18)) {
            case 0, 1, 2, 3 -> "SET " + a + " " + value(random);
            case 4 -> "DEL " + a + " " + b;
            case 5 -> "UNLINK " + a;
            case 6 -> "EXISTS " + a + " " + b;
            case 7, 8 -> "PEXPIRE " + a + " " + time + condition;
            case 9 -> "PEXPIREAT " + a + " " + (now + time) + condition;
            case 10 -> "PERSIST " + a;
            case 11 -> "PTTL " + a;
            case 12 -> "RENAME " + a + " " + b;
            case 13 -> "RENAMENX " + a + " " + b;
            case 14 -> "COPY " + a + " " + b + " DB " + database + (random.nextBoolean() ? " REPLACE" : "");
            case 15 -> "MOVE " + a + " " + database;
            case 16 -> "TYPE " + a;
            default ->
                random.nextInt(10) > 0
                        ? "TOUCH " + a
                        : random.nextInt(5) == 0
                                ? "FLUSHALL"
                                : random.nextBoolean()
                                        ? "FLUSHDB"
                                        : "SWAPDB " + database + " " + random.nextInt(KeyServer.DATABASES);
        };
    }

    private static String value(SplittableRandom random) {
        return switch (random.nextInt(4)) {
            case 0 -> Long.toString(random.nextLong());
            case 1 -> "v".repeat(1 + random.nextInt(100));
            case 2 -> "w".repeat(32_000 + random.nextInt(2000));
            default -> "x" + random.nextInt(100);
        };
    }

    private static String number(boolean isTrue) {
        return isTrue ? ":1" : ":0";
    }

    private static String run(Model model, String[] words, long now) {
        var here = model.here();
        String key = words.length > 1 ? words[1] : "";
        var item = here.get(key);
        return switch (words[0]) {
            case "SET" -> {
                here.put(key, new Item(words[2], -1));
                yield "+OK";
            }
            case "DEL", "UNLINK" -> {
                int count = 0;
                for (int i = 1; i < words.length; i++) {
                    count += here.remove(words[i]) == null ? 0 : 1;
                }
                yield ":" + count;
            }
            case "EXISTS", "TOUCH" -> {
                int count = 0;
                for (int i = 1; i < words.length; i++) {
                    count += here.containsKey(words[i]) ? 1 : 0;
                }
                yield ":" + count;
            }
            case "TYPE" -> item == null ? "+none" : "+string";
            case "PEXPIRE" -> number(expire(here, key, now + Long.parseLong(words[2]), words, now));
            case "PEXPIREAT" -> number(expire(here, key, Long.parseLong(words[2]), words, now));
            case "PERSIST" -> {
                boolean expires = item != null && item.expiry != -1;
                if (expires) {
                    here.put(key, new Item(item.value, -1));
                }
                yield number(expires);
            }
            case "PTTL" -> ":" + (item == null ? -2 : item.expiry == -1 ? -1 : item.expiry - now);
            case "RENAME", "RENAMENX" -> rename(here, words);
            case "COPY" -> copy(model, words);
            case "MOVE" -> move(model, words);
            case "FLUSHDB" -> {
                here.clear();
                yield "+OK";
            }
            case "FLUSHALL" -> {
                model.databases.forEach(Map::clear);
                yield "+OK";
            }
            case "SWAPDB" -> {
                int first = Integer.parseInt(words[1]);
                int second = Integer.parseInt(words[2]);
                var kept = model.databases.get(first);
                model.databases.set(first, model.databases.get(second));
                model.databases.set(second, kept);
                yield "+OK";
            }
            default -> throw new IllegalStateException(words[0]);
        };
    }

    private static boolean expire(Map<String, Item> here, String key, long when, String[] words, long now) {
        var item = here.get(key);
        if (item == null) {
            return false;
        }
        boolean expires = item.expiry != -1;
        boolean isWanted = switch (words.length > 3 ? words[3] : "") {
            case "NX" -> !expires;
            case "XX" -> expires;
            case "GT" -> expires && when > item.expiry;
            case "LT" -> !expires || when < item.expiry;
            default -> true;
        };
        if (isWanted && when <= now) {
            here.remove(key);
        } else if (isWanted) {
            here.put(key, new Item(item.value, when));
        }
        return isWanted;
    }

    private static String rename(Map<String, Item> here, String[] words) {
        boolean keepsTarget = words[0].equals("RENAMENX");
        if (!here.containsKey(words[1])) {
            return "-ERR no such key";
        }
        if (keepsTarget && here.containsKey(words[2])) {
            return ":0";
        }
        here.put(words[2], Objects.requireNonNull(here.remove(words[1])));
        return keepsTarget ? ":1" : "+OK";
    }

    private static String copy(Model model, String[] words) {
        int database = Integer.parseInt(words[4]);
        if (database == model.database && words[1].equals(words[2])) {
            return "-ERR source and destination objects are the same";
        }
        var item = model.here().get(words[1]);
        var target = model.databases.get(database);
        if (item == null || target.containsKey(words[2]) && words.length < 6) {
            return ":0";
        }
        target.put(words[2], item);
        return ":1";
    }

    private static String move(Model model, String[] words) {
        int database = Integer.parseInt(words[2]);
        if (database == model.database) {
            return "-ERR source and destination objects are the same";
        }
        var target = model.databases.get(database);
        if (!model.here().containsKey(words[1]) || target.containsKey(words[1])) {
            return ":0";
        }
        target.put(words[1], Objects.requireNonNull(model.here().remove(words[1])));
        return ":1";
    }
}
