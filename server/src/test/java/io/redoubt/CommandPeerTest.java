package io.redoubt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.redoubt.command.RawPeer;
import io.redoubt.command.ReplyReader;
import io.redoubt.config.ConfigException;
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
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Our declarations against the COMMAND output of a redis-server 7.0, where one is installed. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class CommandPeerTest {
    private static final String LATER = "newer options, which Redis 7.0 does not have";

    /** What differs on purpose: command and field, and why. An entry that is no longer needed fails. */
    private static final Map<String, String> DEVIATIONS = Map.of(
            "client subcommands", "no tracking yet, so neither CACHING nor TRACKING; NO-TOUCH and SETINFO are newer",
            "zrank arity", "WITHSCORE is newer",
            "zrevrank arity", "WITHSCORE is newer",
            "config|resetstat tips", "those of Redis 7.2",
            "config|rewrite tips", "those of Redis 7.2");

    private static final Map<String, String> DOC_DEVIATIONS = Map.of(
            "client|kill arguments", LATER,
            "set arguments", LATER,
            "xadd arguments", LATER,
            "xtrim arguments", LATER,
            "zrank arguments", LATER,
            "zrevrank arguments", LATER);

    private static Map<String, Map<String, Object>> ours = Map.of();
    private static Map<String, Map<String, Object>> theirs = Map.of();
    private static Map<String, Map<String, Object>> ourDocs = Map.of();
    private static Map<String, Map<String, Object>> theirDocs = Map.of();

    @BeforeAll
    static void askBoth(@TempDir Path directory) throws IOException, ConfigException, StartException {
        var program = RawPeer.find();
        assumeTrue(program.isPresent(), "redis-server is not installed");
        try (var peer = RawPeer.start(program.get(), directory)) {
            assumeTrue(peer.raw(bytes("INFO"), bytes("server")).contains("redis_version:7.0."), "it is no Redis 7.0");
            theirs = described(parsed(peer.raw(bytes("COMMAND"))));
            theirDocs = documented(parsed(peer.raw(bytes("COMMAND"), bytes("DOCS"))));
        }
        int port;
        try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        var arguments = List.of("--port", Integer.toString(port), "--save", "", "--dir", directory.toString());
        var console = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
        try (var log = new ServerLog(console, null, ServerLog.Level.WARNING);
                var _ = Redoubt.start(ConfigLoader.load(arguments, InputStream.nullInputStream()), log);
                var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write(bytes("COMMAND\r\nCOMMAND DOCS\r\n"));
            var in = new BufferedInputStream(socket.getInputStream());
            ours = described(ReplyReader.read(in));
            ourDocs = documented(ReplyReader.read(in));
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static Object parsed(String reply) {
        return ReplyReader.read(new ByteArrayInputStream(bytes(reply)));
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

    @Test
    void every_command_is_described_as_redis_describes_it() {
        compare(ours, theirs, DEVIATIONS);
    }

    @Test
    void every_command_is_documented_as_redis_documents_it() {
        compare(ourDocs, theirDocs, DOC_DEVIATIONS);
    }

    /** Fails for each difference that the table does not know, and for each entry that is no longer needed. */
    private static void compare(
            Map<String, Map<String, Object>> declared,
            Map<String, Map<String, Object>> peers,
            Map<String, String> deviations) {
        assertThat(declared).as("what our server says").containsKeys("get", "client|kill", "command|docs");
        var differences = new TreeMap<String, String>();
        declared.forEach((name, fields) -> {
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
