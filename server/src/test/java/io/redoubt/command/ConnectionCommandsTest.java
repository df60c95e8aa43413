package io.redoubt.command;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ConnectionCommandsTest {
    private static final Principal INITIAL = new CommandFixture.Anyone("initial", true);
    private final CommandFixture server = new CommandFixture(new ConnectionCommands(new StubGate(INITIAL), 16));

    @Test
    void ping_answers_pong_or_its_message_in_both_protocols() {
        assertThat(server.send("PING")).isEqualTo("+PONG");
        assertThat(server.send("ping", "a")).isEqualTo("$1 a");
        server.session().setProtocol(3);
        assertThat(server.send("PING")).isEqualTo("+PONG");
        assertThat(server.send("PING", "a", "b")).isEqualTo("-ERR wrong number of arguments for 'ping' command");
    }

    @Test
    void echo_answers_any_bytes() {
        assertThat(server.send("ECHO", "\0\u00ff")).isEqualTo("$2 \0\u00ff");
    }

    @Test
    void select_changes_the_database_and_names_it_to_the_gate() {
        assertThat(server.send("SELECT", "15")).isEqualTo("+OK");
        assertThat(server.session().database()).isEqualTo(15);
        var form = server.form("SELECT", "3");
        assertThat(form.databaseCount()).isEqualTo(1);
        assertThat(form.database(0)).isEqualTo(3);
        assertThat(form.keyCount()).isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "16, ERR DB index is out of range",
        "-1, ERR DB index is out of range",
        "abc, ERR value is not an integer or out of range",
        "-9223372036854775808, 'ERR value is out of range, value must between -2147483648 and 2147483647'",
        "99999999999999, 'ERR value is out of range, value must between -2147483648 and 2147483647'"
    })
    void select_refuses_what_is_no_database(String index, String error) {
        server.send("SELECT", "2");
        assertThat(server.send("SELECT", index)).isEqualTo("-" + error);
        assertThat(server.session().database()).isEqualTo(2);
        assertThat(server.form("SELECT", index).databaseCount()).isZero();
    }

    @Test
    void select_has_no_effects() {
        assertThat(server.effectsOf("SELECT", "3")).isEmpty();
    }

    @Test
    void quit_answers_and_then_closes() {
        assertThat(server.send("QUIT", "whatever")).isEqualTo("+OK");
        assertThat(server.session().isClosing()).isTrue();
    }

    @Test
    void reset_makes_the_connection_a_new_one() {
        var session = server.session();
        server.send("SELECT", "4");
        session.setProtocol(3);
        session.setName(CommandFixture.bytes("n"));
        session.setCredential(new Object());
        assertThat(server.send("RESET")).isEqualTo("+RESET");
        assertThat(session.database()).isZero();
        assertThat(session.protocol()).isEqualTo(2);
        assertThat(session.name()).isEmpty();
        assertThat(session.user()).isSameAs(INITIAL);
        assertThat(session.credential()).isEqualTo("");
        assertThat(server.send("RESET", "x")).isEqualTo("-ERR wrong number of arguments for 'reset' command");
    }

    @Test
    void reset_leaves_nobody_logged_in_where_new_connections_must_authenticate() {
        var strict = new CommandFixture(new ConnectionCommands(new StubGate(null), 16));
        assertThat(strict.send("RESET")).isEqualTo("+RESET");
        assertThat(strict.send("PING")).isEqualTo("-NOAUTH Authentication required.");
        assertThat(strict.send("QUIT")).isEqualTo("+OK");
    }

    @Test
    void reset_is_refused_to_replicas() {
        server.session().setReplica(true);
        assertThat(server.send("RESET")).isEqualTo("-ERR can only reset normal client connections");
    }

    @ParameterizedTest
    @ValueSource(strings = {"READONLY", "READWRITE", "ASKING"})
    void commands_of_a_cluster_are_refused(String command) {
        assertThat(server.send(command)).isEqualTo("-ERR This instance has cluster support disabled");
    }
}
