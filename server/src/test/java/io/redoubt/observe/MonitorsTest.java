package io.redoubt.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class MonitorsTest {
    private final ObserveServer server = new ObserveServer(Path.of("unused"));

    @Test
    void a_watcher_gets_a_line_per_command_until_it_leaves() {
        var watcher = server.newSession(2);
        assertThat(server.slowLog.isMonitored()).isFalse();
        assertThat(server.raw(watcher, ObserveServer.words("MONITOR"))).isEqualTo("+OK\r\n");
        server.session().select(3);
        server.send("SET k v");
        server.raw(watcher, ObserveServer.words("GET k"));
        assertThat(server.pushed)
                .containsExactly(
                        "2: +1700000000.000042 [3 127.0.0.1:50001] \"SET\" \"k\" \"v\"\r\n",
                        "2: +1700000000.000042 [0 127.0.0.1:50002] \"GET\" \"k\"\r\n");
        server.monitors.remove(watcher);
        assertThat(server.slowLog.isMonitored()).isFalse();
        server.send("GET k");
        assertThat(server.pushed).hasSize(2);
    }

    @Test
    void every_watcher_gets_each_line_once() {
        var second = server.newSession(2);
        var third = server.newSession(3);
        server.monitors.add(second);
        server.monitors.add(third);
        server.monitors.add(second);
        server.send("GET k");
        assertThat(server.pushed).hasSize(2);
        server.monitors.remove(second);
        server.monitors.remove(second);
        assertThat(server.slowLog.isMonitored()).isTrue();
    }

    @Test
    void reset_ends_watching() {
        var watcher = server.newSession(2);
        server.monitors.add(watcher);
        watcher.reset();
        server.send("GET k");
        assertThat(server.pushed).isEmpty();
        assertThat(server.slowLog.isMonitored()).isFalse();
    }

    @Test
    void bytes_are_shown_as_printable_text() {
        server.monitors.add(server.newSession(2));
        server.raw(server.session(), ObserveServer.bytes("get"), ObserveServer.bytes("k\n\r\t\b\7\"\\\1\u00FF\0 x"));
        assertThat(server.pushed)
                .containsExactly("2: +1700000000.000042 [0 127.0.0.1:50001] \"get\""
                        + " \"k\\n\\r\\t\\b\\a\\\"\\\\\\x01\\xff\\x00 x\"\r\n");
    }

    @Test
    void commands_of_administrators_and_those_that_failed_to_run_are_left_out() {
        server.monitors.add(server.newSession(2));
        server.send("DEBUG SLEEP 0");
        server.send("SLOWLOG LEN");
        server.send("QUIET");
        server.send("GET");
        server.send("NOSUCH");
        assertThat(server.pushed).isEmpty();
    }
}
