package io.redoubt;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.command.Category;
import io.redoubt.command.CommandFlag;
import io.redoubt.command.CommandSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Every command in many forms, sent by a user that may write, but not read: no reply shows what is stored. A new
 * command is walked the moment it exists. {@code -Dredoubt.leakForms=N} walks more forms of each.
 */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class WriteOnlyWalkTest {
    private static final int FORMS = Integer.getInteger("redoubt.leakForms", 40);
    private static final String MARKER = "WmarkerW";
    /** A number that only a reply which shows a number can contain. */
    private static final String NUMBER = "70717273";

    private static final List<String> KEYS = List.of("text", "list", "set", "hash", "zset", "geo", "estimate", "none");
    private static final RandomForms.Words WORDS = new RandomForms.Words(
            KEYS,
            List.of("a", "1", "*", "-", "+", "[a", "LEFT"),
            List.of("0", "1", "2", "-1"),
            List.of("0", "1", "6", "1.5"));
    private static final List<String[]> FILL = List.of(
            words("FLUSHALL"),
            words("SET text " + MARKER),
            words("RPUSH list " + MARKER + " a " + NUMBER + " " + MARKER),
            words("SADD set a " + MARKER),
            words("HSET hash a " + MARKER + " 1 " + NUMBER + " " + MARKER + " b"),
            words("ZADD zset -1 " + MARKER + " " + NUMBER + " a 1 LEFT " + NUMBER + " " + MARKER + "2"),
            words("GEOADD geo 13.361389 38.115556 " + MARKER + " 13.361389 38.115556 a"),
            words("PFADD estimate " + MARKER));

    @RegisterExtension
    final RedoubtServer server =
            RedoubtServer.with("user default on >pw ~* &* +@all", "user w on >w ~* +@write -@read +multi +exec");

    private static String[] words(String request) {
        return request.split(" ");
    }

    private List<CommandSpec> specs() {
        return server.commands().all().stream()
                .filter(spec -> spec.isRunnable()
                        && !spec.has(CommandFlag.NO_AUTH)
                        && !spec.categories().contains(Category.TRANSACTION)
                        && !spec.fullName().equals("client|reply")
                        && !spec.fullName().equals("select")
                        && !spec.fullName().endsWith("subscribe"))
                .toList();
    }

    private static void fill(RespClient admin) {
        FILL.forEach(request -> admin.sendRaw(RespClient.request(request)));
        FILL.forEach(_ -> admin.read());
    }

    /** Restores what a command may have changed. */
    private static void fill(RespClient admin, CommandSpec spec) {
        if (spec.has(CommandFlag.WRITE)) {
            fill(admin);
        }
    }

    /** Sends a form of a command, alone or in a transaction; returns what it answers. */
    private static @Nullable Object answer(RespClient client, boolean isQueued, String[] request) {
        if (!isQueued) {
            return client.send(request);
        }
        client.sendRaw(RespClient.request("MULTI"));
        client.sendRaw(RespClient.request(request));
        client.sendRaw(RespClient.request("EXEC"));
        client.read();
        Object queued = client.read();
        Object ran = client.read();
        return "QUEUED".equals(queued) ? ran : queued;
    }

    private static boolean shows(@Nullable Object reply) {
        String text = String.valueOf(reply);
        return text.contains(MARKER) || text.contains(NUMBER) || text.contains("7.0717273");
    }

    private static boolean isError(@Nullable Object reply) {
        return reply instanceof RespError
                || reply instanceof List<?> replies && replies.size() == 1 && replies.getFirst() instanceof RespError;
    }

    @ParameterizedTest(name = "RESP{0}, in a transaction: {1}")
    @CsvSource({"2,false", "2,true", "3,false", "3,true"})
    void no_form_of_any_command_shows_what_is_stored(int protocol, boolean isQueued) {
        var admin = server.clientAs("default", "pw");
        fill(admin);
        var client = server.clientAs("w", "w");
        client.send("HELLO", Integer.toString(protocol));
        var forms = new RandomForms(new SplittableRandom(protocol), WORDS);
        var ran = new TreeSet<String>();
        for (var spec : specs()) {
            boolean isUsed = false;
            for (int i = 0; i < FORMS && (i < 10 || isUsed); i++) {
                fill(admin, spec);
                String[] request = forms.next(spec);
                Object reply = answer(client, isQueued, request);
                assertThat(shows(reply))
                        .as("%s shows %s", Arrays.toString(request), reply)
                        .isFalse();
                isUsed |= !String.valueOf(reply).contains("NOPERM");
                if (!isError(reply)) {
                    ran.add(spec.fullName());
                }
            }
        }
        assertThat(ran)
                .contains("set", "append", "incr", "del", "rename", "expire", "lset", "lrem", "sadd", "hset", "zadd");
        assertThat(ran).doesNotContain("getdel", "lpop", "spop", "zpopmin", "copy", "sort", "get", "hgetall");
    }

    @Test
    void the_same_walk_finds_what_shows_values_to_a_user_who_may_read_too() {
        var admin = server.clientAs("default", "pw");
        admin.send("ACL", "SETUSER", "w", "+@read");
        fill(admin);
        var client = server.clientAs("w", "w");
        var forms = new RandomForms(new SplittableRandom(1), WORDS);
        var showing = new TreeSet<String>();
        for (var spec : specs()) {
            boolean isWalked = spec.has(CommandFlag.WRITE)
                    && !spec.has(CommandFlag.BLOCKING)
                    && !spec.fullName().equals("migrate");
            for (int i = 0; i < FORMS && isWalked; i++) {
                fill(admin);
                if (shows(client.send(forms.next(spec)))) {
                    showing.add(spec.fullName());
                }
            }
        }
        // Not SPOP: which member it takes is chance.
        assertThat(showing).contains("getdel", "getex", "getset", "set", "lpop", "rpop", "zpopmin", "sort");
    }

    @Test
    void nobody_who_may_not_read_waits_for_what_others_write() {
        var client = server.clientAs("w", "w");
        var forms = new RandomForms(new SplittableRandom(1), WORDS);
        var denied = new ArrayList<String>();
        for (var spec : specs()) {
            if (spec.has(CommandFlag.BLOCKING)) {
                assertThat(client.send(forms.next(spec)))
                        .as(spec.fullName())
                        .asString()
                        .startsWith("-NOPERM ");
                denied.add(spec.fullName());
            }
        }
        assertThat(denied)
                .contains("blpop", "brpop", "blmove", "brpoplpush", "blmpop", "bzpopmin", "bzpopmax", "bzmpop");
    }
}
