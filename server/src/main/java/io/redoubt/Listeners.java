package io.redoubt;

import io.redoubt.command.Sessions;
import io.redoubt.config.Config;
import io.redoubt.net.EventLoop;
import io.redoubt.net.Listener;
import io.redoubt.net.NetSettings;
import io.redoubt.net.NetStats;
import io.redoubt.observe.ServerLog;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the server listens on: the addresses of `bind` at `port`, and the unix socket. */
final class Listeners {
    private static final String ANY_IPV4 = "*";
    private static final String ANY_IPV6 = "::*";

    private final Config config;
    private final List<EventLoop> loops;
    private final Sessions sessions;
    private final NetSettings settings;
    private final NetStats stats;
    private final ServerLog log;
    private List<Listener> tcp = List.of();
    private @Nullable Listener unix;
    private volatile int port;

    Listeners(
            Config config,
            List<EventLoop> loops,
            Sessions sessions,
            NetSettings settings,
            NetStats stats,
            ServerLog log) {
        this.config = config;
        this.loops = loops;
        this.sessions = sessions;
        this.settings = settings;
        this.stats = stats;
        this.log = log;
    }

    /** Opens everything that the configuration names. */
    void open() throws StartException {
        int wanted = Math.toIntExact(config.network.port.value());
        // Port 0 means no TCP at all, as in Redis.
        if (wanted != 0) {
            try {
                tcp = openTcp(config.network.bind.value(), wanted);
            } catch (IOException failure) {
                log.warning("Failed listening on port " + wanted + " (TCP), aborting.");
                throw new StartException("Failed listening on port " + wanted + " (TCP), aborting.", failure);
            }
        }
        String path = config.network.unixsocket.value();
        if (!path.isEmpty()) {
            openUnix(config.resolve(path));
        }
    }

    private void openUnix(Path path) throws StartException {
        try {
            unix = Listener.onUnixSocket(
                    path,
                    Math.toIntExact(config.network.unixsocketperm.value()),
                    backlog(),
                    loops,
                    sessions,
                    settings,
                    stats);
        } catch (IOException failure) {
            log.warning("Opening Unix socket: " + path + ": " + failure.getMessage());
            throw new StartException("Failed opening Unix socket: " + path, failure);
        }
    }

    private int backlog() {
        return Math.toIntExact(config.network.tcpBacklog.value());
    }

    private List<Listener> openTcp(List<String> addresses, int wantedPort) throws IOException {
        var opened = new ArrayList<Listener>();
        boolean isAnyOpen = false;
        try {
            for (String entry : anyIpv6First(addresses)) {
                boolean isOptional = entry.startsWith("-");
                String address = isOptional ? entry.substring(1) : entry;
                if (address.equals(ANY_IPV4) && isAnyOpen) {
                    continue; // The socket for any IPv6 address takes IPv4 as well.
                }
                try {
                    opened.add(
                            Listener.onTcp(resolve(address), wantedPort, backlog(), loops, sessions, settings, stats));
                    isAnyOpen |= address.equals(ANY_IPV6);
                } catch (IOException failure) {
                    if (isOptional && !(failure instanceof BindException && isInUse(failure))) {
                        continue;
                    }
                    log.warning("Warning: Could not create server TCP listening socket " + address + ":" + wantedPort
                            + ": bind: " + failure.getMessage());
                    throw failure;
                }
            }
        } catch (IOException failure) {
            opened.forEach(Listener::close);
            throw failure;
        }
        port = opened.isEmpty() ? 0 : opened.getFirst().port();
        return opened;
    }

    /** Trying is the quickest way to learn whether this machine speaks IPv6. */
    private static List<String> anyIpv6First(List<String> addresses) {
        var ordered = new ArrayList<String>(addresses.size());
        for (String entry : addresses) {
            ordered.add(entry.endsWith(ANY_IPV6) ? 0 : ordered.size(), entry);
        }
        return ordered;
    }

    private static boolean isInUse(IOException failure) {
        return String.valueOf(failure.getMessage()).contains("in use");
    }

    private static InetAddress resolve(String address) throws IOException {
        return switch (address) {
            case ANY_IPV4 -> InetAddress.getByName("0.0.0.0");
            case ANY_IPV6 -> InetAddress.getByName("::");
            default -> InetAddress.getByName(address);
        };
    }

    /** Begins to accept. */
    void start() {
        tcp.forEach(Listener::start);
        if (unix != null) {
            unix.start();
        }
    }

    /**
     * Listens on other addresses or another port; goes on as before when that fails.
     *
     * @return why not, or null
     */
    @Nullable
    String reopen(List<String> addresses, int wantedPort) {
        var before = tcp;
        int portBefore = port;
        if (wantedPort == 0) {
            before.forEach(Listener::close);
            tcp = List.of();
            port = 0;
            return null;
        }
        if (wantedPort == portBefore) {
            if (addresses.equals(config.network.bind.value()) && !before.isEmpty()) {
                return null;
            }
            before.forEach(Listener::close); // Two sockets cannot share the port, as one for all addresses would.
        }
        try {
            tcp = openTcp(addresses, wantedPort);
        } catch (IOException _) {
            if (wantedPort != portBefore) {
                return "Unable to listen on this port. Check server logs.";
            }
            openAgain(portBefore);
            return "Failed to bind to specified addresses.";
        }
        tcp.forEach(Listener::start);
        if (wantedPort != portBefore) {
            before.forEach(Listener::close);
        }
        return null;
    }

    private void openAgain(int formerPort) {
        try {
            tcp = openTcp(config.network.bind.value(), formerPort);
            tcp.forEach(Listener::start);
        } catch (IOException failure) {
            tcp = List.of();
            log.warning("The former addresses cannot be listened on again: " + failure.getMessage());
        }
    }

    int port() {
        return port;
    }

    void close() {
        tcp.forEach(Listener::close);
        if (unix != null) {
            unix.close();
        }
    }
}
