package io.redoubt.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.jspecify.annotations.Nullable;

/** Our declarations against the COMMAND output of a redis-server 7.0, where one is installed. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class CommandPeerTest {
    private static final String LATER = "newer options, which Redis 7.0 does not have";

    /** What differs on purpose: command and field, and why. An entry that is no longer needed fails. */
    private static final Map<String, String> DEVIATIONS = Map.of(
            "client subcommands", "no tracking yet, so neither CACHING nor TRACKING; NO-TOUCH and SETINFO are newer",
            "config|resetstat tips", "those of Redis 7.2",
            "config|rewrite tips", "those of Redis 7.2");

    private static final Map<String, String> DOC_DEVIATIONS =
            Map.of("client|kill arguments", LATER, "set arguments", LATER);

    private static @Nullable Process process;
    private static Map<String, Map<String, Object>> theirs = Map.of();
    private static Map<String, Map<String, Object>> theirDocs = Map.of();

    @TempDir
    static Path directory;

    @BeforeAll
    static void askThePeer() throws IOException {
        var program = Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                .map(folder -> Path.of(folder, "redis-server"))
                .filter(Files::isExecutable)
                .findFirst();
        assumeTrue(program.isPresent(), "redis-server is not installed");
        var loopback = InetAddress.getLoopbackAddress();
        int port;
        try (var free = new ServerSocket(0, 1, loopback)) {
            port = free.getLocalPort();
        }
        var started = new ProcessBuilder(
                        program.get().toString(),
                        "--port",
                        Integer.toString(port),
                        "--bind",
                        loopback.getHostAddress(),
                        "--save",
                        "",
                        "--dir",
                        directory.toString())
                .redirectErrorStream(true)
                .start();
        process = started;
        var log = started.inputReader();
        String line = log.readLine();
        while (line != null && !line.contains("Ready to accept connections")) {
            line = log.readLine();
        }
        try (var socket = new Socket(loopback, port)) {
            var in = new BufferedInputStream(socket.getInputStream());
            var out = socket.getOutputStream();
            out.write(CommandFixture.bytes("INFO SERVER\r\nCOMMAND\r\nCOMMAND DOCS\r\n"));
            assumeTrue(((String) ReplyReader.read(in)).contains("redis_version:7.0."), "redis-server is no 7.0");
            theirs = described(ReplyReader.read(in));
            theirDocs = documented(ReplyReader.read(in));
        }
    }

    @AfterAll
    static void stopThePeer() throws InterruptedException {
        var started = process;
        if (started != null) {
            started.destroy();
            if (!started.waitFor(10, TimeUnit.SECONDS)) {
                started.destroyForcibly();
            }
        }
    }

    private static Map<String, Map<String, Object>> described(Object reply) {
        var commands = new TreeMap<String, Map<String, Object>>();
        for (var element : ReplyReader.list(reply)) {
            describe(ReplyReader.list(element), commands);
        }
        return commands;
    }

    private static void describe(List<?> command, Map<String, Map<String, Object>> into) {
        var fields = new TreeMap<String, Object>();
        fields.put("arity", command.get(1));
        fields.put("flags", sorted(command.get(2)));
        fields.put("key positions", command.subList(3, 6));
        fields.put("categories", sorted(command.get(6)));
        fields.put("tips", sorted(command.get(7)));
        fields.put(
                "key specs",
                ReplyReader.list(command.get(8)).stream()
                        .map(ReplyReader::map)
                        .map(spec -> "flags " + sorted(spec.getOrDefault("flags", List.of())) + " from "
                                + ordered(spec.get("begin_search")) + " by " + ordered(spec.get("find_keys")))
                        .toList());
        var names = new TreeSet<String>();
        for (var subcommand : ReplyReader.list(command.get(9))) {
            var list = ReplyReader.list(subcommand);
            names.add((String) list.get(0));
            describe(list, into);
        }
        fields.put("subcommands", names);
        into.put((String) command.get(0), fields);
    }

    private static TreeSet<String> sorted(Object list) {
        var sorted = new TreeSet<String>();
        ReplyReader.list(list).forEach(element -> sorted.add((String) element));
        return sorted;
    }

    /** Type and fields of a part of a key specification, whatever their order. */
    private static Object ordered(@Nullable Object part) {
        if (part == null) {
            return "nothing";
        }
        var map = ReplyReader.map(part);
        return map.get("type") + " " + new TreeMap<>(ReplyReader.map(map.getOrDefault("spec", List.of())));
    }

    private static Map<String, Map<String, Object>> documented(Object reply) {
        var commands = new TreeMap<String, Map<String, Object>>();
        ReplyReader.map(reply).forEach((name, docs) -> document(name, ReplyReader.map(docs), commands));
        return commands;
    }

    private static void document(String name, Map<String, Object> docs, Map<String, Map<String, Object>> into) {
        var fields = new TreeMap<String, Object>();
        fields.put("since", docs.getOrDefault("since", ""));
        fields.put("group", docs.getOrDefault("group", ""));
        fields.put("has summary", docs.containsKey("summary"));
        fields.put("has complexity", docs.containsKey("complexity"));
        fields.put("deprecated since", docs.getOrDefault("deprecated_since", ""));
        fields.put("arguments", arguments(docs));
        into.put(name, fields);
        ReplyReader.map(docs.getOrDefault("subcommands", List.of()))
                .forEach((subcommand, its) -> document(subcommand, ReplyReader.map(its), into));
    }

    private static List<Object> arguments(Map<String, Object> of) {
        var arguments = new ArrayList<>();
        for (var element : ReplyReader.list(of.getOrDefault("arguments", List.of()))) {
            var argument = ReplyReader.map(element);
            var fields = new TreeMap<>(argument);
            fields.remove("deprecated_since"); // ArgSpec does not hold it.
            fields.put("flags", sorted(argument.getOrDefault("flags", List.of())));
            fields.put("arguments", arguments(argument));
            arguments.add(fields);
        }
        return arguments;
    }

    private static Object ask(String... command) {
        byte[][] request =
                Arrays.stream(command).map(CommandFixture::bytes).toArray(byte[][]::new);
        return ReplyReader.read(
                new ByteArrayInputStream(EveryFamily.fixture().run(request)));
    }

    @Test
    void every_command_is_described_as_redis_describes_it() {
        compare(described(ask("COMMAND")), theirs, DEVIATIONS);
    }

    @Test
    void every_command_is_documented_as_redis_documents_it() {
        compare(documented(ask("COMMAND", "DOCS")), theirDocs, DOC_DEVIATIONS);
    }

    /** Fails for each difference that the table does not know, and for each entry that is no longer needed. */
    private static void compare(
            Map<String, Map<String, Object>> ours,
            Map<String, Map<String, Object>> peers,
            Map<String, String> deviations) {
        var differences = new TreeMap<String, String>();
        ours.forEach((name, fields) -> {
            var expected = peers.get(name);
            if (expected == null) {
                return; // Newer than the peer.
            }
            fields.forEach((field, value) -> {
                if (!value.equals(expected.get(field))) {
                    differences.put(name + " " + field, "ours " + value + "\n   theirs " + expected.get(field));
                }
            });
        });
        var unknown = new TreeMap<>(differences);
        unknown.keySet().removeAll(deviations.keySet());
        assertThat(unknown).as("differences without a reason").isEmpty();
        assertThat(differences.keySet()).as("deviations still needed").containsAll(deviations.keySet());
    }
}
