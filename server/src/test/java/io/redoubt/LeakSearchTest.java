package io.redoubt;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.command.Category;
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
import org.junit.jupiter.api.Test;
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
    private static final int WITH_WAITING = SEQUENCES / 50;
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
    private static final String COUNTS = "| the counts of `SADD`, `SREM`, `HSET`, `HDEL`, `ZADD`, `ZREM`, `LREM` |";
    private static final String DIGITS = "| `SETRANGE` or `APPEND`, then `INCR` or `DECR` |";

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
            secret("places", "GEOADD k 1 6 a 6 1 b", "GEOADD k 6 1 a 1 6 b"));

    /** Only the channel of lengths may tell these apart. */
    private static final Secret LENGTH = secret("length", "SET k qpqp", "SET k qpqpqp");

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
        return RedoubtServer.with(
                "user default on >pw ~* &* +@all", "user w on >w ~* +@write -@read +multi +exec +hello");
    }

    /** Both copies, and who looks at them. */
    private final class Copies {
        private final boolean inTransactions;
        private final RespClient first;
        private final RespClient second;

        private Copies(int protocol, boolean inTransactions) {
            this.inTransactions = inTransactions;
            first = client(one, protocol);
            second = client(other, protocol);
        }

        private static RespClient client(RedoubtServer server, int protocol) {
            var client = server.clientAs("w", "w");
            client.send("HELLO", Integer.toString(protocol));
            return client;
        }

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
                int count = chains.get(i).requests.size();
                var replies = replies(first, count);
                var others = replies(second, count);
                for (int at = 0; at < count && found[i] < 0; at++) {
                    found[i] = Objects.equals(replies.get(at), others.get(at)) ? -1 : at;
                }
            }
            return found;
        }

        private void start(RespClient client, String[] fill, List<String[]> requests) {
            client.sendRaw(RespClient.request("DEL", "k", "l"));
            client.sendRaw(RespClient.request(fill));
            if (inTransactions) {
                client.sendRaw(RespClient.request("MULTI"));
            }
            requests.forEach(request -> client.sendRaw(RespClient.request(withoutClock(request))));
            if (inTransactions) {
                client.sendRaw(RespClient.request("EXEC"));
            }
        }

        /** Returns what each request answered; that it was queued is no answer. */
        private List<@Nullable Object> replies(RespClient client, int count) {
            var replies = new ArrayList<@Nullable Object>();
            if (inTransactions) {
                client.read();
            }
            for (int i = 0; i < count; i++) {
                replies.add(client.read());
            }
            if (inTransactions && client.read() instanceof List<?> ran) {
                return new ArrayList<>(ran);
            }
            return replies;
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
        String name = chain.requests.get(difference)[0];
        if (name.equals("INCR") || name.equals("DECR")) {
            if (runs(chain, difference, "SETRANGE") || runs(chain, difference, "APPEND")) {
                return DIGITS;
            }
            return chain.secret.name.equals("number") ? NUMBER : null;
        }
        return chain.secret == LENGTH && LENGTHS.contains("`" + name + "`") ? LENGTHS : null;
    }

    private static boolean runs(Chain chain, int before, String command) {
        return chain.requests.stream().limit(before).anyMatch(request -> request[0].equals(command));
    }

    /** Returns the first leak that random sequences show, as short as it gets. */
    private @Nullable Chain search(
            Copies copies, List<CommandSpec> specs, List<Secret> secrets, long seed, int sequences, boolean inOrder) {
        var random = new SplittableRandom(seed);
        var texts = new RandomForms(random, TEXT_WORDS);
        var elements = new RandomForms(random, ELEMENT_WORDS);
        for (int done = 0; done < sequences; done += BATCH) {
            var chains = new ArrayList<Chain>();
            for (int i = 0; i < BATCH; i++) {
                var secret = texts.any(secrets);
                var forms = isText(secret) ? texts : elements;
                var few = inOrder ? specs : few(specs, secret, forms, random);
                var requests = new ArrayList<String[]>();
                int length = inOrder ? specs.size() : 2 + random.nextInt(LENGTH_MAX - 1);
                for (int at = 0; at < length; at++) {
                    requests.add(form(forms, inOrder ? specs.get(at) : forms.any(few), copies));
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

    /** A form that is refused would end the transaction before it runs, so there only what runs is taken. */
    private String[] form(RandomForms forms, CommandSpec spec, Copies copies) {
        String[] form = forms.next(spec);
        while (copies.inTransactions
                && spec.sometimesReadsToo()
                && List.of(form).contains("CH")) {
            form = forms.next(spec);
        }
        return form;
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
            if (!spec.isRunnable()
                    || spec.has(CommandFlag.NO_AUTH)
                    || spec.categories().contains(Category.TRANSACTION)
                    || WHOLE_KEYSPACE.contains(spec.name())) {
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

    @ParameterizedTest(name = "seed {0}, RESP{1}, in transactions: {2}")
    @CsvSource({"1,2,false", "2,3,false", "3,2,true", "4,3,true"})
    void no_sequence_of_what_a_write_only_user_may_run_shows_a_secret(long seed, int protocol, boolean inTransactions) {
        var allowed = allowed();
        assertThat(allowed).extracting(CommandSpec::name).contains("set", "setrange", "incr", "zadd", "lrem", "hset");
        var copies = new Copies(protocol, inTransactions);
        assertThat(search(copies, allowed, withEstimate(), seed, SEQUENCES, false))
                .isNull();
    }

    @Test
    void a_user_who_may_read_too_is_shown_secrets_by_what_it_writes() {
        var allowed = allowed();
        grant("@read");
        var writing = one.commands().all().stream()
                .filter(spec -> spec.isRunnable() && spec.has(CommandFlag.WRITE) && !spec.has(CommandFlag.BLOCKING))
                .filter(spec -> !allowed.contains(spec)
                        && !WHOLE_KEYSPACE.contains(spec.name())
                        && !spec.name().equals("migrate"))
                .toList();
        assertThat(search(new Copies(2, false), writing, SECRETS, 1, FEW, false))
                .isNotNull();
    }

    /** A client of somebody else waits for the key that the sequences write to. */
    @ParameterizedTest(name = "{0}")
    @ValueSource(
            strings = {
                "BLPOP l 0",
                "BLMOVE l k LEFT LEFT 0",
                "BLMOVEM l k LEFT LEFT 0",
                "BZPOPMIN l 0",
                "XREAD BLOCK 0 STREAMS l $"
            })
    void no_sequence_shows_a_secret_while_others_wait_for_keys(String waiting) {
        var random = new SplittableRandom(waiting.hashCode());
        var allowed = allowed();
        var copies = new Copies(2, false);
        var pairs = List.of(new Waiting(one), new Waiting(other));
        for (int i = 0; i < WITH_WAITING; i++) {
            var secret = SECRETS.get(random.nextInt(SECRETS.size()));
            var forms = new RandomForms(random, isText(secret) ? TEXT_WORDS : ELEMENT_WORDS);
            var requests = new ArrayList<String[]>();
            for (int at = 2 + random.nextInt(LENGTH_MAX - 1); at > 0; at--) {
                requests.add(forms.next(forms.any(few(allowed, secret, forms, random))));
            }
            var chain = new Chain(secret, requests);
            pairs.forEach(pair -> pair.start(waiting.split(" ")));
            int difference = copies.firstDifference(chain);
            pairs.forEach(Waiting::end);
            // Counts tell whether a member is there, so also which one somebody else has taken as the least.
            boolean isTaken = waiting.startsWith("BZ")
                    && difference >= 0
                    && COUNTS.contains("`" + requests.get(difference)[0] + "`");
            assertThat(isLeak(chain, difference) && !isTaken)
                    .as(chain.toString())
                    .isFalse();
        }
    }

    /** Somebody who waits for a key of one copy. */
    private static final class Waiting {
        private final RespClient admin;
        private final RespClient waiter;
        private final String id;

        Waiting(RedoubtServer server) {
            admin = server.clientAs("default", "pw");
            waiter = server.clientAs("default", "pw");
            id = String.valueOf(waiter.send("CLIENT", "ID"));
        }

        void start(String[] request) {
            admin.send("DEL", "k", "l");
            waiter.sendRaw(RespClient.request(request));
            while (!String.valueOf(admin.send("INFO", "clients")).contains("blocked_clients:1")) {
                Thread.onSpinWait();
            }
        }

        void end() {
            admin.send("CLIENT", "UNBLOCK", id);
            waiter.read();
        }
    }

    /** The secrets, and two HyperLogLogs of one length: a write-only user cannot make them, so they are set whole. */
    private List<Secret> withEstimate() {
        var admin = one.clientAs("default", "pw");
        admin.send("DEL", "k", "l");
        admin.send("PFADD", "k", "one", "two");
        admin.send("PFADD", "l", "six", "ten");
        var first = String.valueOf(admin.send("GET", "k"));
        var second = String.valueOf(admin.send("GET", "l"));
        assertThat(first).hasSameSizeAs(second);
        var all = new ArrayList<>(SECRETS);
        all.add(new Secret("estimate", new String[] {"SET", "k", first}, new String[] {"SET", "k", second}));
        return all;
    }

    private void grant(String rules) {
        for (var server : List.of(one, other)) {
            var admin = server.clientAs("default", "pw");
            for (var rule : rules.split(" ")) {
                assertThat(admin.send("ACL", "SETUSER", "w", "+" + rule)).isEqualTo("OK");
            }
        }
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

    private List<Secret> secrets(String name) {
        return name.equals(LENGTH.name)
                ? List.of(LENGTH)
                : withEstimate().stream()
                        .filter(secret -> secret.name.equals(name))
                        .toList();
    }

    @ParameterizedTest(name = "{0}: {2}")
    @CsvSource({
        "SET BITOP INCRBY, bitop incrby, letters",
        "COPY SETRANGE INCRBYFLOAT, copy incrbyfloat, digits",
        "SETRANGE PFADD, pfadd, long text",
        "PFADD APPEND, pfadd, estimate",
        "ZUNIONSTORE ZRANGESTORE, zunionstore zrangestore, members",
        "ZREMRANGEBYRANK ZREM, zremrangebyrank, scores",
        "ZADD, @read, scores",
        "GEOADD, @read, places",
    })
    void the_search_finds_the_chain_that_a_grant_opens(String names, String granted, String secret) {
        var commands = commands(names);
        var copies = new Copies(2, false);
        assertThat(search(copies, commands, secrets(secret), 1, FEW, true))
                .as("before the grant")
                .isNull();
        grant(granted);
        needed = List.of(names.split(" "));
        var chain = search(copies, commands, secrets(secret), 1, DIRECTED, true);
        assertThat(chain).as("what leaks").isNotNull().extracting(Chain::names).isEqualTo(needed);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "INCR, number, " + NUMBER,
        "SETRANGE INCR, digits, " + DIGITS,
        "APPEND, length, " + LENGTHS,
        "SETRANGE, length, " + LENGTHS,
    })
    void a_channel_that_the_model_names_is_there(String names, String secret, String row) throws IOException {
        assertThat(Files.readString(MODEL)).contains(row);
        isNamedKnown = false;
        needed = List.of(names.split(" "));
        var chain = search(new Copies(2, false), commands(names), secrets(secret), 1, DIRECTED, true);
        assertThat(chain).as("what shows " + secret).isNotNull();
    }
}
