package io.redoubt.replication;

import io.redoubt.store.Keyspace;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** MIGRATE's connection to the other server. On a virtual thread, which may wait. */
final class MigrateLink {
    private static final int LINE_BYTES_MAX = 1 << 16;

    /**
     * Where the keys go.
     *
     * @param database its number, as the client wrote it
     * @param timeoutMillis most time without any progress, at least 1
     */
    record Target(
            String host,
            String port,
            String database,
            byte @Nullable [] user,
            byte @Nullable [] password,
            int timeoutMillis) {}

    private MigrateLink() {}

    /** Sends what a transfer holds and notes in it what was taken, and what went wrong. */
    static void send(Target target, MigrateCommands.Transfer transfer, long nowMillis) {
        try (var socket = new Socket()) {
            try {
                int port = Integer.parseInt(target.port);
                socket.setTcpNoDelay(true);
                socket.setSoTimeout(target.timeoutMillis);
                socket.connect(new InetSocketAddress(target.host, port), target.timeoutMillis);
            } catch (IOException | IllegalArgumentException _) {
                transfer.fail("IOERR error or timeout connecting to the client");
                return;
            }
            if (write(socket, target, transfer, nowMillis)) {
                read(socket, target, transfer);
            } else {
                transfer.fail("IOERR error or timeout writing to target instance");
            }
        } catch (IOException _) {
            // Closing failed: what was answered was answered.
        }
    }

    private static boolean write(Socket socket, Target target, MigrateCommands.Transfer transfer, long nowMillis) {
        var writer = Thread.currentThread();
        // Nothing else ends a write to somebody who does not read.
        var guard = Thread.ofVirtual().start(() -> {
            long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(target.timeoutMillis);
            while (!Thread.interrupted() && writer.isAlive()) {
                long left = deadline - System.nanoTime();
                if (left <= 0) {
                    closeQuietly(socket);
                    return;
                }
                LockSupport.parkNanos(left);
            }
        });
        try {
            var out = new BufferedOutputStream(socket.getOutputStream(), 1 << 16);
            byte[] user = target.user;
            byte[] password = target.password;
            if (user != null && password != null) {
                request(out, bytes("AUTH"), user, password);
            } else if (password != null) {
                request(out, bytes("AUTH"), password);
            }
            request(out, bytes("SELECT"), bytes(target.database));
            for (int i = 0; i < transfer.keyCount(); i++) {
                byte[] payload = transfer.payload(i);
                if (payload == null) {
                    continue;
                }
                long expiry = transfer.expiryMillis(i);
                long ttl = expiry == Keyspace.NO_EXPIRY ? 0 : Math.max(1, expiry - nowMillis);
                byte[] time = bytes(Long.toString(ttl));
                if (transfer.replaces(i)) {
                    request(out, bytes("RESTORE"), transfer.key(i), time, payload, bytes("REPLACE"));
                } else {
                    request(out, bytes("RESTORE"), transfer.key(i), time, payload);
                }
            }
            out.flush();
            return true;
        } catch (IOException _) {
            return false;
        } finally {
            guard.interrupt();
        }
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException _) {
            // It is gone in any case.
        }
    }

    private static void read(Socket socket, Target target, MigrateCommands.Transfer transfer) {
        try {
            var in = new BufferedInputStream(socket.getInputStream());
            String refusal = target.password == null ? null : error(in);
            String selected = error(in);
            if (refusal != null || selected != null) {
                // As Redis: the first of the errors before the keys; none of the keys counts as taken.
                transfer.fail("ERR Target instance replied with error: " + (refusal != null ? refusal : selected));
                return;
            }
            for (int i = 0; i < transfer.keyCount(); i++) {
                if (transfer.payload(i) == null) {
                    continue;
                }
                String problem = error(in);
                if (problem == null) {
                    transfer.setTaken(i);
                } else {
                    transfer.fail("ERR Target instance replied with error: " + problem);
                }
            }
        } catch (IOException _) {
            transfer.fail("IOERR error or timeout reading from target instance");
        }
    }

    /** Reads a reply of one line; returns the error that it is, or null. */
    private static @Nullable String error(InputStream in) throws IOException {
        var line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0 || line.length() > LINE_BYTES_MAX) {
                throw new EOFException("the other server has closed the connection");
            }
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.length() > 0 && line.charAt(0) == '-' ? line.substring(1) : null;
    }

    private static void request(OutputStream out, byte[]... arguments) throws IOException {
        out.write(bytes("*" + arguments.length + "\r\n"));
        for (byte[] argument : arguments) {
            out.write(bytes("$" + argument.length + "\r\n"));
            out.write(argument);
            out.write('\r');
            out.write('\n');
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
