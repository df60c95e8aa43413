package io.redoubt.replication;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A redis-server of its own in a folder. */
final class RealRedis implements AutoCloseable {
    private final Process process;
    private final int port;
    private final Path log;

    RealRedis(Path binary, Path directory, String... options) throws IOException {
        Files.createDirectories(directory);
        log = directory.resolve("redis.log");
        port = TestServer.freePort();
        var command = new ArrayList<String>(List.of(
                binary.toString(),
                "--port",
                Integer.toString(port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--dir",
                directory.toString(),
                "--repl-diskless-sync-delay",
                "0"));
        command.addAll(List.of(options));
        process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        TestServer.await("redis-server is ready", () -> log().contains("Ready to accept connections"), this::log);
    }

    /** The program, if it is installed. */
    static Optional<Path> find() {
        for (String directory : System.getenv("PATH").split(File.pathSeparator)) {
            Path path = Path.of(directory, "redis-server");
            if (Files.isExecutable(path)) {
                return Optional.of(path);
            }
        }
        return Optional.empty();
    }

    String log() {
        try {
            return Files.readString(log);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    int port() {
        return port;
    }

    Wire client(String... login) throws IOException {
        var wire = Wire.to(port);
        if (login.length > 0) {
            wire.send(login);
        }
        return wire;
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException _) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
