package io.redoubt.command;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A redis-server of its own, and one connection to it that shows replies as they are sent. */
public final class RawPeer implements AutoCloseable {
    private final Process process;
    private final Socket socket;
    private final InputStream in;

    private RawPeer(Process process, Socket socket) throws IOException {
        this.process = process;
        this.socket = socket;
        in = new BufferedInputStream(socket.getInputStream());
    }

    /** The program, if it is installed. */
    public static Optional<Path> find() {
        for (String directory : System.getenv("PATH").split(File.pathSeparator)) {
            Path path = Path.of(directory, "redis-server");
            if (Files.isExecutable(path)) {
                return Optional.of(path);
            }
        }
        return Optional.empty();
    }

    /** Starts a server that keeps nothing and waits until it is ready. */
    public static RawPeer start(Path binary, Path directory, String... options) throws IOException {
        var loopback = InetAddress.getLoopbackAddress();
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, loopback)) {
            port = free.getLocalPort();
        }
        List<String> command = new ArrayList<>(List.of(binary.toString(), "--port", Integer.toString(port)));
        command.addAll(List.of("--bind", loopback.getHostAddress(), "--save", "", "--dir", directory.toString()));
        command.addAll(List.of(options));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            var lines = process.inputReader(StandardCharsets.ISO_8859_1);
            for (String line = ""; !line.contains("Ready to accept connections"); ) {
                line = lines.readLine();
                if (line == null) {
                    throw new IOException("redis-server did not start");
                }
            }
            return new RawPeer(process, new Socket(loopback, port));
        } catch (IOException | RuntimeException failure) {
            process.destroyForcibly();
            throw failure;
        }
    }

    public int port() {
        return socket.getPort();
    }

    /** Sends a command; returns the bytes of its reply as text. */
    public String raw(byte[]... arguments) throws IOException {
        socket.getOutputStream().write(KeyServer.request(arguments));
        var reply = new ByteArrayOutputStream();
        read(reply);
        return reply.toString(StandardCharsets.ISO_8859_1);
    }

    private void read(ByteArrayOutputStream reply) throws IOException {
        var text = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new EOFException("redis-server closed the connection");
            }
            text.append((char) c);
        }
        String line = text.append('\n').toString();
        reply.writeBytes(line.getBytes(StandardCharsets.ISO_8859_1));
        String rest = line.substring(1).strip();
        switch (line.charAt(0)) {
            case '$', '=', '!' -> {
                int length = Integer.parseInt(rest);
                if (length >= 0) {
                    reply.writeBytes(in.readNBytes(length + 2));
                }
            }
            case '*', '~', '>' -> readAll(Integer.parseInt(rest), reply);
            case '%', '|' -> readAll(Integer.parseInt(rest) * 2, reply);
            default -> {}
        }
    }

    private void readAll(int count, ByteArrayOutputStream reply) throws IOException {
        for (int i = 0; i < count; i++) {
            read(reply);
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
