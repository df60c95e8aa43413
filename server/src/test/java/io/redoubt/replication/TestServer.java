package io.redoubt.replication;

import io.redoubt.Redoubt;
import io.redoubt.StartException;
import io.redoubt.config.ConfigException;
import io.redoubt.config.ConfigLoader;
import io.redoubt.observe.ServerLog;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** A whole server on a free port; closing it checks the keyspace. Its log can be read. */
final class TestServer implements AutoCloseable {
    private static final long PATIENCE_NANOS = 20_000_000_000L;

    private final ByteArrayOutputStream logged = new ByteArrayOutputStream();
    private final Redoubt server;
    private final ServerLog log;
    private final List<Wire> wires = Collections.synchronizedList(new ArrayList<>());

    TestServer(Path directory, String... options) throws IOException, ConfigException, StartException {
        var arguments = new ArrayList<String>(List.of(
                "--port",
                Integer.toString(freePort()),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--dir",
                directory.toString(),
                "--repl-diskless-sync-delay",
                "0",
                "--security-profile",
                "redis"));
        arguments.addAll(List.of(options));
        log = new ServerLog(new PrintStream(logged, true, StandardCharsets.UTF_8), null, ServerLog.Level.NOTICE);
        server = Redoubt.start(ConfigLoader.load(arguments, InputStream.nullInputStream()), log);
    }

    static int freePort() throws IOException {
        try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return free.getLocalPort();
        }
    }

    int port() {
        return server.port();
    }

    /** A new connection of a client. */
    Wire client() throws IOException {
        var wire = Wire.to(port());
        wires.add(wire);
        return wire;
    }

    /** Ends as SIGTERM would have it, with a save. */
    void shutdown() throws Exception {
        client().write(Wire.request("SHUTDOWN", "SAVE"));
        awaitLog("DB saved on disk");
        close();
    }

    String log() {
        return logged.toString(StandardCharsets.UTF_8);
    }

    /** Waits for a condition, and fails with the log when it does not come. */
    void await(String what, BooleanSupplier condition) {
        await(what, condition, this::log);
    }

    static void await(String what, BooleanSupplier condition, Supplier<String> story) {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("waited in vain: " + what + "\n" + story.get());
            }
            LockSupport.parkNanos(2_000_000);
        }
    }

    void awaitLog(String text) {
        await("log line " + text, () -> log().contains(text));
    }

    @Override
    public void close() throws IOException {
        for (var wire : wires) {
            wire.close();
        }
        server.close();
        var mode = server.keyspace().mode();
        mode.enterExclusive();
        try {
            server.keyspace().checkInvariants();
        } finally {
            mode.leaveExclusive();
        }
        log.close();
    }
}
