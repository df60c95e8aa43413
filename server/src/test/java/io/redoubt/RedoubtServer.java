package io.redoubt;

import io.redoubt.command.CommandFamily;
import io.redoubt.command.CommandTable;
import io.redoubt.config.ConfigException;
import io.redoubt.config.ConfigLoader;
import io.redoubt.observe.ServerLog;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A real server in this process for each test: on a free port of the loopback address, its files in a folder of its
 * own. On closing it walks the whole keyspace, so a test that corrupts the store fails there.
 */
final class RedoubtServer implements BeforeEachCallback, AfterEachCallback, AutoCloseable {
    private final List<String> lines;
    private int ioThreads = 1;
    private Supplier<List<CommandFamily>> families = List::of;
    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
    private final List<RespClient> clients = new ArrayList<>();
    private @Nullable Path folder;
    private @Nullable ServerLog log;
    private @Nullable Redoubt running;

    private RedoubtServer(List<String> lines) {
        this.lines = lines;
    }

    /** Describes a server by lines of its configuration file. */
    static RedoubtServer with(String... lines) {
        return new RedoubtServer(List.of(lines));
    }

    RedoubtServer ioThreads(int count) {
        ioThreads = count;
        return this;
    }

    /** Gives it families of commands that only tests have. */
    RedoubtServer families(Supplier<List<CommandFamily>> more) {
        families = more;
        return this;
    }

    @Override
    public void beforeEach(ExtensionContext context) throws Exception {
        start();
    }

    @Override
    public void afterEach(ExtensionContext context) {
        close();
    }

    /** Starts it; where there is no extension mechanism around. */
    RedoubtServer start() throws IOException, ConfigException, StartException {
        var directory = Files.createTempDirectory("redoubt-test");
        folder = directory;
        var config = new ArrayList<>(List.of(
                "bind 127.0.0.1",
                "dir " + directory,
                "save \"\"",
                "enable-debug-command yes",
                "io-threads " + ioThreads));
        config.addAll(lines);
        Files.write(directory.resolve("redis.conf"), config);
        start(directory);
        return this;
    }

    private void start(Path directory) throws IOException, ConfigException, StartException {
        int port;
        try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        var arguments = List.of(directory.resolve("redis.conf").toString(), "--port", Integer.toString(port));
        var loaded = ConfigLoader.load(arguments, InputStream.nullInputStream());
        log = new ServerLog(new PrintStream(printed, true, StandardCharsets.UTF_8), null, ServerLog.Level.VERBOSE);
        running = Redoubt.start(loaded, log, families.get(), _ -> {});
    }

    /** Adds lines to the configuration file, for the next start. */
    void addLines(String... added) throws IOException {
        Files.write(directory().resolve("redis.conf"), List.of(added), StandardOpenOption.APPEND);
    }

    /** Ends the server as it is, without saving, and starts it on the same files. */
    void restart() throws IOException, ConfigException, StartException {
        stop();
        start(directory());
    }

    Redoubt redoubt() {
        if (running == null) {
            throw new IllegalStateException("the server is not running");
        }
        return running;
    }

    Path directory() {
        if (folder == null) {
            throw new IllegalStateException("the server has not been started");
        }
        return folder;
    }

    CommandTable commands() {
        return redoubt().table();
    }

    int port() {
        return redoubt().port();
    }

    /** Returns what the server has logged. */
    String logged() {
        return printed.toString(StandardCharsets.UTF_8);
    }

    /** Returns a new connection; it is closed with the server. */
    RespClient client() {
        return kept(RespClient.connect(port()));
    }

    /** Returns a new connection that has logged in. */
    RespClient clientAs(String user, String password) {
        var client = client();
        Object reply = client.send("AUTH", user, password);
        if (!"OK".equals(reply)) {
            throw new IllegalStateException("AUTH answers " + reply);
        }
        return client;
    }

    RespClient kept(RespClient client) {
        synchronized (clients) {
            clients.add(client);
        }
        return client;
    }

    private void stop() {
        synchronized (clients) {
            clients.forEach(RespClient::close);
            clients.clear();
        }
        var server = running;
        if (server == null) {
            return;
        }
        running = null;
        try {
            checkInvariants(server);
        } finally {
            server.close();
            if (log != null) {
                closeLog(log);
            }
        }
        // A bug is a finding even where the client saw an ordinary error.
        if (logged().contains("A bug: ")) {
            throw new AssertionError("The server logged a bug:\n" + logged());
        }
    }

    private static void checkInvariants(Redoubt server) {
        var mode = server.keyspace().mode();
        mode.enterExclusive();
        try {
            server.keyspace().checkInvariants();
        } finally {
            mode.leaveExclusive();
        }
    }

    private static void closeLog(ServerLog log) {
        try {
            log.close();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    @Override
    public void close() {
        try {
            stop();
        } finally {
            if (folder != null) {
                delete(folder);
                folder = null;
            }
        }
    }

    private static void delete(Path directory) {
        try (var paths = Files.walk(directory)) {
            for (var path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
