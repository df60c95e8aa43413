package io.redoubt;

import io.redoubt.config.Config;
import io.redoubt.config.ConfigException;
import io.redoubt.config.ConfigLoader;
import io.redoubt.config.LoadedConfig;
import io.redoubt.observe.ProcessFigures;
import io.redoubt.observe.ServerLog;
import io.redoubt.observe.SystemServices;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.Proxy;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The command line of redis-server. */
public final class Main {
    private static final String DAEMON = "redoubt.daemon";

    private Main() {}

    /** Runs the server until it is told to end. */
    public static void main(String[] args) throws InterruptedException, IOException {
        var arguments = new ArrayList<>(List.of(args));
        int answered = answerSwitch(arguments);
        if (answered >= 0) {
            System.exit(answered);
        }
        boolean onlyChecks = arguments.remove("--check-config");
        byte @Nullable [] input = takesInput(arguments) ? System.in.readAllBytes() : null;
        LoadedConfig loaded;
        try {
            loaded = ConfigLoader.load(
                    arguments, input == null ? InputStream.nullInputStream() : new ByteArrayInputStream(input));
        } catch (ConfigException problem) {
            System.err.print(problem.report());
            System.err.flush();
            System.exit(1);
            return;
        }
        if (onlyChecks) {
            System.exit(check(loaded));
        }
        if (loaded.config().general.daemonize.value() && !Boolean.getBoolean(DAEMON)) {
            System.exit(startDetached(input));
        }
        System.exit(serve(loaded));
    }

    /** Does all of a start that needs neither sockets nor data. */
    private static int check(LoadedConfig loaded) throws IOException {
        try (var silent = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
                var log = new ServerLog(silent, null, ServerLog.Level.WARNING)) {
            for (String warning : Redoubt.check(loaded, log)) {
                System.out.println("Warning: " + warning);
            }
        } catch (StartException problem) {
            System.err.println(problem.getMessage());
            return 1;
        }
        System.out.println("The configuration is good.");
        return 0;
    }

    private static boolean takesInput(List<String> arguments) {
        return arguments.contains("-");
    }

    /** Answers what needs no server; returns the exit code, or -1 when a server is wanted. */
    private static int answerSwitch(List<String> arguments) {
        if (arguments.isEmpty()) {
            return -1;
        }
        switch (arguments.getFirst()) {
            case "-v", "--version" -> {
                System.out.println("Redoubt server v=" + version() + " (Redis " + Redoubt.REDIS_VERSION
                        + " compatible) java=" + Runtime.version() + " bits=64");
                return 0;
            }
            case "-h", "--help" -> {
                System.out.print(usage());
                return 0;
            }
            case "--test-memory" -> {
                System.err.println("Redoubt does not test memory: the JVM gives it none of its own to test. Use a tool"
                        + " of the system, such as memtester or memtest86+.");
                return 1;
            }
            case "--sentinel" -> {
                System.err.println("Redoubt has no Sentinel of its own. Redis's watches over it: redis-sentinel"
                        + " /path/to/sentinel.conf; see docs/high-availability.md.");
                return 1;
            }
            case "--check-system" -> {
                System.out.println("Redoubt needs no setting of the system beyond a Java 25 runtime.");
                return 0;
            }
            default -> {
                return -1;
            }
        }
    }

    private static String version() {
        String version = Main.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    private static String usage() {
        return """
                Usage: redoubt-server [/path/to/redis.conf] [options] [-]
                       redoubt-server - (reads the configuration from standard input)
                       redoubt-server -v or --version
                       redoubt-server -h or --help
                       redoubt-server --check-config [/path/to/redis.conf] [options]

                Examples:
                       redoubt-server (runs with the default configuration)
                       echo 'maxmemory 128mb' | redoubt-server -
                       redoubt-server /etc/redis/6379.conf
                       redoubt-server --port 7777
                       redoubt-server --port 7777 --replicaof 127.0.0.1 8888
                       redoubt-server /etc/myredis.conf --loglevel verbose
                """;
    }

    /** `daemonize yes`: the same command again, in a session of its own; a JVM cannot fork. */
    private static int startDetached(byte @Nullable [] input) throws IOException {
        var command = new ArrayList<>(
                List.of("setsid", "--", ProcessHandle.current().info().command().orElse("java")));
        command.add("-D" + DAEMON + "=true");
        command.addAll(ownArguments());
        var builder = new ProcessBuilder(command)
                .redirectInput(
                        input == null
                                ? ProcessBuilder.Redirect.from(new File("/dev/null"))
                                : ProcessBuilder.Redirect.PIPE)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD);
        var process = builder.start();
        try (var out = process.getOutputStream()) {
            if (input != null) {
                out.write(input);
            }
        }
        return 0;
    }

    /** Those of the JVM and ours. ProcessHandle would not do: it knows none behind an empty one, as in `--save ""`. */
    private static List<String> ownArguments() throws IOException {
        var words = Files.readString(
                        Path.of("/proc/self/cmdline"), Charset.forName(System.getProperty("sun.jnu.encoding")))
                .split("\0", -1);
        return List.of(words).subList(1, words.length - 1);
    }

    private static int serve(LoadedConfig loaded) throws InterruptedException, IOException {
        var config = loaded.config();
        boolean isDaemon = Boolean.getBoolean(DAEMON);
        String logfile = config.observe.logfile.value();
        try (var log = new ServerLog(
                System.out,
                logfile.isEmpty() ? null : config.resolve(logfile),
                ServerLog.Level.of(config.observe.loglevel.value()))) {
            if (config.observe.syslogEnabled.value()) {
                var systemLog = new SystemServices()
                        .openLog(config.observe.syslogIdent.value(), config.observe.syslogFacility.value());
                log.alsoTo(systemLog::write);
            }
            greet(log, loaded);
            Path pidfile = writePidFile(loaded, isDaemon, log);
            var signals = new Signals(config);
            signals.start();
            Redoubt server;
            try {
                server = Redoubt.start(loaded, log, starting -> {
                    signals.server.complete(starting);
                    signals.areHandled.join();
                });
            } catch (StartException problem) {
                System.err.println(problem.getMessage());
                return 1;
            }
            tellSupervisor(loaded, log, "STATUS=Ready to accept connections\nREADY=1\n");
            openJarForGood();
            server.awaitShutdown();
            tellSupervisor(loaded, log, "STOPPING=1\n");
            if (pidfile != null) {
                log.notice("Removing the pid file.");
                Files.deleteIfExists(pidfile);
            }
            log.warning("Redoubt is now ready to exit, bye bye...");
            return 0;
        }
    }

    /**
     * The AOT cache brings the classes that a start needs, so the jar may be closed still. A class that is needed later
     * must be found when no descriptor is left, or when an upgrade has replaced the file: one that was once looked for in
     * vain is never looked for again.
     */
    private static void openJarForGood() {
        if (Main.class.getResource("Main.class") == null) {
            throw new IllegalStateException("the program's own file cannot be read any more");
        }
    }

    private static void greet(ServerLog log, LoadedConfig loaded) {
        long pid = ProcessFigures.processId();
        log.warning("oO0OoO0OoO0Oo Redoubt is starting oO0OoO0OoO0Oo");
        log.warning("Redoubt version=" + version() + ", compatible with Redis " + Redoubt.REDIS_VERSION
                + ", bits=64, pid=" + pid + ", just started");
        if (loaded.file() == null) {
            log.warning("Warning: no config file specified, using the default config. In order to specify a config"
                    + " file use redoubt-server /path/to/redis.conf");
        } else {
            log.warning("Configuration loaded");
        }
    }

    private static @Nullable Path writePidFile(LoadedConfig loaded, boolean isDaemon, ServerLog log) {
        String name = loaded.config().general.pidfile.value();
        if (name.isEmpty() && !isDaemon) {
            return null;
        }
        var path =
                name.isEmpty() ? Path.of("/var/run/redis.pid") : loaded.config().resolve(name);
        try {
            Files.writeString(path, ProcessFigures.processId() + "\n");
            return path;
        } catch (IOException failure) {
            log.warning("Failed to write PID file: " + failure);
            return null;
        }
    }

    /** Asks the server to end on SIGTERM and SIGINT. Made beside the server, because it takes a tenth of the start. */
    private static final class Signals {
        private final Config config;
        private final CompletableFuture<Redoubt> server = new CompletableFuture<>();
        private final CompletableFuture<@Nullable Void> areHandled = new CompletableFuture<>();

        private Signals(Config config) {
            this.config = config;
        }

        private void start() {
            Thread.ofPlatform().daemon().name("redoubt-signals").start(() -> {
                try {
                    handle("TERM", config.general.shutdownOnSigterm.value());
                    handle("INT", config.general.shutdownOnSigint.value());
                    areHandled.complete(null);
                } catch (ReflectiveOperationException | RuntimeException failure) {
                    areHandled.completeExceptionally(failure);
                }
            });
        }

        /**
         * Acts on a signal through {@code sun.misc.Signal}, which the module jdk.unsupported exports for this. By
         * reflection, because the compiler warns of a direct use in a way that nothing can silence. A shutdown hook would
         * not do: it cannot decide that the server stays because it could not save.
         */
        private void handle(String name, List<String> flags) throws ReflectiveOperationException {
            String reason = "Received SIG" + name + " scheduling shutdown...";
            var signal = Class.forName("sun.misc.Signal");
            var handler = Class.forName("sun.misc.SignalHandler");
            var ours = Proxy.newProxyInstance(Main.class.getClassLoader(), new Class<?>[] {handler}, (_, _, _) -> {
                server.join().requestShutdown(reason, flags);
                return null;
            });
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), ours);
        }
    }

    private static void tellSupervisor(LoadedConfig loaded, ServerLog log, String state) {
        String mode = loaded.config().general.supervised.value();
        if (mode.equals("no") || mode.equals("upstart")) {
            return;
        }
        String socket = System.getenv("NOTIFY_SOCKET");
        if (socket == null || socket.isEmpty()) {
            if (mode.equals("systemd")) {
                log.warning("systemd supervision requested, but NOTIFY_SOCKET not found!");
            }
            return;
        }
        if (!new SystemServices().notifySupervisor(socket, state)) {
            log.warning("systemd supervision: the notification could not be sent");
        }
    }
}
