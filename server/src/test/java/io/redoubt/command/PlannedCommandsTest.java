package io.redoubt.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class PlannedCommandsTest {
    private final CommandFixture server = new CommandFixture(new SomeCommands());

    /** A container of which only one subcommand is built, and a command. */
    private static final class SomeCommands extends CommandFamily {
        private SomeCommands() {
            super("some");
            command("DBSIZE").arity(1).handler(call -> call.reply().ok());
            var client = command("CLIENT").arity(-2);
            subcommand(client, "ID").arity(2).handler(call -> call.reply().ok());
        }
    }

    private CommandSpec spec(String name) {
        return Objects.requireNonNull(server.table().byFullName(name), name);
    }

    @Test
    void every_command_of_redis_7_is_known_once() {
        assertThat(Agreement.everyLine()).hasSize(366).allMatch(CommandSpec::isOfRedis7);
        var all = server.table().all();
        assertThat(all).hasSize(366).doesNotHaveDuplicates();
        for (int id = 0; id < all.size(); id++) {
            assertThat(all.get(id).id()).isEqualTo(id);
        }
    }

    @Test
    void what_runs_comes_first_and_is_not_planned() {
        var declared = server.table().declared();
        assertThat(declared).extracting(CommandSpec::fullName).containsExactly("dbsize", "client", "client|id");
        assertThat(declared).noneMatch(CommandSpec::isPlanned);
        assertThat(server.table().all().subList(3, 366)).allMatch(CommandSpec::isPlanned);
        assertThat(server.table().commands()).hasSize(2);
    }

    @Test
    void planned_commands_cannot_run() {
        assertThat(server.send("DBSIZE")).isEqualTo("+OK");
        assertThat(server.send("LPUSH", "a", "b")).startsWith("-ERR unknown command 'LPUSH'");
        assertThat(server.send("XGROUP", "HELP")).startsWith("-ERR unknown command 'XGROUP'");
        assertThat(server.send("CLIENT", "TRACKING", "on")).startsWith("-ERR unknown subcommand 'TRACKING'");
    }

    @Test
    void containers_that_run_hide_their_planned_subcommands() {
        var client = spec("client");
        assertThat(client.subcommands()).extracting(CommandSpec::name).containsExactly("id");
        assertThat(client.subcommand("tracking")).isNull();
        assertThat(client.plannedSubcommands()).extracting(CommandSpec::name).contains("tracking", "caching");
        assertThat(spec("CLIENT|Tracking").isPlanned()).isTrue();
    }

    @Test
    void a_line_becomes_a_whole_declaration() {
        var lpop = spec("lpop");
        assertThat(lpop.arity()).isEqualTo(-2);
        assertThat(lpop.flags()).containsExactly(CommandFlag.WRITE, CommandFlag.FAST);
        assertThat(lpop.categories()).containsExactly(Category.WRITE, Category.LIST, Category.FAST);
        assertThat(lpop.alwaysReadsToo()).isTrue();
        assertThat(spec("zadd").sometimesReadsToo()).isTrue();
        assertThat(spec("function|load").isGrantedByWriteCategory()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "LPOP k 2, 1=3",
        "BLPOP a b 0, 1=3 2=3",
        "MSET a b c d, 1=2 3=2",
        "EVAL s 2 a b c, 3=3 4=3",
        "ZUNIONSTORE d 2 a b, 1=2 3=1 4=1",
        "LMPOP 1 a LEFT, 2=3",
        "XGROUP CREATE k g $, 2=2",
        "XREAD COUNT 1 STREAMS a b 0 0, 4=1 5=1",
        "XREAD COUNT 1 a b, ''",
        "XREADGROUP GROUP g c STREAMS a >, 5=1",
        "GEORADIUS k 1 1 1 m STORE d, 1=1 7=2",
        "MIGRATE h 1 k 0 1 KEYS a b, 3=3 7=3 8=3",
        "SORT k STORE d, 1=1",
        "SPUBLISH c m, ''",
    })
    void key_specifications_find_keys(String request, String keys) {
        var args = new Args();
        var words = request.split(" ");
        args.set(java.util.Arrays.stream(words).map(CommandFixture::bytes).toArray(byte[][]::new));
        var form = new Form();
        Objects.requireNonNull(server.table().known(args)).parse(args, form);
        List<String> found = new ArrayList<>();
        for (int i = 0; i < form.keyCount(); i++) {
            found.add(form.keyArg(i) + "=" + form.keyAccess(i));
        }
        assertThat(String.join(" ", found)).isEqualTo(keys);
    }

    @Test
    void the_reference_page_lists_them_apart() {
        String page = CommandReference.markdown(server.table());
        assertThat(page).contains("| CLIENT ID |", "## Planned").doesNotContain("| LPOP |");
        assertThat(page.substring(page.indexOf("## Planned"))).contains("LPOP, ", "CLIENT TRACKING, ");
    }
}
