package io.redoubt;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.command.CommandFlag;
import io.redoubt.command.CommandSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Looks for a way by which a user that may write, but not read, learns a value. Sequences of commands run on two copies
 * of the data that differ in a secret only; replies that differ are a leak, unless docs/security/model.md names the
 * channel. {@code -Dredoubt.leakSequences=N} looks longer.
 */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class LeakSearchTest {
    private static final int SEQUENCES = Integer.getInteger("redoubt.leakSequences", 10_000);
    private static final int DIRECTED = 200_000;
    private static final int FEW = 2000;
    private static final int BATCH = 200;
    private static final int LENGTH_MAX = 6;
    /** They empty or exchange databases: nothing would be left to compare. */
    private static final List<String> WHOLE_KEYSPACE = List.of("flushall", "flushdb", "swapdb");

    private static final Path MODEL = Path.of("../docs/security/model.md");

    /** How an empty sparse HyperLogLog begins. */
    private static final String HYPERLOGLOG = "HYLL\u0001\0\0\0\0\0\0\0\0\0\0\0";

    private static final RandomForms.Words TEXT_WORDS = words("a", "1", "11", "1111", "1e", "????????", HYPERLOGLOG);
    private static final RandomForms.Words ELEMENT_WORDS = words("a", "b", "[a", "(m", "+");

    private static final List<String> STRING_GROUPS = List.of("string", "bitmap", "hyperloglog");

    private static final String NUMBER = "| `INCR`, `DECR` |";
    private static final String LENGTHS = "| `APPEND`, `SETRANGE`, `LPUSH`, `RPUSH` |";
    private static final String DIGITS = "| `SETRANGE` or `APPEND`, then `INCR` or `DECR` |";
    private static final String REGISTERS = "| `SETRANGE`, then `PFADD` |";
    private static final String SCORE = "| `ZADD … CH` and `GEOADD … CH` |";

    /** Whether what the model names is no leak. */
    private boolean isNamedKnown = true;

    /** What a leak has to consist of to be looked for. */
    private List<String> needed = List.of();

    /** A value as the first copy and as the second copy has it. */
    private record Secret(String name, String[] first, String[] second) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static RandomForms.Words words(String... strings) {
        return new RandomForms.Words(
                List.of("k", "l"),
                List.of(strings),
                List.of("0", "1", "2", "4", "8", "-1", "-2"),
                List.of("0", "1", "6"));
    }

    private static Secret secret(String name, String first, String second) {
        return new Secret(name, first.split(" "), second.split(" "));
    }

    private static final List<Secret> SECRETS = List.of(
            secret("letters", "SET k qpqpqpqp", "SET k qqppqqpp"),
            secret("long text", "SET k ttttttttttttttttpq", "SET k ttttttttttttttttAq"),
            secret("digits", "SET k pin=4711", "SET k pin=4812"),
            secret("number", "SET k 4711", "SET k 4812"),
            secret("list", "RPUSH k one two", "RPUSH k six ten"),
            secret("set", "SADD k one two", "SADD k six ten"),
            secret("hash", "HSET k a one b 4711 one x", "HSET k a six b 4812 six x"),
            secret("members", "ZADD k 1 cat 2 dog", "ZADD k 1 cow 2 pig"),
            secret("members of one score", "ZADD k 1 cat 1 dog", "ZADD k 1 owl 1 pig"),
            secret("scores", "ZADD k 5.5 a 7.5 b", "ZADD k 7.5 a 5.5 b"),
            secret("estimate", "PFADD k one two", "PFADD k six ten"));

    /** Commands that showed a difference. */
    private record Chain(Secret secret, List<String[]> requests) {
        private List<String> names() {
            return requests.stream().map(request -> request[0]).toList();
        }

        @Override
        public String toString() {
            return secret.name + ": "
                    + String.join(
                            "; ",
                            requests.stream().map(r -> String.join(" ", r)).toList());
        }
    }

    @RegisterExtension
    final RedoubtServer one = server();

    @RegisterExtension
    final RedoubtServer other = server();

    private static RedoubtServer server() {
        return RedoubtServer.with("user default on >pw ~* &* +@all", "user w on >w ~* +@write -@read");
    }

    /** Both copies, and who looks at them. */
    private final class Copies {
        private final RespClient first = one.clientAs("w", "w");
        private final RespClient second = other.clientAs("w", "w");

        /** Runs sequences, each on fresh data; returns for each the first request whose replies differ, or -1. */
        private int[] firstDifferences(List<Chain> chains) {
            for (var chain : chains) {
                start(first, chain.secret.first, chain.requests);
                start(second, chain.secret.second, chain.requests);
            }
            int[] found = new int[chains.size()];
            for (int i = 0; i < found.length; i++) {
                found[i] = -1;
                for (int skipped = 0; skipped < 2; skipped++) {
                    first.read();
                    second.read();
                }
                for (int at = 0; at < chains.get(i).requests.size(); at++) {
                    if (!Objects.equals(first.read(), second.read()) && found[i] < 0) {
                        found[i] = at;
                    }
                }
            }
            return found;
        }

        private static void start(RespClient client, String[] fill, List<String[]> requests) {
            client.sendRaw(RespClient.request("DEL", "k", "l"));
            client.sendRaw(RespClient.request(fill));
            requests.forEach(request -> client.sendRaw(RespClient.request(withoutClock(request))));
        }

        /** The ID that XADD makes of the clock differs between two servers, and tells nothing but the time. */
        private static String[] withoutClock(String[] request) {
            return request[0].equals("XADD")
                    ? Arrays.stream(request)
                            .map(word -> word.equals("*") ? "9-9" : word)
                            .toArray(String[]::new)
                    : request;
        }

        private int firstDifference(Chain chain) {
            return firstDifferences(List.of(chain))[0];
        }

        /** Returns the chain without what it does not need to leak. */
        private Chain shortest(Chain chain) {
            for (int left = chain.requests.size() - 1; left >= 0; left--) {
                var fewer = new ArrayList<>(chain.requests);
                fewer.remove(left);
                var candidate = new Chain(chain.secret, fewer);
                if (isLeak(candidate, firstDifference(candidate))) {
                    chain = candidate;
                }
            }
            return chain;
        }
    }

    private boolean isLeak(Chain chain, int difference) {
        return difference >= 0 && (!isNamedKnown || channel(chain, difference) == null);
    }

    /** Returns the words of docs/security/model.md that name how this sequence shows something, or null. */
    private static @Nullable String channel(Chain chain, int difference) {
        var request = List.of(chain.requests.get(difference));
        if (request.getFirst().equals("INCR") || request.getFirst().equals("DECR")) {
            return runs(chain, difference, "SETRANGE") ? DIGITS : NUMBER;
        }
        if (runs(chain, difference, "SETRANGE") && runs(chain, difference + 1, "PFADD")) {
            return REGISTERS;
        }
        if (chain.secret.name.equals("estimate") && LENGTHS.contains("`" + request.getFirst() + "`")) {
            return LENGTHS;
        }
        return request.contains("CH") ? SCORE : null;
    }

    private static boolean runs(Chain chain, int before, String command) {
        return chain.requests.stream().limit(before).anyMatch(request -> request[0].equals(command));
    }

    /** Returns the first leak that random sequences show, as short as it gets. */
    private @Nullable Chain search(
            List<CommandSpec> specs, List<Secret> secrets, long seed, int sequences, boolean inOrder) {
        var random = new SplittableRandom(seed);
        var texts = new RandomForms(random, TEXT_WORDS);
        var elements = new RandomForms(random, ELEMENT_WORDS);
        var copies = new Copies();
        for (int done = 0; done < sequences; done += BATCH) {
            var chains = new ArrayList<Chain>();
            for (int i = 0; i < BATCH; i++) {
                var secret = texts.any(secrets);
                var forms = isText(secret) ? texts : elements;
                var few = inOrder ? specs : few(specs, secret, forms, random);
                var requests = new ArrayList<String[]>();
                int length = inOrder ? specs.size() : 2 + random.nextInt(LENGTH_MAX - 1);
                for (int at = 0; at < length; at++) {
                    requests.add(forms.next(inOrder ? specs.get(at) : forms.any(few)));
                }
                chains.add(new Chain(secret, requests));
            }
            int[] differences = copies.firstDifferences(chains);
            for (int i = 0; i < BATCH; i++) {
                var chain = chains.get(i);
                // Twice: what the clock alone made different is no leak.
                if (isLeak(chain, differences[i]) && isLeak(chain, copies.firstDifference(chain))) {
                    var shortest = copies.shortest(chain);
                    if (shortest.names().containsAll(needed)) {
                        return shortest;
                    }
                }
            }
        }
        return null;
    }

    private boolean isText(Secret secret) {
        return STRING_GROUPS.contains(command(secret.first[0]).group());
    }

    /** Returns some commands that go together: mostly those that work on the secret's type. */
    private List<CommandSpec> few(List<CommandSpec> specs, Secret secret, RandomForms forms, SplittableRandom random) {
        var pool = specs;
        if (random.nextInt(5) > 0) {
            String group = command(secret.first[0]).group();
            pool = specs.stream().filter(spec -> isFor(group, spec.group())).toList();
        }
        var few = new ArrayList<CommandSpec>();
        for (int i = 0; i < 3; i++) {
            few.add(forms.any(pool));
        }
        return few;
    }

    private static boolean isFor(String type, String group) {
        return switch (group) {
            case "generic" -> true;
            case "bitmap", "hyperloglog", "string" -> STRING_GROUPS.contains(type);
            case "geo" -> type.equals("sorted-set");
            default -> group.equals(type);
        };
    }

    /** Returns the commands that the user w may run in some form. */
    private List<CommandSpec> allowed() {
        var admin = one.clientAs("default", "pw");
        var forms = new RandomForms(new SplittableRandom(0), TEXT_WORDS);
        var allowed = new ArrayList<CommandSpec>();
        for (var spec : one.commands().all()) {
            if (!spec.isRunnable() || spec.has(CommandFlag.NO_AUTH) || WHOLE_KEYSPACE.contains(spec.name())) {
                continue;
            }
            for (int i = 0; i < 20; i++) {
                var request = new ArrayList<>(List.of("ACL", "DRYRUN", "w"));
                request.addAll(Arrays.asList(forms.next(spec)));
                if ("OK".equals(admin.send(request.toArray(String[]::new)))) {
                    allowed.add(spec);
                    break;
                }
            }
        }
        return allowed;
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void no_sequence_of_what_a_write_only_user_may_run_shows_a_secret(long seed) {
        var allowed = allowed();
        assertThat(allowed).extracting(CommandSpec::name).contains("set", "setrange", "incr", "zadd", "lrem", "hset");
        assertThat(search(allowed, SECRETS, seed, SEQUENCES, false)).isNull();
    }

    private CommandSpec command(String name) {
        return one.commands().all().stream()
                .filter(spec -> spec.fullName().equals(name.toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow();
    }

    private List<CommandSpec> commands(String names) {
        return Arrays.stream(names.split(" ")).map(this::command).toList();
    }

    private static List<Secret> secrets(String name) {
        return SECRETS.stream().filter(secret -> secret.name.equals(name)).toList();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "SET BITOP INCRBY, bitop incrby, letters",
        "COPY SETRANGE INCRBYFLOAT, copy incrbyfloat, digits",
        "ZUNIONSTORE ZRANGESTORE, zunionstore zrangestore, members",
        "ZREMRANGEBYRANK ZREM, zremrangebyrank, scores",
    })
    void the_search_finds_the_chain_that_a_grant_opens(String names, String granted, String secret) {
        var commands = commands(names);
        assertThat(search(commands, secrets(secret), 1, FEW, true))
                .as("before the grant")
                .isNull();
        for (var server : List.of(one, other)) {
            var admin = server.clientAs("default", "pw");
            for (var name : granted.split(" ")) {
                assertThat(admin.send("ACL", "SETUSER", "w", "+" + name)).isEqualTo("OK");
            }
        }
        needed = List.of(names.split(" "));
        var chain = search(commands, secrets(secret), 1, DIRECTED, true);
        assertThat(chain).as("what leaks").isNotNull().extracting(Chain::names).isEqualTo(needed);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "INCR, number, " + NUMBER,
        "SETRANGE INCR, digits, " + DIGITS,
        "SETRANGE PFADD, long text, " + REGISTERS,
        "PFADD APPEND, estimate, " + LENGTHS,
        "ZADD ZADD, scores, " + SCORE,
    })
    void a_channel_that_the_model_names_is_there(String names, String secret, String row) throws IOException {
        assertThat(Files.readString(MODEL)).contains(row);
        isNamedKnown = false;
        needed = List.of(names.split(" "));
        var chain = search(commands(names), secrets(secret), 1, DIRECTED, true);
        assertThat(chain).as("what shows " + secret).isNotNull();
    }
}
