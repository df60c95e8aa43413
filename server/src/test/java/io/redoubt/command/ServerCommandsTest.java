package io.redoubt.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ServerCommandsTest {
    private final CommandFixture server = EveryFamily.fixture();

    private Object ask(String... command) {
        return ReplyReader.read(new ByteArrayInputStream(server.run(
                java.util.Arrays.stream(command).map(CommandFixture::bytes).toArray(byte[][]::new))));
    }

    @Test
    void time_is_seconds_and_the_microseconds_of_the_second() {
        var clock = Instant.parse("2024-01-02T03:04:05.000678999Z");
        var fixture = new CommandFixture(new ServerCommands(() -> clock, "7.0.15"));
        assertThat(fixture.send("TIME")).isEqualTo("*2 $10 1704164645 $3 678");
    }

    @Test
    void lolwut_ends_with_the_version() {
        for (String command : List.of("LOLWUT", "LOLWUT VERSION 5 1 2", "LOLWUT x", "LOLWUT VERSION")) {
            assertThat((String) ask(command.split(" "))).endsWith("\nRedis ver. 7.0.15\n");
        }
        assertThat(server.send("LOLWUT", "VERSION", "x")).isEqualTo("-ERR value is not an integer or out of range");
        server.session().setProtocol(3);
        assertThat(server.raw("LOLWUT")).startsWith("=").contains("\r\ntxt:");
    }

    @Nested
    class Command {
        @Test
        void describes_every_command_once() {
            var all = ReplyReader.list(ask("COMMAND"));
            assertThat(all).hasSameSizeAs(server.table().commands());
            assertThat(ask("COMMAND", "INFO")).isEqualTo(all);
            assertThat(ask("COMMAND", "COUNT")).isEqualTo((long) all.size());
        }

        @Test
        void info_has_the_shape_of_redis() {
            assertThat(server.send("COMMAND", "INFO", "nosuch", "GET"))
                    .isEqualTo("*2 $-1 *10 $3 get :2 *2 +readonly +fast :1 :1 :1 *3 +@read +@string +@fast *0 *1 *6"
                            + " $5 flags *2 +RO +access $12 begin_search *4 $4 type $5 index $4 spec *2 $5 index :1"
                            + " $9 find_keys *4 $4 type $5 range $4 spec *6 $7 lastkey :0 $7 keystep :1 $5 limit :0"
                            + " *0");
            server.session().setProtocol(3);
            assertThat(server.send("COMMAND", "INFO", "nosuch", "get"))
                    .isEqualTo("*2 _ *10 $3 get :2 ~2 +readonly +fast :1 :1 :1 ~3 +@read +@string +@fast ~0 ~1 %3"
                            + " $5 flags ~2 +RO +access $12 begin_search %2 $4 type $5 index $4 spec %1 $5 index :1"
                            + " $9 find_keys %2 $4 type $5 range $4 spec %3 $7 lastkey :0 $7 keystep :1 $5 limit :0"
                            + " ~0");
        }

        @Test
        void info_finds_subcommands_by_their_full_name() {
            assertThat(server.send("COMMAND", "INFO", "Client|LIST", "client|foo", "get|foo", "|"))
                    .isEqualTo("*4 *10 $11 client|list :-2 *4 +admin +noscript +loading +stale :0 :0 :0 *4 +@admin"
                            + " +@slow +@dangerous +@connection *1 $23 nondeterministic_output *0 *0 $-1 $-1 $-1");
        }

        @Test
        void info_never_shows_flags_that_are_ours() {
            assertThat(server.send("COMMAND").toLowerCase(Locale.ROOT))
                    .doesNotContain("exclusive")
                    .doesNotContain("secret_arguments");
        }

        @Test
        void docs_skips_what_it_does_not_know() {
            assertThat(server.send("COMMAND", "DOCS", "nosuch")).isEqualTo("*0");
            server.session().setProtocol(3);
            assertThat(server.send("COMMAND", "DOCS", "nosuch", "client|unblock"))
                    .startsWith("%1 $14 client|unblock %5 $7 summary ")
                    .endsWith(" $5 since $5 5.0.0 $5 group $10 connection $10 complexity $4 O(1) $9 arguments *2 %2"
                            + " $4 name $9 client-id $4 type $7 integer %4 $4 name $13 timeout_error $4 type $5 oneof"
                            + " $5 flags ~1 +optional $9 arguments *2 %3 $4 name $7 timeout $4 type $10 pure-token"
                            + " $5 token $7 TIMEOUT %3 $4 name $5 error $4 type $10 pure-token $5 token $5 ERROR");
        }

        @ParameterizedTest
        @MethodSource("io.redoubt.command.ServerCommandsTest#everyName")
        void docs_of_every_command_say_what_it_does(String name) {
            var docs = ReplyReader.map(
                    ReplyReader.map(ask("COMMAND", "DOCS", name)).getOrDefault(name, List.of()));
            assertThat((String) docs.get("summary")).endsWith(".").doesNotContain("  ");
            assertThat(docs).containsKeys("since", "group");
        }

        @Test
        void list_knows_subcommands_and_filters() {
            assertThat(ReplyReader.list(ask("COMMAND", "LIST")))
                    .hasSameSizeAs(server.table().declared());
            assertThat(ask("COMMAND", "LIST", "FILTERBY", "PATTERN", "SETE*")).isEqualTo(List.of("setex"));
            assertThat(ask("COMMAND", "LIST", "filterby", "pattern", "command|get*"))
                    .isEqualTo(List.of("command|getkeys", "command|getkeysandflags"));
            assertThat(server.send("COMMAND", "LIST", "FILTERBY", "ACLCAT", "Connection"))
                    .contains(" ping ", "client|list", "command|count")
                    .doesNotContain("getset");
            assertThat(server.send("COMMAND", "LIST", "FILTERBY", "ACLCAT", "nosuch"))
                    .isEqualTo("*0");
            assertThat(server.send("COMMAND", "LIST", "FILTERBY", "MODULE", "nosuch"))
                    .isEqualTo("*0");
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = ';',
                value = {
                    "COMMAND foo; -ERR unknown subcommand 'foo'. Try COMMAND HELP.",
                    "COMMAND COUNT x; -ERR wrong number of arguments for 'command|count' command",
                    "COMMAND LIST foo; -ERR syntax error",
                    "COMMAND LIST FILTERBY foo x; -ERR syntax error",
                    "COMMAND LIST FILTERBY PATTERN; -ERR syntax error",
                    "COMMAND LIST FILTERBY PATTERN a b; -ERR syntax error",
                    "COMMAND GETKEYS get; -ERR wrong number of arguments for 'command|getkeys' command",
                    "COMMAND GETKEYS foo a; -ERR Invalid command specified",
                    "COMMAND GETKEYS client foo; -ERR Invalid command specified",
                    "COMMAND GETKEYS client|list x; -ERR Invalid command specified",
                    "COMMAND GETKEYS client list; -ERR The command has no key arguments",
                    "COMMAND GETKEYS quit a; -ERR The command has no key arguments",
                    "COMMAND GETKEYS get a; *1 $1 a",
                    "COMMAND GETKEYS get a b; -ERR Invalid number of arguments specified for command",
                    "COMMAND GETKEYS mset a b c d; *2 $1 a $1 c",
                    "COMMAND GETKEYS set a b foo; *1 $1 a",
                    "COMMAND GETKEYS object encoding a; *1 $1 a",
                    "COMMAND GETKEYS copy a b db 99; *2 $1 a $1 b",
                    "COMMAND GETKEYSANDFLAGS get a; *1 *2 $1 a *2 +RO +access",
                    "COMMAND GETKEYSANDFLAGS set a b; *1 *2 $1 a *2 +OW +update",
                    "COMMAND GETKEYSANDFLAGS set a b get; *1 *2 $1 a *3 +RW +access +update",
                    "COMMAND GETKEYSANDFLAGS copy a b; *2 *2 $1 a *2 +RO +access *2 $1 b *2 +OW +update",
                })
        void answers_as_redis_does(String command, String reply) {
            assertThat(server.send(command.split(" "))).isEqualTo(reply);
        }

        @Test
        void flags_of_keys_are_a_set_in_resp3() {
            server.session().setProtocol(3);
            assertThat(server.send("COMMAND", "GETKEYSANDFLAGS", "set", "a", "b"))
                    .isEqualTo("*1 *2 $1 a ~2 +OW +update");
        }

        @Test
        void help_names_every_subcommand() {
            String help = server.send("COMMAND", "HELP");
            assertThat(help).startsWith("*").contains("+COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands");
            var spec = server.table().byFullName("command");
            assertThat(spec).isNotNull();
            for (var subcommand : spec.subcommands()) {
                assertThat(help).contains("+" + subcommand.name().toUpperCase(Locale.ROOT));
            }
        }
    }

    static List<String> everyName() {
        return EveryFamily.fixture().table().declared().stream()
                .map(CommandSpec::fullName)
                .toList();
    }

    @Test
    void the_reference_page_has_a_row_for_every_command_that_runs() {
        String page = CommandReference.markdown(server.table());
        var rows = page.lines().filter(line -> line.startsWith("| ")).toList();
        assertThat(rows)
                .allSatisfy(row -> assertThat(row.split("(?<!\\\\)\\|", -1)).hasSize(9));
        var names = new HashSet<String>();
        rows.forEach(row -> names.add(row.split("\\|")[1].strip()));
        assertThat(names)
                .contains("GET", "CLIENT KILL", "COMMAND", "COMMAND DOCS")
                .doesNotContain("CLIENT");
        assertThat(page).contains("## connection", "| GETSET | 3 | @write @string @fast | value | always | 1.0.0 | ");
    }
}
