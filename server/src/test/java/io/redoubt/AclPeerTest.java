package io.redoubt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.redoubt.command.Agreement;
import io.redoubt.command.CommandSpec;
import io.redoubt.command.RawPeer;
import io.redoubt.command.ReplyReader;
import io.redoubt.config.ConfigLoader;
import io.redoubt.observe.ServerLog;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Categories and the canonical text of command rules against a redis-server 7.0, where one is installed. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AclPeerTest {
    private @Nullable RawPeer peer;
    private @Nullable ServerLog log;
    private @Nullable Redoubt server;
    private @Nullable Socket socket;
    private InputStream in = InputStream.nullInputStream();
    private List<String> names = List.of();
    private TreeSet<String> newer = new TreeSet<>();

    @BeforeAll
    void startBoth(@TempDir Path directory) throws Exception {
        var program = RawPeer.find();
        assumeTrue(program.isPresent(), "redis-server is not installed");
        peer = RawPeer.start(program.get(), directory);
        String info = peer.raw(bytes("INFO"), bytes("server"));
        assumeTrue(info.contains("redis_version:7.0."), "it is no Redis 7.0");
        int port;
        try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        var arguments = List.of(
                "--port",
                Integer.toString(port),
                "--save",
                "",
                "--dir",
                directory.toString(),
                "--security-profile",
                "redis");
        var console = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
        log = new ServerLog(console, null, ServerLog.Level.WARNING);
        server = Redoubt.start(ConfigLoader.load(arguments, InputStream.nullInputStream()), log);
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        in = new BufferedInputStream(socket.getInputStream());
        names = server.table().all().stream()
                .filter(CommandSpec::isOfRedis7)
                .map(CommandSpec::fullName)
                .sorted()
                .toList();
        server.table().all().stream()
                .filter(spec -> !spec.isOfRedis7())
                .map(CommandSpec::fullName)
                .forEach(newer::add);
    }

    @AfterAll
    void stopBoth() throws Exception {
        for (AutoCloseable closeable : Arrays.asList(socket, server, log, peer)) {
            if (closeable != null) {
                closeable.close();
            }
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private Object ours(String... words) throws IOException {
        var request = new StringBuilder("*" + words.length + "\r\n");
        for (String word : words) {
            request.append('$')
                    .append(word.length())
                    .append("\r\n")
                    .append(word)
                    .append("\r\n");
        }
        assertThat(socket).isNotNull();
        socket.getOutputStream().write(bytes(request.toString()));
        return ReplyReader.read(in);
    }

    private Object theirs(String... words) throws IOException {
        assertThat(peer).isNotNull();
        String reply = peer.raw(Arrays.stream(words).map(AclPeerTest::bytes).toArray(byte[][]::new));
        return ReplyReader.read(new ByteArrayInputStream(bytes(reply)));
    }

    @Test
    void declarations_agree_with_the_file_of_planned_commands() {
        assertThat(server).isNotNull();
        assertThat(Agreement.differences(server.table())).isEmpty();
    }

    @Test
    void categories_have_the_order_and_the_commands_of_redis() throws IOException {
        assertThat(ours("ACL", "CAT")).isEqualTo(theirs("ACL", "CAT"));
        for (var category : ReplyReader.list(theirs("ACL", "CAT"))) {
            var members = new TreeSet<Object>(ReplyReader.list(ours("ACL", "CAT", (String) category)));
            members.removeAll(newer);
            var expected = new TreeSet<Object>(ReplyReader.list(theirs("ACL", "CAT", (String) category)));
            assertThat(members).as("@" + category).isEqualTo(expected);
        }
    }

    @Test
    void rules_may_name_every_command() throws IOException {
        assertThat(names).hasSize(366);
        for (String name : names) {
            assertThat(ours("ACL", "SETUSER", "u", "reset", "+" + name, "-" + name))
                    .as(name)
                    .isEqualTo("OK");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "+@all -@dangerous +keys",
                "+@read -@string +get",
                "+@all -@write +xgroup|create",
                "+@all -client +client|tracking",
                "-@all +@list +@stream -xread +select|1 +lpush|k",
                "+@all -debug",
                "+debug|object",
            })
    void the_text_of_rules_is_that_of_redis(String rules) throws IOException {
        assertSameText(List.of(rules.split(" ")));
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void the_text_of_random_rules_is_that_of_redis(int seed) throws IOException {
        var random = new Random(seed);
        var categories = ReplyReader.list(theirs("ACL", "CAT"));
        var rules = new ArrayList<String>();
        rules.add(random.nextBoolean() ? "+@all" : "-@all");
        for (int i = 1 + random.nextInt(8); i > 0; i--) {
            String sign = random.nextBoolean() ? "+" : "-";
            rules.add(
                    random.nextInt(3) > 0
                            ? sign + "@" + categories.get(random.nextInt(categories.size()))
                            : sign + names.get(random.nextInt(names.size())));
        }
        assertSameText(rules);
    }

    static IntStream seeds() {
        return IntStream.range(0, 100);
    }

    /** Categories have to come in Redis's order; single commands come there in the order of a hash table. */
    private void assertSameText(List<String> rules) throws IOException {
        var command = new ArrayList<>(List.of("ACL", "SETUSER", "u", "reset"));
        command.addAll(rules);
        var words = command.toArray(String[]::new);
        assertThat(ours(words)).isEqualTo(theirs(words)).isEqualTo("OK");
        var mine = text(ours("ACL", "GETUSER", "u"));
        mine.removeIf(word -> newer.contains(word.substring(1)));
        var redis = text(theirs("ACL", "GETUSER", "u"));
        assertThat(categoriesOf(mine)).as("%s", rules).isEqualTo(categoriesOf(redis));
        assertThat(new TreeSet<>(mine)).as("%s", rules).isEqualTo(new TreeSet<>(redis));
    }

    private static List<String> text(Object user) {
        return new ArrayList<>(List.of(((String) ReplyReader.map(user).getOrDefault("commands", "")).split(" ")));
    }

    private static List<String> categoriesOf(List<String> words) {
        return words.stream().filter(word -> word.charAt(1) == '@').toList();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "lpush a v",
                "lpush b v",
                "lpush a",
                "lpop a",
                "eval s 1 a",
                "eval s 2 a b",
                "xread streams a 0",
                "xread streams a b 0 0",
                "zunionstore a 1 b",
                "xgroup create a g $",
                "xgroup create b g $",
                "client tracking on",
                "nosuch a",
            })
    void a_dry_run_judges_planned_commands_as_redis_does(String request) throws IOException {
        for (String rules : List.of("+@all ~a", "+@all %R~a", "+@all %W~a", "+@list ~*", "-@all ~*")) {
            var user = new ArrayList<>(List.of("ACL", "SETUSER", "d", "reset"));
            user.addAll(List.of(rules.split(" ")));
            ours(user.toArray(String[]::new));
            theirs(user.toArray(String[]::new));
            var run = new ArrayList<>(List.of("ACL", "DRYRUN", "d"));
            run.addAll(List.of(request.split(" ")));
            assertThat(ours(run.toArray(String[]::new)))
                    .as("%s: %s", rules, request)
                    .isEqualTo(theirs(run.toArray(String[]::new)));
        }
    }
}
