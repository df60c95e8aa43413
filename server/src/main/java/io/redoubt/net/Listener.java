package io.redoubt.net;

import io.redoubt.command.Errors;
import io.redoubt.command.Sessions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.UnsupportedAddressTypeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import jdk.net.ExtendedSocketOptions;
import org.jspecify.annotations.Nullable;

/**
 * A listening socket with a thread that accepts; spreads the connections over all loops. Not on a loop, because a channel
 * that a selector knows goes on listening until that selector's next turn: {@link #close} must free the address at once.
 */
public final class Listener {
    private static final byte[] TOO_MANY = Errors.line("ERR max number of clients reached");
    private static final long RETRY_NANOS = 10_000_000;
    private static final long FAILURE_LOG_NANOS = 1_000_000_000;
    private static final long ACCEPTOR_END_MILLIS = 1000;

    private final ServerSocketChannel channel;
    private final List<EventLoop> loops;
    private final Sessions sessions;
    private final NetSettings settings;
    private final NetStats stats;
    private final String socketPath;
    private int nextLoop;
    /** On the accepting thread. */
    private long lastFailureNanos = System.nanoTime() - FAILURE_LOG_NANOS;

    private volatile @Nullable Thread acceptor;

    private Listener(
            ServerSocketChannel channel,
            List<EventLoop> loops,
            Sessions sessions,
            NetSettings settings,
            NetStats stats,
            String socketPath) {
        this.channel = channel;
        this.loops = loops;
        this.sessions = sessions;
        this.settings = settings;
        this.stats = stats;
        this.socketPath = socketPath;
    }

    /** Listens on an address of this machine; port 0 takes a free one. */
    public static Listener onTcp(
            InetAddress address,
            int port,
            int backlog,
            List<EventLoop> loops,
            Sessions sessions,
            NetSettings settings,
            NetStats stats)
            throws IOException {
        var channel = ServerSocketChannel.open();
        try {
            channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            channel.bind(new InetSocketAddress(address, port), backlog);
        } catch (IOException failure) {
            channel.close();
            throw failure;
        } catch (UnsupportedAddressTypeException _) {
            channel.close();
            throw new IOException("this system has no IPv6");
        }
        return new Listener(channel, loops, sessions, settings, stats, "");
    }

    /** Listens on a unix socket; a file left by an earlier server is replaced. */
    public static Listener onUnixSocket(
            Path path,
            int permissions,
            int backlog,
            List<EventLoop> loops,
            Sessions sessions,
            NetSettings settings,
            NetStats stats)
            throws IOException {
        Files.deleteIfExists(path);
        var channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.bind(UnixDomainSocketAddress.of(path), backlog);
            if (permissions != 0) {
                Files.setPosixFilePermissions(path, permissions(permissions));
            }
        } catch (IOException failure) {
            channel.close();
            throw failure;
        }
        return new Listener(channel, loops, sessions, settings, stats, path.toString());
    }

    private static Set<PosixFilePermission> permissions(int octal) {
        var set = EnumSet.noneOf(PosixFilePermission.class);
        var all = PosixFilePermission.values(); // OWNER_READ first, OTHERS_EXECUTE last, as the bits of the mode.
        for (int i = 0; i < all.length; i++) {
            if ((octal & 1 << all.length - 1 - i) != 0) {
                set.add(all[i]);
            }
        }
        return set;
    }

    /** Starts accepting. */
    public void start() {
        acceptor = Thread.ofPlatform().daemon().name("redoubt-accept").start(this::acceptAll);
    }

    /** The port, once bound; -1 for a unix socket. */
    public int port() {
        return channel.socket().getLocalPort();
    }

    private void acceptAll() {
        while (channel.isOpen()) {
            try {
                var accepted = channel.accept();
                try {
                    welcome(accepted);
                } catch (IOException | RuntimeException failure) {
                    accepted.close();
                    throw failure;
                }
            } catch (ClosedChannelException _) {
                return;
            } catch (IOException failure) {
                // No descriptors left, or a peer that is gone already.
                acceptFailed(failure);
            } catch (RuntimeException bug) {
                loops.getFirst().hooks().bug(bug);
            }
        }
    }

    private void welcome(SocketChannel accepted) throws IOException {
        if (sessions.count() >= settings.maxClients) {
            stats.rejected.incrementAndGet();
            accepted.configureBlocking(false);
            accepted.write(ByteBuffer.wrap(TOO_MANY));
            accepted.close();
            return;
        }
        stats.connections.incrementAndGet();
        if (socketPath.isEmpty()) {
            accepted.setOption(StandardSocketOptions.TCP_NODELAY, true);
            keepAlive(accepted);
        }
        var loop = loops.get(nextLoop); // Only the accepting thread comes here.
        nextLoop = (nextLoop + 1) % loops.size();
        Connection[] made = new Connection[1];
        var connection =
                new Connection(loop, accepted, sessions.nextId(), socketPath, () -> sessions.remove(made[0].session()));
        made[0] = connection;
        sessions.add(connection.session());
        loop.execute(connection::open);
    }

    /** A peer that has vanished is noticed after about twice the time: a probe, and three more within as long again. */
    private void keepAlive(SocketChannel accepted) throws IOException {
        int seconds = settings.keepAliveSeconds;
        accepted.setOption(StandardSocketOptions.SO_KEEPALIVE, seconds > 0);
        if (seconds > 0 && accepted.supportedOptions().contains(ExtendedSocketOptions.TCP_KEEPIDLE)) {
            accepted.setOption(ExtendedSocketOptions.TCP_KEEPIDLE, seconds);
            accepted.setOption(ExtendedSocketOptions.TCP_KEEPINTERVAL, Math.max(1, seconds / 3));
            accepted.setOption(ExtendedSocketOptions.TCP_KEEPCOUNT, 3);
        }
    }

    /** Says so once a second at most: where there are no descriptors left, every try fails. */
    private void acceptFailed(IOException failure) {
        long now = System.nanoTime();
        if (now - lastFailureNanos >= FAILURE_LOG_NANOS) {
            lastFailureNanos = now;
            loops.getFirst().hooks().log(true, "Accepting client connection: " + failure.getMessage());
        }
        LockSupport.parkNanos(RETRY_NANOS);
    }

    /** Stops accepting; connections stay. */
    public void close() {
        try {
            channel.close();
            awaitAcceptor();
            if (!socketPath.isEmpty()) {
                Files.deleteIfExists(Path.of(socketPath));
            }
        } catch (IOException failure) {
            loops.getFirst().hooks().log(true, "Closing a listener: " + failure.getMessage());
        }
    }

    /** The address is free only when the thread has left the system's call. */
    private void awaitAcceptor() {
        var thread = acceptor;
        if (thread != null) {
            try {
                thread.join(ACCEPTOR_END_MILLIS);
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
