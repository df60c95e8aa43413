package io.redoubt;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A blocking client. Replies become plain objects: a string of either kind a {@link String} of bytes (ISO 8859-1), a
 * number a {@link Long}, no value {@code null}, an error a {@link RespError}; RESP3 adds {@link Double},
 * {@link Boolean}, map, set, and {@link Push}. A read that takes ten seconds fails.
 */
final class RespClient implements AutoCloseable {
    private static final int TIMEOUT_MILLIS = 10_000;

    /** What a server sends unasked in RESP3. */
    record Push(List<@Nullable Object> elements) {}

    private final Socket socket;
    private final BufferedInputStream in;

    private RespClient(int port, int receiveBytes) {
        try {
            socket = new Socket();
            if (receiveBytes > 0) {
                socket.setReceiveBufferSize(receiveBytes);
            }
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), TIMEOUT_MILLIS);
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(TIMEOUT_MILLIS);
            in = new BufferedInputStream(socket.getInputStream(), 64 * 1024);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** Connects to a port of this machine. */
    static RespClient connect(int port) {
        return new RespClient(port, 0);
    }

    /** Connects with a small receive buffer, so that replies which nobody reads soon fill it. */
    static RespClient connectWithReceiveBuffer(int port, int receiveBytes) {
        return new RespClient(port, receiveBytes);
    }

    /** Sends one request and reads its reply. */
    @Nullable
    Object send(String... arguments) {
        sendRaw(request(arguments));
        return read();
    }

    /** Returns a request as the protocol writes it. */
    static byte[] request(String... arguments) {
        var out = new ByteArrayOutputStream();
        out.writeBytes(bytes("*" + arguments.length + "\r\n"));
        for (String argument : arguments) {
            byte[] bytes = bytes(argument);
            out.writeBytes(bytes("$" + bytes.length + "\r\n"));
            out.writeBytes(bytes);
            out.write('\r');
            out.write('\n');
        }
        return out.toByteArray();
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    void sendRaw(String text) {
        sendRaw(bytes(text));
    }

    void sendRaw(byte[] bytes) {
        sendRaw(bytes, 0, bytes.length);
    }

    void sendRaw(byte[] bytes, int offset, int length) {
        try {
            socket.getOutputStream().write(bytes, offset, length);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** Says that nothing more will be sent. */
    void endOutput() {
        try {
            socket.shutdownOutput();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** Reads one reply. */
    @Nullable
    Object read() {
        try {
            return read(in);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** Returns every byte that comes until the server closes the connection. */
    String readToEnd() {
        var read = new ByteArrayOutputStream();
        try {
            in.transferTo(read);
        } catch (SocketException _) {
            // The server closed while bytes of ours were on their way: what came before counts.
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        return read.toString(StandardCharsets.ISO_8859_1);
    }

    private static @Nullable Object read(InputStream in) throws IOException {
        String line = line(in);
        String rest = line.substring(1);
        return switch (line.charAt(0)) {
            case '+', '(' -> rest;
            case '-' -> new RespError(rest);
            case ':' -> Long.valueOf(rest);
            case '$' -> bulk(in, Integer.parseInt(rest));
            case '=' -> bulk(in, Integer.parseInt(rest)).substring(4);
            case '*' -> rest.equals("-1") ? null : elements(in, Integer.parseInt(rest));
            case '~' -> new LinkedHashSet<>(elements(in, Integer.parseInt(rest)));
            case '>' -> new Push(elements(in, Integer.parseInt(rest)));
            case '%' -> map(in, Integer.parseInt(rest));
            case '_' -> null;
            case ',' -> Double.valueOf(rest.replace("inf", "Infinity"));
            case '#' -> rest.equals("t");
            default -> throw new IOException("no reply starts so: " + line);
        };
    }

    private static List<@Nullable Object> elements(InputStream in, int count) throws IOException {
        var elements = new ArrayList<@Nullable Object>();
        for (int i = 0; i < count; i++) {
            elements.add(read(in));
        }
        return elements;
    }

    private static LinkedHashMap<@Nullable Object, @Nullable Object> map(InputStream in, int count) throws IOException {
        var map = new LinkedHashMap<@Nullable Object, @Nullable Object>();
        for (int i = 0; i < count; i++) {
            Object key = read(in);
            map.put(key, read(in));
        }
        return map;
    }

    private static String bulk(InputStream in, int length) throws IOException {
        if (length < 0) {
            return null;
        }
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length || !line(in).isEmpty()) {
            throw new EOFException("a string ends early");
        }
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static String line(InputStream in) throws IOException {
        var line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new EOFException("the connection ends within a reply: " + line);
            }
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
