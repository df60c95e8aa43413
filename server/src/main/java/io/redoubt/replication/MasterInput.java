package io.redoubt.replication;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;

/** The socket to a master with a buffer, so that lines, a snapshot and the stream can be read one after the other. */
final class MasterInput implements Closeable {
    private static final int READ_BYTES = 1 << 16;
    private static final int LINE_BYTES_MAX = 1 << 16;

    private final Socket socket;
    private final InputStream in;
    private final AtomicLong bytesRead;
    private byte[] buffer = new byte[READ_BYTES];
    private int start;
    private int limit;

    /** @param bytesRead counts what comes */
    MasterInput(Socket socket, AtomicLong bytesRead) throws IOException {
        this.socket = socket;
        this.bytesRead = bytesRead;
        in = socket.getInputStream();
    }

    byte[] buffer() {
        return buffer;
    }

    int start() {
        return start;
    }

    int limit() {
        return limit;
    }

    int available() {
        return limit - start;
    }

    void skipTo(int newStart) {
        start = newStart;
        if (start == limit) {
            start = 0;
            limit = 0;
        }
    }

    /** Reads what there is behind the bytes that wait; blocks for at most the given time. False at the end. */
    boolean fill(long timeoutMillis) throws IOException {
        if (buffer.length - limit < READ_BYTES / 2) {
            int length = limit - start;
            // Half full with one request: it is a long one, and grows with what has arrived.
            byte[] target = length > buffer.length / 2
                    ? new byte[(int) Math.min(Integer.MAX_VALUE - 16L, buffer.length * 2L)]
                    : buffer;
            if (length == target.length) {
                throw new IOException("a command of more than 2 GiB");
            }
            // Bytes before the start are used up, so they give room.
            System.arraycopy(buffer, start, target, 0, length);
            buffer = target;
            start = 0;
            limit = length;
        } else if (start == limit && buffer.length > READ_BYTES) {
            buffer = new byte[READ_BYTES];
            start = 0;
            limit = 0;
        }
        socket.setSoTimeout((int) Math.max(1, Math.min(Integer.MAX_VALUE, timeoutMillis)));
        int count = in.read(buffer, limit, Math.min(READ_BYTES, buffer.length - limit));
        if (count < 0) {
            return false;
        }
        limit += count;
        bytesRead.addAndGet(count);
        return true;
    }

    private void need(long timeoutMillis) throws IOException {
        while (start == limit) {
            if (!fill(timeoutMillis)) {
                throw new EOFException("the master closed the connection");
            }
        }
    }

    /** Reads a line; its end is not part of it. */
    String line(long timeoutMillis) throws IOException {
        var line = new StringBuilder();
        while (true) {
            need(timeoutMillis);
            byte c = buffer[start];
            skipTo(start + 1);
            if (c == '\n') {
                int length = line.length();
                if (length > 0 && line.charAt(length - 1) == '\r') {
                    line.setLength(length - 1);
                }
                return line.toString();
            }
            if (line.length() >= LINE_BYTES_MAX) {
                throw new IOException("the master sends a line without end");
            }
            line.append((char) (c & 0xff));
        }
    }

    /** Reads at least one and at most so many bytes. */
    byte[] some(long countMax, long timeoutMillis) throws IOException {
        need(timeoutMillis);
        int count = (int) Math.min(countMax, available());
        byte[] bytes = Arrays.copyOfRange(buffer, start, start + count);
        skipTo(start + count);
        return bytes;
    }

    /** Sends a command as an array of bulks. */
    void send(String... words) throws IOException {
        var request = new StringBuilder("*" + words.length + "\r\n");
        for (String word : words) {
            // Lengths count bytes, and passwords may have more than one per letter.
            byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
            request.append('$').append(bytes.length).append("\r\n");
            request.append(new String(bytes, StandardCharsets.ISO_8859_1)).append("\r\n");
        }
        write(request.toString().getBytes(StandardCharsets.ISO_8859_1));
    }

    void write(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
