package io.redoubt.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.command.CommandSpec;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class LatencyAndMemoryCommandsTest {
    private final ObserveServer server = new ObserveServer(Path.of("unused"));

    private CommandSpec spec(String name) {
        return Objects.requireNonNull(server.table().byFullName(name));
    }

    @Test
    void histogram_counts_calls_up_to_the_bounds_of_redis() {
        var latency = spec("get").stats().latency();
        latency.record(900);
        latency.record(3_000);
        latency.record(3_500);
        latency.record(60_000);
        latency.record(4_000_000);
        assertThat(server.send("LATENCY HISTOGRAM get"))
                .isEqualTo("*2 $3 get *4 $5 calls :5 $14 histogram_usec *8 :1 :1 :4 :3 :66 :4 :4227 :5");
        server.session().setProtocol(3);
        assertThat(server.send("LATENCY HISTOGRAM GET set nosuch"))
                .isEqualTo("%1 $3 get %2 $5 calls :5 $14 histogram_usec %4 :1 :1 :4 :3 :66 :4 :4227 :5");
    }

    @Test
    void histogram_shows_what_was_called_while_tracking() {
        assertThat(server.send("LATENCY HISTOGRAM")).isEqualTo("*0");
        server.slowLog.setRecordsLatency(true);
        server.send("SLOWLOG LEN");
        server.send("MEMORY PURGE");
        server.slowLog.setRecordsLatency(false);
        server.send("GET k");
        assertThat(server.send("LATENCY HISTOGRAM"))
                .startsWith("*4 ")
                .contains("$11 slowlog|len *4 $5 calls :1 ", "$12 memory|purge *4 $5 calls :1 ");
        assertThat(server.send("LATENCY HISTOGRAM slowlog")).startsWith("*2 $11 slowlog|len ");
        assertThat(server.send("LATENCY HISTOGRAM memory|purge")).startsWith("*2 $12 memory|purge ");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "LATENCY LATEST;*0",
                "LATENCY HISTORY x;*0",
                "LATENCY RESET;:0",
                "LATENCY RESET x y;:0",
                "LATENCY GRAPH x;-ERR No samples available for event 'x'",
                "LATENCY FOO;-ERR unknown subcommand 'FOO'. Try LATENCY HELP.",
                "LATENCY HISTORY x y;-ERR wrong number of arguments for 'latency|history' command",
                "MEMORY USAGE nokey;$-1",
                "MEMORY USAGE nokey SAMPLES 0;$-1",
                "MEMORY USAGE k SAMPLES -1;-ERR syntax error",
                "MEMORY USAGE k SAMPLES;-ERR syntax error",
                "MEMORY USAGE k FOO 1;-ERR syntax error",
                "MEMORY USAGE k SAMPLES x;-ERR value is not an integer or out of range",
                "MEMORY FOO;-ERR unknown subcommand 'FOO'. Try MEMORY HELP.",
                "MEMORY PURGE;+OK"
            })
    void answers_as_redis_does(String command, String expected) {
        server.send("SET k v");
        assertThat(server.send(command)).isEqualTo(expected);
    }

    @Test
    void memory_usage_grows_with_the_value_and_stays_near_its_length() {
        server.send("SET small v");
        server.send("SET large " + "x".repeat(33_000));
        long small = Long.parseLong(server.send("MEMORY USAGE small").substring(1));
        long large = Long.parseLong(server.send("MEMORY USAGE large").substring(1));
        assertThat(small).isBetween(16L, 64L);
        assertThat(large).isBetween(33_000L, 34_000L);
    }

    @Test
    void memory_stats_lists_every_figure_and_every_database_in_use() {
        server.send("SET k v");
        server.session().select(4);
        server.send("SET k v");
        server.session().setProtocol(3);
        assertThat(server.send("MEMORY STATS"))
                .startsWith("%29 $14 peak.allocated :")
                .contains("$4 db.0 %3 $23 overhead.hashtable.main :", "$4 db.4 %3 ", "$10 keys.count :2 ");
        assertThat(server.raw("MEMORY DOCTOR")).startsWith("=");
        assertThat(server.raw("LATENCY DOCTOR")).startsWith("=");
        assertThat(server.raw("MEMORY MALLOC-STATS")).contains("heap used: ");
    }
}
