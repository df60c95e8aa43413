package io.redoubt.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.config.ConfigEditor.Setting;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ConfigTest {
    /** What redis-server 7.0.15 answers to CONFIG GET *, without those in {@link #OTHER}. */
    private static final String GOLDEN = """
            acl-pubsub-default|resetchannels
            aclfile|
            acllog-max-len|128
            active-defrag-cycle-max|25
            active-defrag-cycle-min|1
            active-defrag-ignore-bytes|104857600
            active-defrag-max-scan-fields|1000
            active-defrag-threshold-lower|10
            active-defrag-threshold-upper|100
            active-expire-effort|1
            activedefrag|no
            activerehashing|yes
            always-show-logo|no
            aof-disable-auto-gc|no
            aof-load-truncated|yes
            aof-rewrite-incremental-fsync|yes
            aof-timestamp-enabled|no
            aof-use-rdb-preamble|yes
            aof_rewrite_cpulist|
            appenddirname|appendonlydir
            appendfilename|appendonly.aof
            appendfsync|everysec
            appendonly|no
            auto-aof-rewrite-min-size|67108864
            auto-aof-rewrite-percentage|100
            bgsave_cpulist|
            bind-source-addr|
            bind|* -::*
            bio_cpulist|
            busy-reply-threshold|5000
            client-output-buffer-limit|normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60
            client-query-buffer-limit|1073741824
            cluster-allow-pubsubshard-when-down|yes
            cluster-allow-reads-when-down|no
            cluster-allow-replica-migration|yes
            cluster-announce-bus-port|0
            cluster-announce-hostname|
            cluster-announce-ip|
            cluster-announce-port|0
            cluster-announce-tls-port|0
            cluster-config-file|nodes.conf
            cluster-enabled|no
            cluster-link-sendbuf-limit|0
            cluster-migration-barrier|1
            cluster-node-timeout|15000
            cluster-port|0
            cluster-preferred-endpoint-type|ip
            cluster-replica-no-failover|no
            cluster-replica-validity-factor|10
            cluster-require-full-coverage|yes
            cluster-slave-no-failover|no
            cluster-slave-validity-factor|10
            crash-log-enabled|yes
            crash-memcheck-enabled|yes
            daemonize|no
            databases|16
            dbfilename|dump.rdb
            disable-thp|yes
            dynamic-hz|yes
            enable-debug-command|no
            enable-module-command|no
            enable-protected-configs|no
            hash-max-listpack-entries|512
            hash-max-listpack-value|64
            hash-max-ziplist-entries|512
            hash-max-ziplist-value|64
            hll-sparse-max-bytes|3000
            hz|10
            ignore-warnings|
            io-threads-do-reads|no
            jemalloc-bg-thread|yes
            latency-monitor-threshold|0
            latency-tracking-info-percentiles|50 99 99.9
            latency-tracking|yes
            lazyfree-lazy-eviction|no
            lazyfree-lazy-expire|no
            lazyfree-lazy-server-del|no
            lazyfree-lazy-user-del|no
            lazyfree-lazy-user-flush|no
            lfu-decay-time|1
            lfu-log-factor|10
            list-compress-depth|0
            list-max-listpack-size|-2
            list-max-ziplist-size|-2
            logfile|
            loglevel|notice
            lua-time-limit|5000
            masterauth|
            masteruser|
            maxclients|10000
            maxmemory-clients|0
            maxmemory-eviction-tenacity|10
            maxmemory-policy|noeviction
            maxmemory-samples|5
            maxmemory|0
            min-replicas-max-lag|10
            min-replicas-to-write|0
            min-slaves-max-lag|10
            min-slaves-to-write|0
            no-appendfsync-on-rewrite|no
            notify-keyspace-events|
            oom-score-adj-values|0 200 800
            oom-score-adj|no
            pidfile|
            proc-title-template|{title} {listen-addr} {server-mode}
            propagation-error-behavior|ignore
            protected-mode|yes
            proto-max-bulk-len|536870912
            rdb-del-sync-files|no
            rdb-save-incremental-fsync|yes
            rdbchecksum|yes
            rdbcompression|yes
            repl-backlog-size|1048576
            repl-backlog-ttl|3600
            repl-disable-tcp-nodelay|no
            repl-diskless-load|disabled
            repl-diskless-sync-delay|5
            repl-diskless-sync-max-replicas|0
            repl-diskless-sync|yes
            repl-ping-replica-period|10
            repl-ping-slave-period|10
            repl-timeout|60
            replica-announce-ip|
            replica-announce-port|0
            replica-announced|yes
            replica-ignore-disk-write-errors|no
            replica-ignore-maxmemory|yes
            replica-lazy-flush|no
            replica-priority|100
            replica-read-only|yes
            replica-serve-stale-data|yes
            replicaof|
            requirepass|
            sanitize-dump-payload|no
            save|3600 1 300 100 60 10000
            server_cpulist|
            set-max-intset-entries|512
            set-proc-title|yes
            shutdown-on-sigint|default
            shutdown-on-sigterm|default
            shutdown-timeout|10
            slave-announce-ip|
            slave-announce-port|0
            slave-ignore-maxmemory|yes
            slave-lazy-flush|no
            slave-priority|100
            slave-read-only|yes
            slave-serve-stale-data|yes
            slaveof|
            slowlog-log-slower-than|10000
            slowlog-max-len|128
            socket-mark-id|0
            stop-writes-on-bgsave-error|yes
            stream-node-max-bytes|4096
            stream-node-max-entries|100
            supervised|no
            syslog-enabled|no
            syslog-facility|local0
            syslog-ident|redis
            tcp-backlog|511
            tcp-keepalive|300
            timeout|0
            tls-auth-clients|yes
            tls-ca-cert-dir|
            tls-ca-cert-file|
            tls-cert-file|
            tls-ciphersuites|
            tls-ciphers|
            tls-client-cert-file|
            tls-client-key-file-pass|
            tls-client-key-file|
            tls-cluster|no
            tls-dh-params-file|
            tls-key-file-pass|
            tls-key-file|
            tls-port|0
            tls-prefer-server-ciphers|no
            tls-protocols|
            tls-replication|no
            tls-session-cache-size|20480
            tls-session-cache-timeout|300
            tls-session-caching|yes
            tracking-table-max-keys|1000000
            unixsocketperm|0
            unixsocket|
            zset-max-listpack-entries|128
            zset-max-listpack-value|64
            zset-max-ziplist-entries|128
            zset-max-ziplist-value|64
            port|6379
            """;

    /** Differs from Redis: depends on the machine (dir, io-threads), or is ours. */
    private static final Set<String> OTHER =
            Set.of("dir", "io-threads", "security-profile", "strict-except", "password-hash");

    private final Config config = new Config();
    private final ConfigEditor editor = new ConfigEditor(config);

    private boolean isLoading;

    @TempDir
    Path folder;

    private String set(String... namesAndValues) {
        List<Setting> settings = new ArrayList<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            settings.add(new Setting(namesAndValues[i], namesAndValues[i + 1]));
        }
        String error = editor.set(settings, false, true, isLoading);
        return error == null ? "OK" : error;
    }

    private static LoadedConfig load(String... args) throws ConfigException {
        return ConfigLoader.load(List.of(args), new ByteArrayInputStream(new byte[0]));
    }

    private LoadedConfig loadFile(String text, String... more) throws ConfigException, IOException {
        Path file = Files.writeString(folder.resolve("redis.conf"), text);
        List<String> args = new ArrayList<>(List.of(file.toString()));
        args.addAll(List.of(more));
        return ConfigLoader.load(args, new ByteArrayInputStream("hz 33".getBytes(StandardCharsets.UTF_8)));
    }

    static List<Directive<?>> everyDirective() {
        return new Config().all();
    }

    @Test
    void keeps_some_directives_as_they_are_while_loading() {
        isLoading = true;
        assertThat(set("appendonly", "yes")).isEqualTo("LOADING Redis is loading the dataset in memory");
        assertThat(set("loglevel", "debug")).isEqualTo("OK");
        isLoading = false;
        assertThat(set("repl-diskless-load", "swapdb")).isEqualTo("OK");
    }

    @Test
    void takes_for_directives_that_redis_lacks_the_value_they_have() {
        assertThat(set("security-profile", config.security.securityProfile.asText()))
                .isEqualTo("OK");
        assertThat(set("security-profile", "redis")).endsWith("can't set immutable config");
        assertThat(set("databases", "16")).endsWith("can't set immutable config");
    }

    @Test
    void the_defaults_are_those_of_redis() {
        TreeMap<String, String> expected = new TreeMap<>();
        GOLDEN.lines()
                .forEach(line ->
                        expected.put(line.substring(0, line.indexOf('|')), line.substring(line.indexOf('|') + 1)));
        TreeMap<String, String> ours = new TreeMap<>();
        editor.get(List.of("*"), true).forEach(setting -> ours.put(setting.name(), setting.value()));
        assertThat(ours.keySet()).containsAll(OTHER);
        ours.keySet().removeAll(OTHER);
        assertThat(ours).isEqualTo(expected);
    }

    @ParameterizedTest
    @MethodSource("everyDirective")
    void takes_its_own_text_back(Directive<?> directive) throws RefusedValueException {
        if (!directive.name().equals("replicaof")) {
            assertThat(directive.parse(List.of(directive.asText()))).isEqualTo(directive.value());
        }
        assertThat(directive.meaning()).endsWith(".");
    }

    @ParameterizedTest
    @MethodSource("everyDirective")
    void takes_its_bounds_and_refuses_one_beyond(Directive<?> directive) throws RefusedValueException {
        String[] bounds = directive.range().split(" to ");
        if (bounds.length == 2 && bounds[0].matches("-?\\d+")) {
            for (String bound : bounds) {
                assertThat(directive.parse(List.of(bound))).hasToString(bound);
            }
            String beyond = new java.math.BigInteger(bounds[0])
                    .subtract(java.math.BigInteger.ONE)
                    .toString();
            assertThatThrownBy(() -> directive.parse(List.of(beyond)))
                    .hasMessage("argument must be between " + bounds[0] + " and " + bounds[1] + " inclusive");
        } else if (directive.value() instanceof Boolean) {
            assertThatThrownBy(() -> directive.parse(List.of("maybe"))).hasMessage("argument must be 'yes' or 'no'");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "foo|1|ERR Unknown option or number of arguments for CONFIG SET - 'foo'",
                "databases|5|can't set immutable config",
                "dbfilename|x|can't set protected config",
                "hz|abc|argument couldn't be parsed into an integer",
                "save|1 2 x|Invalid save parameters",
                "save|1  2|Invalid save parameters",
                "client-output-buffer-limit|normal 1 2|Wrong number of arguments in buffer limit configuration.",
                "port|99999|argument must be between 0 and 65535 inclusive",
                "maxmemory|1.5gb|argument must be a memory value",
                "maxmemory-clients|101%|percentage argument must be less or equal to 100",
                "shutdown-on-sigterm|now  force|argument(s) must be one of the following: default, save, nosave, now,"
                        + " force",
                "shutdown-on-sigterm|save nosave|shutdown options SAVE and NOSAVE can't be used simultaneously",
                "notify-keyspace-events|Q|Invalid event class character. Use 'Ag$lshzxeKEtmdn'.",
                "proc-title-template|{x}|template format is invalid or contains unknown variables",
                "oom-score-adj-values|1 2|wrong number of arguments",
            })
    void set_refuses_in_the_words_of_redis(String name, String value, String reason) {
        String prefix = "ERR CONFIG SET failed (possibly related to argument '" + name + "') - ";
        assertThat(set(name, value)).isEqualTo(reason.startsWith("ERR") ? reason : prefix + reason);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "notify-keyspace-events|KEA|AKE",
                "notify-keyspace-events|KEg$lshzxetdmn|AKEm",
                "notify-keyspace-events|KEgn|gnKE",
                "maxmemory|2gB|2147483648",
                "maxmemory|3k|3000",
                "maxmemory-clients|5%|5%",
                "loglevel|NOTICE|notice",
                "shutdown-on-sigint|force now|now force",
                "client-output-buffer-limit|replica 1mb 2 3|normal 0 0 0 slave 1048576 2 3 pubsub 33554432 8388608 60",
                "latency-tracking-info-percentiles|1 99.999|1 99.999",
                "lua-time-limit|7|7",
            })
    void set_reads_back_as_in_redis(String name, String value, String shown) {
        assertThat(set(name, value)).isEqualTo("OK");
        assertThat(editor.get(List.of(name), true)).containsExactly(new Setting(name, shown));
    }

    @Nested
    class Set_of_several {
        @Test
        void changes_nothing_when_a_value_is_bad() {
            assertThat(set("hz", "20", "port", "x")).contains("argument 'port'");
            assertThat(config.general.hz.value()).isEqualTo(10);
        }

        @Test
        void takes_back_what_was_applied_when_an_applier_refuses() {
            List<Long> heard = new ArrayList<>();
            config.general.hz.onChange(heard::add);
            config.network.bind.appliedBy(_ -> "Failed to bind to specified addresses.");
            assertThat(set("hz", "20", "bind", "1.2.3.4"))
                    .isEqualTo("ERR CONFIG SET failed (possibly related to argument 'bind')"
                            + " - Failed to bind to specified addresses.");
            assertThat(heard).containsExactly(20L, 10L);
            assertThat(config.network.bind.value()).containsExactly("*", "-::*");
        }

        @Test
        void refuses_a_name_given_twice() {
            assertThat(set("hz", "1", "HZ", "1")).contains("'HZ') - duplicate parameter");
        }
    }

    @Nested
    class Get {
        @Test
        void shows_a_hidden_directive_only_by_its_exact_name() {
            assertThat(editor.get(List.of("key-load-d*"), true)).isEmpty();
            assertThat(editor.get(List.of("KEY-load-delay"), true)).containsExactly(new Setting("KEY-load-delay", "0"));
        }

        @Test
        void hides_a_secret_that_is_set_and_never_takes_the_word_for_one() {
            assertThat(set("requirepass", "hunter2")).isEqualTo("OK");
            assertThat(editor.get(List.of("requirepass"), true))
                    .containsExactly(new Setting("requirepass", "(redacted)"));
            assertThat(editor.get(List.of("requirepass"), false))
                    .containsExactly(new Setting("requirepass", "hunter2"));
            assertThat(set("requirepass", "(redacted)")).startsWith("ERR");
        }

        @Test
        void matches_globs_without_regard_to_case() {
            assertThat(editor.get(List.of("SLAVE-p?iorit[x-z]", "slave-priority"), true))
                    .containsExactly(new Setting("slave-priority", "100"));
        }

        @Test
        @Timeout(10)
        void matches_many_stars_without_trying_every_way() {
            assertThat(editor.get(List.of("*?".repeat(14) + "!"), true)).isEmpty();
        }
    }

    @Nested
    class Load {
        @ParameterizedTest
        @ValueSource(strings = {"--save ", "--save|--port|7", "--save||--port|7"})
        void save_without_points_saves_never(String args) throws ConfigException {
            assertThat(load(args.strip().split("\\|", -1))
                            .config()
                            .persistence
                            .save
                            .value())
                    .isEmpty();
        }

        @Test
        void options_follow_the_grammar_of_redis_server() throws ConfigException, IOException {
            LoadedConfig loaded = loadFile(
                    "port 1\n",
                    "-",
                    "--maxmemory 700mb",
                    "--proc-title-template",
                    "--x--",
                    "--shutdown-on-sigint",
                    "now",
                    "force");
            assertThat(loaded.config().memory.maxmemory.value()).isEqualTo(700L << 20);
            assertThat(loaded.config().general.procTitleTemplate.value()).isEqualTo("--x--");
            assertThat(loaded.config().general.shutdownOnSigint.asText()).isEqualTo("now force");
            assertThat(loaded.config().general.hz.value()).isEqualTo(33);
            assertThat(loadFile("", "loglevel", "verbose")
                            .config()
                            .observe
                            .loglevel
                            .value())
                    .isEqualTo("verbose");
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                quoteCharacter = '^',
                value = {
                    "--port|2|port|wrong number of arguments",
                    "--invalid 3|2|invalid 3|Bad directive or wrong number of arguments",
                    "--user foo;--user foo|3|user foo|Error in user declaration 'foo': Duplicate user found.",
                })
        void a_bad_option_is_reported_as_a_line(String args, int line, String shown, String reason) {
            assertThatThrownBy(() -> load(args.split(";")))
                    .hasMessageStartingWith("\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\n"
                            + "Reading the configuration file, at line " + line + "\n>>> '" + shown + "'\n" + reason);
        }

        @Test
        void all_problems_are_reported_with_the_nearest_name_and_without_secrets() {
            assertThatThrownBy(() -> loadFile("maxmemry 1\nport x\nrequirepass hunter2 x\nrequirpass hunter2\n"
                            + "user a >hunter2 on\nuser a on \">my hunter2\"\nmasterauth \"hunter2\n"))
                    .hasMessageContaining("did you mean 'maxmemory'?")
                    .hasMessageContaining("at line 2\n>>> 'port x'\nargument couldn't be parsed")
                    .hasMessageContaining("at line 7")
                    .satisfies(e -> assertThat(e.getMessage()).doesNotContain("hunter2"));
        }

        @Test
        void a_name_unlike_any_other_has_no_suggestion() {
            assertThatThrownBy(() -> loadFile("-p 1\n"))
                    .hasMessageContaining("there is no directive '-p')")
                    .message()
                    .doesNotContain("did you mean");
        }

        @Test
        void a_log_that_cannot_be_written_is_reported_and_none_is_made() throws ConfigException, IOException {
            assertThatThrownBy(() -> loadFile("logfile " + folder + "/none/x.log\n"))
                    .hasMessageContaining(
                            "Can't open the log file '" + folder + "/none/x.log': No such file or directory");
            assertThatThrownBy(() -> loadFile("logfile " + folder + "\n")).hasMessageContaining("Is a directory");
            assertThat(loadFile("logfile " + folder + "/new.log\n").users()).isEmpty();
            assertThat(folder.resolve("new.log")).doesNotExist();
        }

        @Test
        void repeated_lines_add_up_and_files_are_included() throws ConfigException, IOException {
            Files.writeString(folder.resolve("a.inc"), "hz 20\nuser a on");
            LoadedConfig loaded = loadFile("dir " + folder + "\nsave 1 2\nsave 3 4\nrename-command DEBUG ''\n"
                    + "include *.inc\nlogfile \"\\x61\\n\"\n");
            assertThat(loaded.config().persistence.save.asText()).isEqualTo("1 2 3 4");
            assertThat(loaded.config().general.hz.value()).isEqualTo(20);
            assertThat(loaded.users()).containsExactly(new LoadedConfig.UserLine("a", List.of("on")));
            assertThat(loaded.renames()).containsExactly(new LoadedConfig.Rename("DEBUG", ""));
            assertThat(loaded.config().observe.logfile.value()).isEqualTo("a\n");
            assertThat(loaded.config().resolve("x")).isEqualTo(folder.resolve("x"));
        }

        @Test
        void users_in_two_places_are_refused() {
            assertThatThrownBy(() -> loadFile("aclfile x\nuser a on\n")).hasMessageContaining("but not both.");
        }
    }

    @Nested
    class Rewrite {
        @Test
        void keeps_comments_and_order_and_puts_the_rest_below_a_marker() throws Exception {
            LoadedConfig loaded = loadFile("# mine\nport 1\n\nsave 10 1\n# mid\nsave 20 2\nslave-priority 5\n"
                    + "user a on\nuser gone on\ninclude *.none\nclient-output-buffer-limit slave 1mb 0 0\n");
            ConfigEditor edits = new ConfigEditor(loaded.config());
            edits.set(
                    List.of(
                            new Setting("save", "1 2"),
                            new Setting("masterauth", "x\"y é"),
                            new Setting("maxmemory", "2mb"),
                            new Setting("replica-priority", "100")),
                    false,
                    true,
                    false);
            ConfigFile.rewrite(loaded.file(), loaded.config(), List.of("user a off", "user b on"), false);
            String text = Files.readString(loaded.file());
            assertThat(text)
                    .startsWith("# mine\nport 1\n\nsave 1 2\n# mid\nreplica-priority 100\nuser a off\n"
                            + "include *.none\nclient-output-buffer-limit normal 0 0 0\n\n"
                            + "# Generated by CONFIG REWRITE\n")
                    .contains("maxmemory 2mb\n", "masterauth \"x\\\"y \\xc3\\xa9\"\n", "user b on\n")
                    .doesNotContain("gone", "hz");
            LoadedConfig again = loadFile(text);
            assertThat(new ConfigEditor(again.config()).get(List.of("*"), false))
                    .isEqualTo(edits.get(List.of("*"), false));
            ConfigFile.rewrite(again.file(), again.config(), null, false);
            assertThat(Files.readString(again.file())).isEqualTo(text);
        }

        @Test
        void never_lets_a_value_start_a_line_of_its_own() throws Exception {
            LoadedConfig loaded = loadFile("");
            loaded.config().replication.replicaof.change(new MasterAddress("a\nrequirepass x", 1));
            loaded.config().network.bind.change(List.of("b\nrequirepass y"));
            ConfigFile.rewrite(loaded.file(), loaded.config(), null, false);
            assertThat(Files.readAllLines(loaded.file())).noneMatch(line -> line.startsWith("requirepass"));
            assertThatThrownBy(() -> ConfigFile.rewrite(loaded.file(), loaded.config(), List.of("user a\nb"), false))
                    .isInstanceOf(IOException.class);
        }

        @Test
        void of_everything_loads_again() throws Exception {
            LoadedConfig loaded = loadFile("");
            ConfigFile.rewrite(loaded.file(), loaded.config(), null, true);
            LoadedConfig again = load(loaded.file().toString());
            assertThat(new ConfigEditor(again.config()).get(List.of("*"), false))
                    .isEqualTo(new ConfigEditor(loaded.config()).get(List.of("*"), false));
        }
    }

    @Test
    void the_reference_names_every_directive() {
        String page = ConfigReference.markdown();
        assertThat(config.all()).allSatisfy(directive -> assertThat(page).contains("| `" + directive.name() + "`"));
    }
}
