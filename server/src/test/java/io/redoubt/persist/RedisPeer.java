package io.redoubt.persist;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
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

/** A redis-server of its own in a folder, and one connection to it. */
final class RedisPeer implements AutoCloseable {

    private final Process process;
    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;

    private RedisPeer(Process process, Socket socket) throws IOException {
        this.process = process;
        this.socket = socket;
        this.in = new BufferedInputStream(socket.getInputStream());
        this.out = socket.getOutputStream();
    }

    /** The program, if it is installed. */
    static Optional<Path> find(String program) {
        for (String directory : System.getenv("PATH").split(File.pathSeparator)) {
            Path path = Path.of(directory, program);
            if (Files.isExecutable(path)) {
                return Optional.of(path);
            }
        }
        return Optional.empty();
    }

    /** Starts a server that loads {@code dump.rdb} of the folder, if there is one, and waits until it is ready. */
    static RedisPeer start(Path binary, Path directory, String... options) throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, loopback)) {
            port = free.getLocalPort();
        }
        List<String> command = new ArrayList<>(List.of(
                binary.toString(),
                "--port",
                Integer.toString(port),
                "--bind",
                loopback.getHostAddress(),
                "--save",
                "",
                "--dir",
                directory.toString()));
        command.addAll(List.of(options));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            StringBuilder log = new StringBuilder();
            var lines = process.inputReader(StandardCharsets.ISO_8859_1);
            for (String line = "";
                    !line.contains("Ready to accept connections");
                    log.append(line).append('\n')) {
                line = lines.readLine();
                if (line == null) {
                    throw new IOException("redis-server did not start:\n" + log);
                }
            }
            return new RedisPeer(process, new Socket(loopback, port));
        } catch (IOException | RuntimeException e) {
            process.destroyForcibly();
            throw e;
        }
    }

    /** Sends Strings, numbers or byte arrays; answers bytes, a Long, or a String for a status, an error or nil. */
    Object send(Object... arguments) throws IOException {
        ByteArrayOutputStream request = new ByteArrayOutputStream();
        request.writeBytes(Samples.ascii("*" + arguments.length + "\r\n"));
        for (Object argument : arguments) {
            byte[] bytes = argument instanceof byte[] raw ? raw : Samples.ascii(argument.toString());
            request.writeBytes(Samples.ascii("$" + bytes.length + "\r\n"));
            request.writeBytes(bytes);
            request.writeBytes(Samples.ascii("\r\n"));
        }
        out.write(request.toByteArray());
        String line = line();
        return switch (line.charAt(0)) {
            case '+', '-' -> line.substring(1);
            case ':' -> Long.valueOf(line.substring(1));
            default -> bulk(Integer.parseInt(line.substring(1)));
        };
    }

    private Object bulk(int length) throws IOException {
        if (length < 0) {
            return "(nil)";
        }
        byte[] bytes = in.readNBytes(length);
        line();
        return bytes;
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new EOFException("redis-server closed the connection");
            }
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
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
