package io.redoubt.command;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ClientCommandsTest {
    private final Sessions sessions = new Sessions();
    private final ServerState state = new ServerState();
    private final CommandFixture server = new CommandFixture(
            new ClientCommands(
                    sessions, state, new ClientLine(false), name -> name.equals("default") || name.equals("ann")),
            new ConnectionCommands(new StubGate(null), 16));
    private final RecordingLink annLink = new RecordingLink("10.0.0.7:4000", "10.0.0.1:6379");
    private final Session ann = new Session(7, annLink, server.nowMillis - 61_000);
    private final RecordingLink replicaLink = new RecordingLink("10.0.0.9:4001", "10.0.0.1:6379");
    private final Session replica = new Session(9, replicaLink, server.nowMillis - 5_000);

    @BeforeEach
    void connect() {
        server.keyspace().expiry().pauseWhile(state::stopsExpiry);
        ann.setUser(new CommandFixture.Anyone("ann", true));
        replica.setUser(new CommandFixture.Anyone("default", true));
        replica.setReplica(true);
        sessions.add(server.session());
        sessions.add(ann);
        sessions.add(replica);
    }

    @Nested
    class List {
        @Test
        void shows_the_fields_of_redis_in_their_order() {
            ann.used(server.nowMillis - 3_500);
            ann.setName(CommandFixture.bytes("web"));
            ann.select(3);
            ann.setProtocol(3);
            assertThat(new ClientLine(false).of(ann, server.nowMillis))
                    .isEqualTo("id=7 addr=10.0.0.7:4000 laddr=10.0.0.1:6379 fd=8 name=web age=61 idle=3 flags=N db=3"
                            + " sub=0 psub=0 ssub=0 multi=-1 qbuf=26 qbuf-free=998 argv-mem=0 multi-mem=0 rbs=0 rbp=0"
                            + " obl=0 oll=0 omem=0 tot-mem=3072 events=r cmd=NULL user=ann redir=-1 resp=3");
        }

        @Test
        void shows_the_library_where_it_is_asked_to() {
            ann.setLibraryName("jedis");
            ann.setLibraryVersion("5.1");
            assertThat(new ClientLine(true).of(ann, server.nowMillis)).endsWith(" resp=2 lib-name=jedis lib-ver=5.1");
        }

        @Test
        void shows_every_connection_on_a_line_by_id() {
            assertThat(server.send("CLIENT", "LIST")).containsPattern("(?s)id=1 .*cmd=client\\|list.*\nid=7 .*\nid=9 ");
        }

        @Test
        void chooses_by_type_and_by_id() {
            assertThat(ids("CLIENT", "LIST", "TYPE", "normal")).containsExactly("1", "7");
            assertThat(ids("CLIENT", "LIST", "TYPE", "SLAVE")).containsExactly("9");
            assertThat(ids("CLIENT", "LIST", "type", "Replica")).containsExactly("9");
            assertThat(ids("CLIENT", "LIST", "TYPE", "master")).isEmpty();
            assertThat(ids("CLIENT", "LIST", "TYPE", "pubsub")).isEmpty();
            assertThat(ids("CLIENT", "LIST", "ID", "9", "55", "7")).containsExactly("9", "7");
            assertThat(server.send("CLIENT", "LIST", "ID", "0")).isEqualTo("$0 ");
        }

        private java.util.List<String> ids(String... command) {
            return server.send(command)
                    .lines()
                    .flatMap(line -> java.util.regex.Pattern.compile("\\bid=(\\d+)")
                            .matcher(line)
                            .results())
                    .map(found -> found.group(1))
                    .toList();
        }

        @Test
        void flags_say_what_a_connection_is() {
            assertThat(flags(replica)).isEqualTo("S");
            ann.setNoEvict(true);
            ann.setNoTouch(true);
            assertThat(flags(ann)).isEqualTo("eT");
            assertThat(flags(new Session(11, new RecordingLink("/tmp/r.sock:0", "/tmp/r.sock:0"), 0)))
                    .isEqualTo("U");
        }

        private String flags(Session session) {
            return new ClientLine(false).of(session, server.nowMillis).replaceAll(".* flags=(\\S+) .*", "$1");
        }

        @Test
        void is_verbatim_text_in_resp3() {
            server.session().setProtocol(3);
            assertThat(server.raw("CLIENT", "INFO"))
                    .startsWith("=")
                    .contains("txt:id=1 ")
                    .endsWith("resp=3\n\r\n");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "CLIENT; -ERR wrong number of arguments for 'client' command",
                "CLIENT foo; -ERR unknown subcommand 'foo'. Try CLIENT HELP.",
                "CLIENT ID; :1",
                "CLIENT LIST TYPE foo; -ERR Unknown client type 'foo'",
                "CLIENT LIST TYPE; -ERR syntax error",
                "CLIENT LIST ID; -ERR syntax error",
                "CLIENT LIST ID 1 x; -ERR Invalid client ID",
                "CLIENT LIST foo; -ERR syntax error",
                "CLIENT LIST TYPE normal x; -ERR syntax error",
                "CLIENT KILL 1.1.1.1:1; -ERR No such client",
                "CLIENT KILL ID abc; -ERR client-id should be greater than 0",
                "CLIENT KILL ID 0; -ERR client-id should be greater than 0",
                "CLIENT KILL ID 9999; :0",
                "CLIENT KILL TYPE foo; -ERR Unknown client type 'foo'",
                "CLIENT KILL TYPE normal SKIPME yess; -ERR syntax error",
                "CLIENT KILL USER nouser; -ERR No such user 'nouser'",
                "CLIENT KILL ADDR 1.1.1.1:1 LADDR 2:2; :0",
                "CLIENT KILL FOO bar; -ERR syntax error",
                "CLIENT KILL ID 1 SKIPME; -ERR syntax error",
                "CLIENT KILL MAXAGE x; -ERR maxage is not an integer or out of range",
                "CLIENT KILL MAXAGE 0; -ERR maxage should be greater than 0",
                "CLIENT GETNAME; $-1",
                "CLIENT REPLY x; -ERR syntax error",
                "CLIENT REPLY on; +OK",
                "CLIENT PAUSE abc; -ERR timeout is not an integer or out of range",
                "CLIENT PAUSE -1; -ERR timeout is negative",
                "CLIENT PAUSE abc foo; -ERR CLIENT PAUSE mode must be WRITE or ALL",
                "CLIENT PAUSE 9223372036854775807; +OK",
                "CLIENT NO-EVICT x; -ERR syntax error",
                "CLIENT NO-TOUCH x; -ERR syntax error",
                "CLIENT UNBLOCK abc; -ERR value is not an integer or out of range",
                "CLIENT UNBLOCK 7; :0",
                "CLIENT UNBLOCK 7 ERROR; :0",
                "CLIENT UNBLOCK x foo; -ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR",
                "CLIENT GETREDIR; :-1",
                "CLIENT SETINFO x y; -ERR Unrecognized option 'x'",
                "CLIENT TRACKING on; -ERR unknown subcommand 'TRACKING'. Try CLIENT HELP.",
                "CLIENT TRACKINGINFO; *6 $5 flags *1 $3 off $8 redirect :-1 $8 prefixes *0",
            })
    void answers_as_redis_does(String command, String reply) {
        assertThat(server.send(command.split(" "))).isEqualTo(reply);
        assertThat(annLink.isClosed).isFalse();
    }

    @Test
    void a_name_is_visible_ascii_or_empty() {
        assertThat(server.send("CLIENT", "SETNAME", "a~b!")).isEqualTo("+OK");
        assertThat(server.send("CLIENT", "GETNAME")).isEqualTo("$4 a~b!");
        for (String bad : new String[] {"a b", "a\n", "a\u0080", "\t"}) {
            assertThat(server.send("CLIENT", "SETNAME", bad))
                    .isEqualTo("-ERR Client names cannot contain spaces, newlines or special characters.");
        }
        assertThat(server.send("CLIENT", "GETNAME")).isEqualTo("$4 a~b!");
        assertThat(server.send("CLIENT", "SETNAME", "")).isEqualTo("+OK");
        assertThat(server.send("CLIENT", "GETNAME")).isEqualTo("$-1");
    }

    @Test
    void a_library_tells_its_name_and_version() {
        assertThat(server.send("CLIENT", "SETINFO", "lib-name", "jedis(x)")).isEqualTo("+OK");
        assertThat(server.send("CLIENT", "SETINFO", "LIB-VER", "5.1")).isEqualTo("+OK");
        assertThat(server.send("CLIENT", "SETINFO", "lib-ver", "5 1"))
                .isEqualTo("-ERR lib-ver cannot contain spaces, newlines or special characters.");
        assertThat(server.session().libraryName()).isEqualTo("jedis(x)");
        assertThat(server.session().libraryVersion()).isEqualTo("5.1");
    }

    @Nested
    class Kill {
        @Test
        void closes_by_address_in_the_old_form() {
            assertThat(server.send("CLIENT", "KILL", "10.0.0.7:4000")).isEqualTo("+OK");
            assertThat(annLink.isClosed).isTrue();
            assertThat(replicaLink.isClosed).isFalse();
        }

        @Test
        void of_oneself_is_answered_first() {
            assertThat(server.send("CLIENT", "KILL", "127.0.0.1:50000")).isEqualTo("+OK");
            assertThat(server.session().isClosing()).isTrue();
        }

        @Test
        void spares_oneself_unless_told_otherwise() {
            assertThat(server.send("CLIENT", "KILL", "USER", "default")).isEqualTo(":1");
            assertThat(server.session().isClosing()).isFalse();
            assertThat(replicaLink.isClosed).isTrue();
            assertThat(server.send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no"))
                    .isEqualTo(":2");
            assertThat(server.session().isClosing()).isTrue();
        }

        @Test
        void closes_what_all_filters_fit() {
            assertThat(server.send("CLIENT", "KILL", "USER", "ann", "ID", "9")).isEqualTo(":0");
            assertThat(server.send("CLIENT", "KILL", "LADDR", "10.0.0.1:6379", "MAXAGE", "60"))
                    .isEqualTo(":1");
            assertThat(annLink.isClosed).isTrue();
            assertThat(replicaLink.isClosed).isFalse();
            assertThat(server.send("CLIENT", "KILL", "TYPE", "slave", "ADDR", "10.0.0.9:4001"))
                    .isEqualTo(":1");
        }

        @Test
        void closes_nothing_when_a_later_filter_is_wrong() {
            assertThat(server.send("CLIENT", "KILL", "USER", "ann", "ID", "x")).startsWith("-ERR");
            assertThat(annLink.isClosed).isFalse();
        }
    }

    @Nested
    class Reply {
        @Test
        void skip_leaves_out_the_next_reply_only() {
            assertThat(server.raw("CLIENT", "REPLY", "SKIP")).isEmpty();
            assertThat(server.raw("PING")).isEmpty();
            assertThat(server.raw("PING")).isEqualTo("+PONG\r\n");
        }

        @Test
        void off_lasts_until_on() {
            assertThat(server.raw("CLIENT", "REPLY", "OFF")).isEmpty();
            assertThat(server.raw("CLIENT", "REPLY", "SKIP")).isEmpty();
            assertThat(server.raw("PING")).isEmpty();
            assertThat(server.raw("PING")).isEmpty();
            assertThat(server.raw("CLIENT", "REPLY", "ON")).isEqualTo("+OK\r\n");
            assertThat(server.raw("PING")).isEqualTo("+PONG\r\n");
        }
    }

    @Nested
    class Pause {
        @Test
        void of_writes_leaves_reads_alone_and_stops_expiry() {
            assertThat(server.send("CLIENT", "PAUSE", "500", "write")).isEqualTo("+OK");
            assertThat(state.bits()).isEqualTo(ServerState.PAUSED_WRITES);
            assertThat(state.pausedUntilMillis()).isEqualTo(server.nowMillis + 500);
            assertThat(server.keyspace().expiry().isPaused()).isTrue();
        }

        @Test
        void never_ends_earlier_because_of_a_second_one() {
            server.send("CLIENT", "PAUSE", "500");
            server.send("CLIENT", "PAUSE", "10", "WRITE");
            assertThat(state.is(ServerState.PAUSED)).isTrue();
            assertThat(state.pausedUntilMillis()).isEqualTo(server.nowMillis + 500);
        }

        @Test
        void ends_by_unpause() {
            server.send("CLIENT", "PAUSE", "9223372036854775807");
            assertThat(state.pausedUntilMillis()).isEqualTo(Long.MAX_VALUE);
            assertThat(server.send("CLIENT", "UNPAUSE")).isEqualTo("+OK");
            assertThat(state.bits()).isZero();
            assertThat(server.keyspace().expiry().isPaused()).isFalse();
        }

        @Test
        void changes_nothing_when_it_is_wrong() {
            server.send("CLIENT", "PAUSE", "10", "x");
            server.send("CLIENT", "PAUSE", "-1");
            assertThat(state.bits()).isZero();
        }
    }

    @Test
    void switches_change_how_the_connection_is_treated() {
        assertThat(server.send("CLIENT", "NO-EVICT", "on")).isEqualTo("+OK");
        assertThat(server.send("CLIENT", "NO-TOUCH", "ON")).isEqualTo("+OK");
        assertThat(server.session().isNoEvict()).isTrue();
        assertThat(server.session().isNoTouch()).isTrue();
        assertThat(server.send("CLIENT", "NO-EVICT", "off")).isEqualTo("+OK");
        assertThat(server.send("CLIENT", "NO-TOUCH", "off")).isEqualTo("+OK");
        assertThat(server.session().isNoEvict()).isFalse();
        assertThat(server.session().isNoTouch()).isFalse();
    }

    @Test
    void tracking_is_off_in_resp3_too() {
        server.session().setProtocol(3);
        assertThat(server.send("CLIENT", "TRACKINGINFO"))
                .isEqualTo("%3 $5 flags ~1 $3 off $8 redirect :-1 $8 prefixes *0");
        assertThat(server.send("CLIENT", "GETNAME")).isEqualTo("_");
    }

    @Test
    void help_names_every_subcommand() {
        String help = server.send("CLIENT", "HELP");
        assertThat(help).contains("+CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
        var client = server.table().byFullName("client");
        assertThat(client).isNotNull();
        for (var subcommand : client.subcommands()) {
            assertThat(help).contains("+" + subcommand.name().toUpperCase(java.util.Locale.ROOT));
        }
    }
}
