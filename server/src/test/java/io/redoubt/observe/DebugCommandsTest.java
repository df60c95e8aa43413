package io.redoubt.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class DebugCommandsTest {
    private static final String NOT_ALLOWED = "-ERR DEBUG command not allowed. If the enable-debug-command option is"
            + " set to \"local\", you can run it from a local connection, otherwise you need to set this option in the"
            + " configuration file, and then restart the server.";

    @TempDir
    private Path folder;

    private ObserveServer server;

    @BeforeEach
    void start() {
        server = new ObserveServer(folder);
    }

    @Test
    void is_allowed_only_to_whom_the_directive_allows_it() {
        server.debugAllowed = "no";
        assertThat(server.send("DEBUG SLEEP 0")).isEqualTo(NOT_ALLOWED);
        server.debugAllowed = "local";
        assertThat(server.send("DEBUG SLEEP 0")).isEqualTo("+OK");
        server.isLocal = false;
        assertThat(server.send("DEBUG SLEEP 0")).isEqualTo(NOT_ALLOWED);
        server.debugAllowed = "yes";
        assertThat(server.send("DEBUG SLEEP 0")).isEqualTo("+OK");
    }

    @ParameterizedTest
    @ValueSource(strings = {"foo", "sleep", "populate", "object", "digest x", "error a b", "log", "protocol"})
    void an_unknown_subcommand_or_count_is_refused_with_the_name_as_sent(String words) {
        assertThat(server.send("DEBUG " + words))
                .isEqualTo("-ERR unknown subcommand or wrong number of arguments for '" + words.split(" ")[0]
                        + "'. Try DEBUG HELP.");
    }

    @Test
    void digests_are_those_of_redis() {
        assertThat(server.send("DEBUG DIGEST")).isEqualTo("+0000000000000000000000000000000000000000");
        server.send("SET k v");
        server.send("SET e 1234 EX 1000");
        server.session().select(3);
        server.send("SET z q");
        // Shown by redis-server 7.0.15 for the same keys.
        assertThat(server.send("DEBUG DIGEST")).isEqualTo("+01bbd9525c36eeebe8250e4ebf80703af2b49154");
        assertThat(server.send("DEBUG DIGEST-VALUE z nokey"))
                .isEqualTo("*2 +bbf5bfa31f9204d9bd401932a6575e964bd592e2 +0000000000000000000000000000000000000000");
        assertThat(server.send("DEBUG DIGEST-VALUE")).isEqualTo("*0");
    }

    @Test
    void populate_adds_missing_keys_and_fills_values_up_to_the_size() {
        server.send("SET key:1 mine");
        assertThat(server.send("DEBUG POPULATE 3")).isEqualTo("+OK");
        assertThat(server.send("MGET key:0 key:1 key:2")).isEqualTo("*3 $7 value:0 $4 mine $7 value:2");
        assertThat(server.send("DEBUG POPULATE 12 p 10")).isEqualTo("+OK");
        assertThat(server.raw("GET p:11")).isEqualTo("$10\r\nvalue:11\0\0\r\n");
        assertThat(server.send("DEBUG POPULATE 1 short 3")).isEqualTo("+OK");
        assertThat(server.send("GET short:0")).isEqualTo("$3 val");
        assertThat(server.send("DEBUG POPULATE 2 large 40000")).isEqualTo("+OK");
        assertThat(server.send("STRLEN large:0")).isEqualTo(":40000");
        assertThat(server.send("GETRANGE large:1 0 7")).isEqualTo("$8 value:1\0");
        assertThat(server.keyspace().changesSinceStart()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"abc", "-1", "12 k -5", "12 k x"})
    void populate_refuses_what_is_no_count(String words) {
        assertThat(server.send("DEBUG POPULATE " + words)).isEqualTo("-ERR value is out of range, must be positive");
    }

    @Test
    void object_shows_a_line_like_redis() {
        server.send("SET k hello");
        long seconds = server.nowMillis / 1000 & 0xFFFFFF;
        server.nowMillis += 7000;
        assertThat(server.send("DEBUG OBJECT k"))
                .matches("\\+Value at:0x[0-9a-f]+ refcount:1 encoding:embstr serializedlength:6 lru:" + seconds
                        + " lru_seconds_idle:7");
        server.send("SET n 42");
        assertThat(server.send("DEBUG OBJECT n")).contains(" refcount:2147483647 encoding:int serializedlength:2 ");
        assertThat(server.send("DEBUG OBJECT nokey")).isEqualTo("-ERR no such key");
    }

    @Test
    void object_shows_that_incr_changes_the_number_where_it_stands() {
        server.send("SET n 100000");
        String before = server.send("DEBUG OBJECT n").split(" ")[1];
        server.send("INCR n");
        assertThat(server.send("DEBUG OBJECT n").split(" ")[1])
                .startsWith("at:0x")
                .isEqualTo(before);
    }

    @Test
    void reload_brings_everything_back_from_the_file() throws IOException {
        server.send("SET k v");
        server.send("SET n 42 EX 1000");
        server.send("SET large " + "x".repeat(50_000));
        server.session().select(9);
        server.send("SET other 1.5");
        String digest = server.send("DEBUG DIGEST");
        assertThat(server.send("DEBUG RELOAD")).isEqualTo("+OK");
        assertThat(server.send("DEBUG DIGEST")).isEqualTo(digest);
        assertThat(server.send("GET other")).isEqualTo("$3 1.5");
        assertThat(server.persistence.changesSinceSave()).isZero();
        assertThat(server.persistence.keysLoaded()).isEqualTo(4);
        assertThat(server.asked).contains("warning DB reloaded by DEBUG RELOAD");
        try (var files = Files.list(folder)) {
            assertThat(files.map(file -> file.getFileName().toString())).containsExactly("dump.rdb");
        }
        server.keyspace().checkInvariants();
    }

    @Test
    void reload_without_saving_goes_back_to_the_last_file() {
        server.send("SET k old");
        server.send("DEBUG RELOAD");
        server.send("SET k new");
        server.send("SET extra 1");
        assertThat(server.send("DEBUG RELOAD NOSAVE NOFLUSH MERGE")).isEqualTo("+OK");
        assertThat(server.send("MGET k extra")).isEqualTo("*2 $3 old $1 1");
        assertThat(server.send("DEBUG RELOAD nosave")).isEqualTo("+OK");
        assertThat(server.send("MGET k extra")).isEqualTo("*2 $3 old $-1");
    }

    @Test
    void reload_reports_what_went_wrong() {
        assertThat(server.send("DEBUG RELOAD FOO"))
                .isEqualTo("-ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
        server.send("SET k v");
        assertThat(server.send("DEBUG RELOAD NOSAVE"))
                .isEqualTo("-ERR Error trying to load the RDB dump, check server logs.");
        assertThat(server.send("GET k"))
                .as("there is no file, so nothing is emptied")
                .isEqualTo("$1 v");
        server.send("DEBUG RELOAD");
        assertThat(server.send("DEBUG RELOAD NOSAVE NOFLUSH"))
                .as("a key of the file exists already")
                .isEqualTo("-ERR Error trying to load the RDB dump, check server logs.");
    }

    @Test
    void reload_drops_what_has_expired() {
        server.send("DEBUG SET-ACTIVE-EXPIRE 0");
        server.nowMillis -= 10_000;
        server.send("SET gone v PX 1");
        server.send("SET stays v");
        assertThat(server.send("DEBUG RELOAD")).isEqualTo("+OK");
        assertThat(server.keyspace().size(0)).isEqualTo(1);
        assertThat(server.persistence.keysExpiredAtLoad()).isEqualTo(1);
    }

    @Test
    void a_damaged_file_is_read_when_checksums_are_skipped() throws IOException {
        server.send("SET k v");
        server.send("DEBUG RELOAD");
        byte[] file = Files.readAllBytes(folder.resolve("dump.rdb"));
        file[file.length - 1] ^= 1;
        Files.write(folder.resolve("dump.rdb"), file);
        assertThat(server.send("DEBUG RELOAD NOSAVE")).startsWith("-ERR ");
        server.send("DEBUG SET-SKIP-CHECKSUM-VALIDATION 1");
        assertThat(server.send("DEBUG RELOAD NOSAVE")).isEqualTo("+OK");
        assertThat(server.send("GET k")).isEqualTo("$1 v");
    }

    @Test
    void active_expiry_can_be_stopped() {
        server.send("DEBUG SET-ACTIVE-EXPIRE 0");
        assertThat(server.keyspace().expiry().isActive).isFalse();
        server.send("DEBUG SET-ACTIVE-EXPIRE 1");
        assertThat(server.keyspace().expiry().isActive).isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "string;$11 Hello World;$11 Hello World",
                "integer;:12345;:12345",
                "double;$5 3.141;,3.141",
                "null;$-1;_",
                "array;*3 :0 :1 :2;*3 :0 :1 :2",
                "set;*3 :0 :1 :2;~3 :0 :1 :2",
                "map;*6 :0 :0 :1 :1 :2 :0;%3 :0 #f :1 #t :2 #f",
                "attrib;$39 Some real reply following the attribute;|1 $14 key-popularity *2 $7 key:123 :90 $39 Some"
                        + " real reply following the attribute",
                "push;-ERR RESP2 is not supported by this command;>2 $16 server-cpu-usage :42 $40 Some real reply"
                        + " following the push reply",
                "true;:1;#t",
                "false;:0;#f",
                "bignum;$37 1234567999999999999999999999999999999;(1234567999999999999999999999999999999"
            })
    void protocol_answers_a_sample_of_each_type(String type, String inResp2, String inResp3) {
        assertThat(server.send("DEBUG PROTOCOL " + type)).isEqualTo(inResp2);
        server.session().setProtocol(3);
        assertThat(server.send("DEBUG PROTOCOL " + type)).isEqualTo(inResp3);
    }

    @Test
    void protocol_answers_verbatim_text_and_refuses_other_words() {
        assertThat(server.raw("DEBUG PROTOCOL verbatim")).isEqualTo("$25\r\nThis is a verbatim\nstring\r\n");
        server.session().setProtocol(3);
        assertThat(server.raw("DEBUG PROTOCOL verbatim")).isEqualTo("=29\r\ntxt:This is a verbatim\nstring\r\n");
        assertThat(server.send("DEBUG PROTOCOL foo"))
                .isEqualTo("-ERR Wrong protocol type name. Please use one of the following: string|integer|double|"
                        + "bignum|null|array|set|map|attrib|push|verbatim|true|false");
    }

    @Test
    void asks_other_parts_of_the_server() {
        assertThat(server.send("DEBUG LOG hi")).isEqualTo("+OK");
        assertThat(server.send("DEBUG CHANGE-REPL-ID")).isEqualTo("+OK");
        assertThat(server.send("DEBUG CONFIG-REWRITE-FORCE-ALL")).isEqualTo("+OK");
        assertThat(server.send("DEBUG PAUSE-CRON 1")).isEqualTo("+OK");
        assertThat(server.send("DEBUG SET-DISABLE-DENY-SCRIPTS 0")).isEqualTo("+OK");
        server.send("DEBUG SEGFAULT");
        assertThat(server.asked)
                .containsExactly(
                        "log DEBUG LOG: hi",
                        "changeReplicationId",
                        "rewriteWholeConfig",
                        "pauseCron true",
                        "allowDeniedInScripts false",
                        "crash segfault");
    }

    @ParameterizedTest
    @CsvSource({"100b, true", "0, true", "1gb, true", "4gb, true", "5gb, false", "xx, false", "-1, false"})
    void the_threshold_of_packed_nodes_is_a_size_up_to_4_gb(String size, boolean isTaken) {
        assertThat(server.send("DEBUG QUICKLIST-PACKED-THRESHOLD " + size))
                .isEqualTo(isTaken ? "+OK" : "-ERR argument must be a memory value bigger than 1 and smaller than 4gb");
    }

    @Test
    void answers_errors_and_accepts_settings_of_what_it_does_not_have() {
        assertThat(server.send("DEBUG ERROR abc")).isEqualTo("-abc");
        assertThat(server.send("DEBUG REPLYBUFFER PEAK-RESET-TIME never")).isEqualTo("+OK");
        assertThat(server.send("DEBUG REPLYBUFFER resizing 0")).isEqualTo("+OK");
        assertThat(server.send("DEBUG REPLYBUFFER foo 1")).startsWith("-ERR unknown subcommand or wrong number");
        assertThat(server.send("DEBUG HTSTATS 99")).isEqualTo("-ERR Out of range database");
        server.send("SET k v");
        assertThat(server.send("DEBUG HTSTATS 0")).contains("[Dictionary HT]", " number of elements: 1");
        assertThat(server.send("DEBUG HTSTATS-KEY k"))
                .isEqualTo("-ERR The value stored at the specified key is not represented using an hash table");
        assertThat(server.send("DEBUG HTSTATS-KEY nokey")).isEqualTo("-ERR no such key");
        assertThat(server.send("DEBUG HELP"))
                .contains("+DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    }
}
