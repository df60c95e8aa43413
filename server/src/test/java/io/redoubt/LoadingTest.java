package io.redoubt;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.command.CommandFlag;
import io.redoubt.command.CommandSpec;
import io.redoubt.config.ConfigLoader;
import io.redoubt.observe.ServerLog;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What clients see while a large data set is loaded at the start. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class LoadingTest {
    private static final int KEYS = 20_000;
    private static final long PATIENCE_NANOS = 20_000_000_000L;

    @TempDir
    Path folder;

    private int port;

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"dump.rdb", "base of RDB", "base of commands"})
    void progress_can_be_watched_and_only_what_may_run_runs(String kind) throws Exception {
        var options = new ArrayList<String>();
        if (!kind.equals("dump.rdb")) {
            options.addAll(List.of("--appendonly", "yes"));
        }
        if (kind.equals("base of commands")) {
            options.addAll(List.of("--aof-use-rdb-preamble", "no"));
        }
        write(options);
        options.addAll(List.of("--key-load-delay", "1000"));
        var loading = new CompletableFuture<Redoubt>();
        var starting = CompletableFuture.supplyAsync(() -> start(options, loading));
        var server = loading.get();
        long size;
        try (var client = RespClient.connect(port)) {
            var first = awaitProgress(client, 0);
            assertThat(first).containsEntry("loading", "1").containsEntry("async_loading", "0");
            size = Long.parseLong(first.get("loading_total_bytes"));
            assertThat(size).isEqualTo(fileBytes());
            assertThat(Long.parseLong(first.get("loading_start_time"))).isPositive();
            assertThat(Long.parseLong(first.get("loading_rdb_used_mem")) > 0).isEqualTo(!kind.endsWith("commands"));
            long loaded = Long.parseLong(first.get("loading_loaded_bytes"));
            var second = awaitProgress(client, loaded);
            assertThat(Double.parseDouble(second.get("loading_loaded_perc"))).isBetween(0.01, 100.0);
            assertThat(second).containsKey("loading_eta_seconds");
            walk(server, client);
            assertThat(client.send("CONFIG", "SET", "key-load-delay", "0")).isEqualTo("OK");
            try (var loadedServer = starting.get()) {
                assertThat(loadedServer).isSameAs(server);
                assertThat(client.send("DBSIZE")).isEqualTo((long) KEYS);
                assertThat(figures(client)).containsEntry("loading", "0").doesNotContainKey("loading_total_bytes");
            }
        }
    }

    /** Makes the files by another server. */
    private void write(List<String> options) throws Exception {
        try (var _ = start(options, new CompletableFuture<>());
                var client = RespClient.connect(port)) {
            client.send("DEBUG", "POPULATE", Integer.toString(KEYS), "key", "40");
            client.send(options.isEmpty() ? "SAVE" : "BGREWRITEAOF");
            long deadline = System.nanoTime() + PATIENCE_NANOS;
            while (figures(client).get("aof_rewrite_in_progress").equals("1")) {
                assertThat(System.nanoTime()).isLessThan(deadline);
                LockSupport.parkNanos(2_000_000);
            }
        }
    }

    private long fileBytes() throws Exception {
        Path single = folder.resolve("dump.rdb");
        if (Files.exists(single)) {
            return Files.size(single);
        }
        long bytes = 0;
        try (var files = Files.newDirectoryStream(folder.resolve("appendonlydir"), "*.{rdb,aof}")) {
            for (Path file : files) {
                bytes += Files.size(file);
            }
        }
        return bytes;
    }

    private static Map<String, String> awaitProgress(RespClient client, long loadedBefore) {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (true) {
            var figures = figures(client);
            if (Long.parseLong(figures.getOrDefault("loading_loaded_bytes", "0")) > loadedBefore) {
                return figures;
            }
            assertThat(System.nanoTime()).as(figures::toString).isLessThan(deadline);
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static Map<String, String> figures(RespClient client) {
        var figures = new HashMap<String, String>();
        for (String line : String.valueOf(client.send("INFO", "persistence")).split("\r\n")) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                figures.put(line.substring(0, colon), line.substring(colon + 1));
            }
        }
        return figures;
    }

    /** Every command that is not declared for it is refused. */
    private static void walk(Redoubt server, RespClient client) {
        for (var spec : server.table().declared()) {
            if (!spec.isContainer() && !spec.has(CommandFlag.LOADING)) {
                assertThat(String.valueOf(client.send(smallest(spec))))
                        .as(spec.fullName())
                        .contains("LOADING Redis is loading the dataset in memory");
            }
        }
    }

    private static String[] smallest(CommandSpec spec) {
        var words = new ArrayList<>(List.of(spec.fullName().split("\\|")));
        while (words.size() < Math.abs(spec.arity())) {
            words.add("1");
        }
        return words.toArray(String[]::new);
    }

    private Redoubt start(List<String> options, CompletableFuture<Redoubt> loading) {
        try {
            try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                port = free.getLocalPort();
            }
            var arguments = new ArrayList<>(List.of(
                    "--port",
                    Integer.toString(port),
                    "--bind",
                    "127.0.0.1",
                    "--save",
                    "",
                    "--enable-debug-command",
                    "yes",
                    "--security-profile",
                    "redis",
                    "--dir",
                    folder.toString()));
            arguments.addAll(options);
            var log = new ServerLog(
                    new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8),
                    null,
                    ServerLog.Level.NOTICE);
            return Redoubt.start(
                    ConfigLoader.load(arguments, InputStream.nullInputStream()),
                    log,
                    server -> loading.complete(server));
        } catch (Exception failure) {
            loading.completeExceptionally(failure);
            throw new IllegalStateException(failure);
        }
    }
}
