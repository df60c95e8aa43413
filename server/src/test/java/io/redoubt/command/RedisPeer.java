package io.redoubt.command;

import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A redis-server of its own, on a free loopback port, with one connection to it. Keeps nothing on disk. */
final class RedisPeer implements AutoCloseable {
    private final Process process;
    private final Socket socket;
    private final InputStream in;

    private RedisPeer(Process process, Socket socket) throws IOException {
        this.process = process;
        this.socket = socket;
        in = new BufferedInputStream(socket.getInputStream());
    }

    /** Whether there is a redis-server on the path. */
    static boolean isInstalled() {
        return executable() != null;
    }

    private static @Nullable Path executable() {
        for (String folder : System.getenv().getOrDefault("PATH", "").split(":")) {
            var candidate = Path.of(folder, "redis-server");
            if (Files.isExecutable(candidate)) {
                return candidate;
            }
        }
        return null;
    }

    /** Starts a server and connects to it. */
    static RedisPeer start(String... moreOptions) throws IOException {
        var executable = executable();
        if (executable == null) {
            throw new IOException("there is no redis-server");
        }
        int port = freePort();
        var command = new ArrayList<>(
                List.of(executable.toString(), "--port", "" + port, "--bind", "127.0.0.1", "--save", ""));
        command.addAll(List.of(moreOptions));
        var process = new ProcessBuilder(command)
                .directory(Path.of(System.getProperty("java.io.tmpdir")).toFile())
                .redirectErrorStream(true)
                .start();
        try {
            awaitReady(process);
            return new RedisPeer(process, new Socket(InetAddress.getLoopbackAddress(), port));
        } catch (IOException | RuntimeException failure) {
            process.destroyForcibly();
            throw failure;
        }
    }

    private static int freePort() throws IOException {
        while (true) {
            try (var probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                if (probe.getLocalPort() >= 20_000) {
                    return probe.getLocalPort();
                }
            }
        }
    }

    private static void awaitReady(Process process) throws IOException {
        var log = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        for (String line = log.readLine(); line != null; line = log.readLine()) {
            if (line.contains("Ready to accept connections")) {
                return;
            }
        }
        throw new EOFException("redis-server ended before it was ready");
    }

    /** Sends a request; returns the bytes of its reply, each as one char. */
    String send(String... arguments) throws IOException {
        byte[][] bytes = new byte[arguments.length][];
        for (int i = 0; i < arguments.length; i++) {
            bytes[i] = CommandFixture.bytes(arguments[i]);
        }
        socket.getOutputStream().write(CommandFixture.request(bytes));
        var reply = new ByteArrayOutputStream();
        copyReply(reply);
        return CommandFixture.text(reply.toByteArray());
    }

    /** Sends requests in one go; returns their replies. */
    List<String> sendAll(List<String[]> requests) throws IOException {
        var sent = new ByteArrayOutputStream();
        for (String[] request : requests) {
            sent.writeBytes(CommandFixture.request(
                    Arrays.stream(request).map(CommandFixture::bytes).toArray(byte[][]::new)));
        }
        // The replies of a batch fit into the socket's buffers or not: reading begins at once, and writing goes on.
        var writer = Thread.startVirtualThread(() -> {
            try {
                socket.getOutputStream().write(sent.toByteArray());
            } catch (IOException _) {
                // Reading then fails as well, and says so.
            }
        });
        var replies = new ArrayList<String>();
        for (int i = 0; i < requests.size(); i++) {
            var reply = new ByteArrayOutputStream();
            copyReply(reply);
            replies.add(CommandFixture.text(reply.toByteArray()));
        }
        try {
            writer.join();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        return replies;
    }

    private void copyReply(ByteArrayOutputStream out) throws IOException {
        String line = copyLine(out);
        char type = line.charAt(0);
        switch (type) {
            case '$', '=' -> {
                int length = Integer.parseInt(line.substring(1));
                if (length >= 0) {
                    out.write(in.readNBytes(length + 2));
                }
            }
            case '*', '~', '>', '%' -> {
                int count = Integer.parseInt(line.substring(1));
                for (int i = type == '%' ? 2 * count : count; i > 0; i--) {
                    copyReply(out);
                }
            }
            default -> {} // The line is all.
        }
    }

    private String copyLine(ByteArrayOutputStream out) throws IOException {
        var line = new StringBuilder();
        for (int last = 0; last != '\n'; ) {
            last = in.read();
            if (last < 0) {
                throw new EOFException("redis-server has closed the connection");
            }
            out.write(last);
            line.append((char) last);
        }
        return line.substring(0, line.length() - 2);
    }

    @Override
    public void close() throws IOException {
        socket.close();
        process.destroy();
        try {
            process.waitFor();
        } catch (InterruptedException interrupted) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
