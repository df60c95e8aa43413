package io.redoubt;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.command.ArgSpec;
import io.redoubt.command.Args;
import io.redoubt.command.Category;
import io.redoubt.command.CommandFlag;
import io.redoubt.command.CommandSpec;
import io.redoubt.command.Form;
import io.redoubt.command.KeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every command of the table, sent by users who may not run it. A new command is walked the moment it exists. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@ParameterizedClass(name = "profile {0}, io-threads {1}")
@CsvSource({"redis,1", "strict,3"})
class AccessWalkTest {
    private static final List<String> OPEN_TO_ALL = List.of("auth", "hello", "quit", "reset");
    private static final int REQUESTS = 10_000;
    private static final int BATCH = 200;

    @RegisterExtension
    final RedoubtServer server;

    AccessWalkTest(String profile, int ioThreads) {
        server = RedoubtServer.with(
                        "security-profile " + profile,
                        "requirepass pw",
                        "user nobody on >n resetkeys -@all",
                        "user queuer on >n ~* -@all +@transaction",
                        "user keyless on >n resetkeys +@all",
                        "user reader on >r ~* +@read",
                        "user looker on >r %R~* +@all -@admin -@dangerous")
                .ioThreads(ioThreads);
    }

    @Test
    void every_command_needs_a_login_but_those_that_lead_to_it() {
        var admin = admin();
        fill(admin);
        Object digest = admin.send("DEBUG", "DIGEST");
        var open = new TreeSet<String>();
        for (var spec : runnable()) {
            if (spec.has(CommandFlag.NO_AUTH)) {
                open.add(spec.fullName());
                continue;
            }
            assertThat(server.client().send(smallest(spec)))
                    .as(spec.fullName())
                    .isEqualTo(RespError.error(refusal(spec) + "NOAUTH Authentication required."));
        }
        assertThat(open).containsExactlyElementsOf(OPEN_TO_ALL);
        assertThat(admin.send("DEBUG", "DIGEST")).isEqualTo(digest);
    }

    @Test
    void every_command_is_denied_to_a_user_without_commands() {
        var admin = admin();
        fill(admin);
        Object digest = admin.send("DEBUG", "DIGEST");
        var nobody = server.clientAs("nobody", "n");
        for (var spec : runnable()) {
            if (!spec.has(CommandFlag.NO_AUTH)) {
                assertThat(nobody.send(smallest(spec)))
                        .as(spec.fullName())
                        .asString()
                        .startsWith("-" + refusal(spec) + "NOPERM ");
            }
        }
        assertThat(admin.send("DEBUG", "DIGEST")).isEqualTo(digest);
    }

    /** What a denial begins with: EXEC says that it is over with the transaction, even where there is none. */
    private static String refusal(CommandSpec spec) {
        return spec.name().equals("exec") ? "EXECABORT Transaction discarded because of: " : "";
    }

    @Test
    void every_command_with_keys_is_denied_to_a_user_without_keys() {
        var admin = admin();
        fill(admin);
        Object digest = admin.send("DEBUG", "DIGEST");
        var keyless = server.clientAs("keyless", "n");
        for (var spec : runnable()) {
            if (spec.keySpecs().stream().anyMatch(keys -> !keys.flags().contains(KeySpec.Flag.NOT_KEY))) {
                assertThat(keyless.send(smallest(spec)))
                        .as(spec.fullName())
                        .asString()
                        .startsWith("-NOPERM ");
            }
        }
        assertThat(admin.send("DEBUG", "DIGEST")).isEqualTo(digest);
    }

    @Test
    void every_command_with_channels_is_denied_to_a_user_without_channels() {
        var silent = server.clientAs("keyless", "n");
        var args = new Args();
        var form = new Form();
        var denied = new ArrayList<String>();
        for (var spec : runnable()) {
            String[] request = smallest(spec);
            args.set(Arrays.stream(request).map(RespClient::bytes).toArray(byte[][]::new));
            spec.parse(args, form);
            if (form.channelCount() > 0) {
                denied.add(spec.fullName());
                assertThat(silent.send(request)).as(spec.fullName()).asString().startsWith("-NOPERM ");
            }
        }
        assertThat(denied).containsExactlyInAnyOrder("publish", "spublish", "subscribe", "psubscribe", "ssubscribe");
    }

    private static boolean canBeQueued(CommandSpec spec) {
        return !spec.has(CommandFlag.NO_AUTH)
                && !spec.has(CommandFlag.NOT_QUEUED)
                && !spec.categories().contains(Category.TRANSACTION);
    }

    @Test
    void no_command_is_queued_for_a_user_who_may_not_run_it() {
        var admin = admin();
        fill(admin);
        Object digest = admin.send("DEBUG", "DIGEST");
        var queuer = server.clientAs("queuer", "n");
        for (var spec : runnable()) {
            if (canBeQueued(spec)) {
                assertThat(queuer.send("MULTI")).isEqualTo("OK");
                assertThat(queuer.send(smallest(spec))).as(spec.fullName()).isInstanceOf(RespError.class);
                assertThat(queuer.send("EXEC")).as(spec.fullName()).asString().startsWith("-EXECABORT ");
            }
        }
        assertThat(admin.send("DEBUG", "DIGEST")).isEqualTo(digest);
    }

    @Test
    void no_queued_command_runs_for_a_user_who_has_lost_it() {
        var admin = admin();
        fill(admin);
        Object digest = admin.send("DEBUG", "DIGEST");
        var queuer = server.clientAs("queuer", "n");
        for (var spec : runnable()) {
            if (canBeQueued(spec) && !spec.has(CommandFlag.NO_MULTI)) {
                admin.send("ACL", "SETUSER", "queuer", "+@all", "allchannels");
                assertThat(queuer.send("MULTI")).isEqualTo("OK");
                assertThat(queuer.send(smallest(spec))).as(spec.fullName()).isEqualTo("QUEUED");
                admin.send("ACL", "SETUSER", "queuer", "-@all", "+@transaction");
                assertThat(queuer.send("EXEC"))
                        .as(spec.fullName())
                        .asString()
                        .startsWith("[-NOPERM ACLs rules changed ");
            }
        }
        assertThat(admin.send("DEBUG", "DIGEST")).isEqualTo(digest);
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2})
    void a_user_who_may_run_what_reads_changes_nothing_by_any_form(long seed) {
        changesNothing("reader", seed);
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {3, 4})
    void a_user_whose_keys_are_only_to_be_read_changes_nothing_by_any_form(long seed) {
        changesNothing("looker", seed);
    }

    private void changesNothing(String user, long seed) {
        var admin = admin();
        fill(admin);
        Object digest = admin.send("DEBUG", "DIGEST");
        var random = new SplittableRandom(seed);
        // Those change the user, end the connection, silence it, answer more than once, or not before a replica comes.
        var specs = runnable().stream()
                .filter(spec -> !spec.has(CommandFlag.NO_AUTH)
                        && !spec.fullName().equals("client|reply")
                        && !spec.fullName().startsWith("wait")
                        && !spec.fullName().endsWith("subscribe"))
                .toList();
        var client = server.clientAs(user, "r");
        int allowed = 0;
        for (int sent = 0; sent < REQUESTS; sent += BATCH) {
            var batch = new ArrayList<String[]>();
            for (int i = 0; i < BATCH; i++) {
                batch.add(anyForm(specs.get(random.nextInt(specs.size())), random));
            }
            batch.forEach(words -> client.sendRaw(RespClient.request(words)));
            for (int i = 0; i < BATCH; i++) {
                allowed += client.read() instanceof RespError ? 0 : 1;
            }
            Object now = admin.send("DEBUG", "DIGEST");
            assertThat(now).as(() -> "after one of " + shown(batch)).isEqualTo(digest);
        }
        assertThat(allowed).as("requests that were well formed and allowed").isGreaterThan(BATCH);
    }

    private static String shown(List<String[]> batch) {
        return String.join("\n", batch.stream().map(Arrays::toString).toList());
    }

    private RespClient admin() {
        return server.clientAs("default", "pw");
    }

    private static void fill(RespClient admin) {
        admin.send("MSET", "1", "one", "2", "22", "key", "value", "{key}2", "x".repeat(200), "bits", "\u0000\u00ff");
        admin.send("SET", "big", "y".repeat(100_000));
        admin.send("SET", "lasting", "z", "EX", "100000");
        admin.send("SELECT", "1");
        admin.send("SET", "key", "in database 1");
        admin.send("SELECT", "0");
    }

    private List<CommandSpec> runnable() {
        return server.commands().all().stream().filter(CommandSpec::isRunnable).toList();
    }

    private static List<String> name(CommandSpec spec) {
        return new ArrayList<>(List.of(spec.fullName().toUpperCase(Locale.ROOT).split("\\|")));
    }

    /** The command with as few arguments as it takes, each of them 1: a key, a number and a count of keys. */
    private static String[] smallest(CommandSpec spec) {
        var words = name(spec);
        String keyword =
                spec.keySpecs().isEmpty() ? null : spec.keySpecs().getFirst().beginKeyword();
        if (keyword != null) {
            words.addAll(List.of(keyword, "1"));
        }
        while (!spec.accepts(words.size())) {
            words.add("1");
        }
        if (!spec.keySpecs().isEmpty() && spec.keySpecs().getFirst().byKeyCount()) {
            words.add("1"); // The key that was counted.
        }
        return words.toArray(String[]::new);
    }

    private static String[] anyForm(CommandSpec spec, SplittableRandom random) {
        var words = name(spec);
        var tokens =
                new ArrayList<>(List.of("1", "2", "0", "-1", "key", "{key}2", "bits", "big", "lasting", "none", "*"));
        addTokens(spec.args(), tokens);
        while (!spec.accepts(words.size())) {
            words.add(tokens.get(random.nextInt(tokens.size())));
        }
        for (int extra = random.nextInt(5); extra > 0 && spec.accepts(words.size() + 1); extra--) {
            words.add(tokens.get(random.nextInt(tokens.size())));
        }
        return words.toArray(String[]::new);
    }

    private static void addTokens(List<ArgSpec> specs, List<String> tokens) {
        for (var spec : specs) {
            String token = spec.token();
            if (token != null) {
                tokens.add(token);
            }
            addTokens(spec.parts(), tokens);
        }
    }
}
