package io.redoubt.replication;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** One end of a connection that speaks RESP, as a client, a replica or a master. Text is bytes, one char each. */
final class Wire implements Closeable {
    private static final int TIMEOUT_MILLIS = 20_000;

    private final Socket socket;
    private final InputStream in;

    Wire(Socket socket) throws IOException {
        this.socket = socket;
        socket.setSoTimeout(TIMEOUT_MILLIS);
        socket.setTcpNoDelay(true);
        in = new BufferedInputStream(socket.getInputStream(), 1 << 16);
    }

    static Wire to(int port) throws IOException {
        return new Wire(new Socket(InetAddress.getLoopbackAddress(), port));
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /** A request as an array of bulks. */
    static byte[] request(String... words) {
        var out = new StringBuilder("*" + words.length + "\r\n");
        for (String word : words) {
            out.append('$').append(word.length()).append("\r\n").append(word).append("\r\n");
        }
        return bytes(out.toString());
    }

    void write(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
    }

    void write(String text) throws IOException {
        write(bytes(text));
    }

    /** Sends a request and returns its reply: a line with its mark, or the content of a bulk; arrays as lists. */
    Object send(String... words) {
        try {
            write(request(words));
            return reply();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    Object reply() throws IOException {
        String line = line();
        return switch (line.charAt(0)) {
            case '$' -> {
                int length = Integer.parseInt(line.substring(1));
                if (length < 0) {
                    yield "(nil)";
                }
                String bulk = text(read(length));
                line();
                yield bulk;
            }
            case '*' -> {
                var items = new ArrayList<Object>();
                for (int i = Integer.parseInt(line.substring(1)); i > 0; i--) {
                    items.add(reply());
                }
                yield items;
            }
            default -> line;
        };
    }

    /** Reads one command of a stream as its words; bare newlines before it are skipped. */
    List<String> command() throws IOException {
        String line = line();
        while (line.isEmpty()) {
            line = line();
        }
        var words = new ArrayList<String>();
        for (int i = Integer.parseInt(line.substring(1)); i > 0; i--) {
            words.add((String) reply());
        }
        return words;
    }

    String line() throws IOException {
        var line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new EOFException("closed after: " + line);
            }
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }

    byte[] read(int length) throws IOException {
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException("closed");
        }
        return bytes;
    }

    /** Reads up to a mark, which is left out. */
    byte[] readTo(byte[] mark) throws IOException {
        byte[] all = new byte[1 << 16];
        int length = 0;
        while (true) {
            int c = in.read();
            if (c < 0) {
                throw new EOFException("closed after " + length + " bytes");
            }
            if (length == all.length) {
                all = Arrays.copyOf(all, length * 2);
            }
            all[length++] = (byte) c;
            int start = length - mark.length;
            if (start >= 0 && Arrays.equals(all, start, length, mark, 0, mark.length)) {
                return Arrays.copyOf(all, start);
            }
        }
    }

    int available() throws IOException {
        return in.available();
    }

    /** The value of a field of INFO replication. */
    String info(String field) {
        for (String line : ((String) send("INFO", "replication")).split("\r\n")) {
            if (line.startsWith(field + ":")) {
                return line.substring(field.length() + 1);
            }
        }
        return "";
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
