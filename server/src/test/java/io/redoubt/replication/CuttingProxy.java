package io.redoubt.replication;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Stands before a server and forwards connections to it, which can be cut in the middle of anything. */
final class CuttingProxy implements Closeable {
    private final ServerSocket listener;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private volatile int target;

    CuttingProxy() throws IOException {
        listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    }

    int port() {
        return listener.getLocalPort();
    }

    void forwardTo(int port) {
        target = port;
        Thread.ofVirtual().start(this::accept);
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                var from = listener.accept();
                open.add(from);
                var to = new Socket(InetAddress.getLoopbackAddress(), target);
                open.add(to);
                Thread.ofVirtual().start(() -> copy(from, to));
                Thread.ofVirtual().start(() -> copy(to, from));
            } catch (IOException _) {
                cut(); // Closed, or the server is away: whoever has connected sees the end.
            }
        }
    }

    private void copy(Socket from, Socket to) {
        try (from;
                to) {
            from.getInputStream().transferTo(to.getOutputStream());
        } catch (IOException _) {
            // Cut: both are closed now.
            return;
        } finally {
            open.remove(from);
            open.remove(to);
        }
    }

    /** Cuts every connection. */
    void cut() {
        for (var socket : open) {
            try {
                socket.close();
            } catch (IOException _) {
                open.remove(socket);
            }
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        cut();
    }
}
