package io.redoubt.replication;

import io.redoubt.store.Keyspace;
import java.io.BufferedOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
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
    static void send(MigrateSockets sockets, Target target, MigrateCommands.Transfer transfer, long nowMillis) {
        try {
            if (!exchange(sockets, sockets.open(target), target, transfer, nowMillis)) {
                exchange(sockets, sockets.connect(target), target, transfer, nowMillis);
            }
        } catch (IOException _) {
            transfer.fail("IOERR error or timeout connecting to the client");
        }
    }

    /** Returns false when the connection was one that had been kept, and is dead: nothing of the transfer is done. */
    private static boolean exchange(
            MigrateSockets sockets,
            MigrateSockets.Connection connection,
            Target target,
            MigrateCommands.Transfer transfer,
            long nowMillis) {
        boolean isWritten = false;
        try {
            write(connection.socket, target, transfer, nowMillis);
            isWritten = true;
            read(connection.in, target, transfer);
            sockets.keep(connection);
            return true;
        } catch (IOException failure) {
            connection.close();
            if (connection.isKept && !(failure instanceof SocketTimeoutException) && !transfer.hasTaken()) {
                return false;
            }
            transfer.fail("IOERR error or timeout " + (isWritten ? "reading from" : "writing to") + " target instance");
            return true;
        }
    }

    private static void write(Socket socket, Target target, MigrateCommands.Transfer transfer, long nowMillis)
            throws IOException {
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

    private static void read(InputStream in, Target target, MigrateCommands.Transfer transfer) throws IOException {
        String refusal = target.password == null ? null : error(in);
        String selected = error(in);
        String first = refusal != null ? refusal : selected;
        if (first != null) {
            // As Redis: the first of the errors before the keys.
            transfer.fail("ERR Target instance replied with error: " + first);
        }
        for (int i = 0; i < transfer.keyCount(); i++) {
            if (transfer.payload(i) == null) {
                continue;
            }
            String problem = error(in);
            if (problem != null) {
                transfer.fail("ERR Target instance replied with error: " + problem);
            } else if (first == null) {
                // Whoever did not get into the right database has put the key into another one.
                transfer.setTaken(i);
            }
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
