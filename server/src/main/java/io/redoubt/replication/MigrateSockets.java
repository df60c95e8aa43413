package io.redoubt.replication;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * MIGRATE's connections that nobody uses just now: few, and only for a while. One is used again only for the same
 * server and by who gives the same name and password, because the other server may still know who logged in there.
 */
public final class MigrateSockets implements AutoCloseable {
    private static final int COUNT_MAX = 64;
    private static final long IDLE_NANOS_MAX = TimeUnit.SECONDS.toNanos(10);

    /** The one that has been idle longest is first. */
    private final ArrayDeque<Connection> idle = new ArrayDeque<>();

    private @Nullable Thread sweeper;

    /** A connection, and what has been read from it. */
    static final class Connection {
        final Socket socket;
        final InputStream in;
        /** It has been used before, so the other server may have closed it meanwhile. */
        final boolean isKept;

        private final String peer;
        private long idleSinceNanos;

        private Connection(Socket socket, InputStream in, boolean isKept, String peer) {
            this.socket = socket;
            this.in = in;
            this.isKept = isKept;
            this.peer = peer;
        }

        void close() {
            try {
                socket.close();
            } catch (IOException _) {
                // It is gone in any case.
            }
        }
    }

    /** How many are kept. */
    public long count() {
        synchronized (idle) {
            return idle.size();
        }
    }

    /** Takes a connection that is kept, or connects. */
    Connection open(MigrateLink.Target target) throws IOException {
        String peer = peer(target);
        synchronized (idle) {
            // The newest is the least likely to be closed by the other side.
            for (var each = idle.descendingIterator(); each.hasNext(); ) {
                var connection = each.next();
                if (connection.peer.equals(peer)) {
                    each.remove();
                    connection.socket.setSoTimeout(target.timeoutMillis());
                    return new Connection(connection.socket, connection.in, true, peer);
                }
            }
        }
        return connect(target);
    }

    /** Connects anew. */
    Connection connect(MigrateLink.Target target) throws IOException {
        var socket = new Socket();
        try {
            int port = Integer.parseInt(target.port());
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(target.timeoutMillis());
            socket.connect(new InetSocketAddress(target.host(), port), target.timeoutMillis());
            return new Connection(socket, new BufferedInputStream(socket.getInputStream()), false, peer(target));
        } catch (IOException | IllegalArgumentException failure) {
            socket.close();
            throw failure instanceof IOException io ? io : new IOException(failure);
        }
    }

    /** Keeps a connection on which every request has been answered. */
    void keep(Connection connection) throws IOException {
        if (connection.in.available() > 0) {
            connection.close(); // More than was asked for: whatever it is, it is no answer to the next request.
            return;
        }
        synchronized (idle) {
            if (idle.size() == COUNT_MAX) {
                idle.removeFirst().close();
            }
            connection.idleSinceNanos = System.nanoTime();
            idle.addLast(connection);
            if (sweeper == null) {
                sweeper = Thread.ofVirtual().name("redoubt-migrate-idle").start(this::sweep);
            }
        }
    }

    private void sweep() {
        for (long left = IDLE_NANOS_MAX; left > 0; left = closeOld()) {
            LockSupport.parkNanos(left);
        }
    }

    /** Returns how long the oldest may stay; 0 when there is none, and the sweeper ends. */
    private long closeOld() {
        synchronized (idle) {
            for (var oldest = idle.peekFirst(); oldest != null; oldest = idle.peekFirst()) {
                long left = oldest.idleSinceNanos + IDLE_NANOS_MAX - System.nanoTime();
                if (left > 0) {
                    return left;
                }
                idle.removeFirst().close();
            }
            sweeper = null;
            return 0;
        }
    }

    @Override
    public void close() {
        synchronized (idle) {
            idle.forEach(Connection::close);
            idle.clear();
            if (sweeper != null) {
                LockSupport.unpark(sweeper);
            }
        }
    }

    private static String peer(MigrateLink.Target target) {
        return String.join("\n", target.host(), target.port(), text(target.user()), text(target.password()));
    }

    private static String text(byte @Nullable [] bytes) {
        return bytes == null ? "-" : "+" + new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
