package io.redoubt.config;

import static io.redoubt.config.Mutability.AT_RUNTIME;
import static io.redoubt.config.Mutability.AT_START;

import java.util.List;

/** What the server listens on and how it treats connections. */
public final class NetworkDirectives extends DirectiveGroup {
    public final Directive<List<String>> bind = special("bind", List.of("*", "-::*"), Forms.BIND)
            .changes(AT_RUNTIME)
            .meaning("Listen addresses (max 16); leading `-` on one = ignore if unavailable; default `* "
                    + "-::*`; single empty string = do not listen on TCP.");

    public final Directive<String> bindSourceAddr =
            text("bind-source-addr", "").changes(AT_RUNTIME).meaning("Source address for outgoing connections.");

    public final Directive<OutputBufferLimits> clientOutputBufferLimit = special(
                    "client-output-buffer-limit",
                    new OutputBufferLimits(
                            new OutputBufferLimits.Limit(0, 0, 0),
                            new OutputBufferLimits.Limit(268435456, 67108864, 60),
                            new OutputBufferLimits.Limit(33554432, 8388608, 60)),
                    Forms.OUTPUT_BUFFERS)
            .changes(AT_RUNTIME)
            .meaning("Per class (normal, replica/slave, pubsub): hard bytes, soft bytes, soft seconds.");

    public final Directive<Long> clientQueryBufferLimit = bytes(
                    "client-query-buffer-limit", 1073741824L, 1048576L, Long.MAX_VALUE)
            .changes(AT_RUNTIME)
            .meaning("Max size of one client's query buffer.");

    public final Directive<Long> ioThreads =
            integer("io-threads", defaultLoops(), 1L, 128L).changes(AT_START).meaning("Number of IO threads.");

    public final Directive<Boolean> ioThreadsDoReads = bool("io-threads-do-reads", false)
            .changes(AT_START)
            .meaning("IO threads also read/parse.")
            .withoutEffect("every event loop reads, parses and writes");

    public final Directive<Long> maxclients = integer("maxclients", 10000L, 1L, 4294967295L)
            .changes(AT_RUNTIME)
            .meaning("Max simultaneous clients (32 fds reserved).");

    public final Directive<Long> maxmemoryClients = bytesOrPercent("maxmemory-clients", 0L)
            .changes(AT_RUNTIME)
            .meaning("Aggregate client memory limit, bytes or N% of maxmemory (stored as negative).");

    public final Directive<Long> port =
            integer("port", 6379L, 0L, 65535L).changes(AT_RUNTIME).meaning("TCP port; 0 = no plain TCP.");

    public final Directive<Boolean> protectedMode = bool("protected-mode", true)
            .changes(AT_RUNTIME)
            .meaning("Refuse non-loopback clients while the default user is on with nopass.");

    public final Directive<Long> protoMaxBulkLen = bytes("proto-max-bulk-len", 536870912L, 1048576L, Long.MAX_VALUE)
            .changes(AT_RUNTIME)
            .meaning("Largest bulk string accepted.");

    public final Directive<Long> socketMarkId = integer("socket-mark-id", 0L, 0L, 4294967295L)
            .changes(AT_START)
            .meaning("SO_MARK / user cookie of sockets.")
            .withoutEffect("Java sockets have no mark");

    public final Directive<Long> tcpBacklog =
            integer("tcp-backlog", 511L, 0L, 2147483647L).changes(AT_START).meaning("Listen backlog.");

    public final Directive<Long> tcpKeepalive =
            integer("tcp-keepalive", 300L, 0L, 2147483647L).changes(AT_RUNTIME).meaning("Keepalive seconds; 0 = off.");

    public final Directive<Long> timeout = integer("timeout", 0L, 0L, 2147483647L)
            .changes(AT_RUNTIME)
            .meaning("Close idle clients after seconds; 0 = never.");

    public final Directive<String> unixsocket =
            text("unixsocket", "").changes(AT_START).meaning("Unix socket path.");

    public final Directive<Long> unixsocketperm =
            octal("unixsocketperm", 0L, 511L).changes(AT_START).meaning("Octal mode of the socket.");

    public NetworkDirectives() {
        super("Network");
    }

    private static long defaultLoops() {
        int cores = Runtime.getRuntime().availableProcessors();
        return cores <= 2 ? 1 : Math.min(cores - 1, 8);
    }
}
