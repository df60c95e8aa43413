package io.redoubt;

import io.redoubt.command.CommandFamily;
import io.redoubt.command.CommandTable;
import io.redoubt.command.Dispatcher;
import io.redoubt.command.Gate;
import io.redoubt.command.ServerState;
import io.redoubt.command.Session;
import io.redoubt.command.Sessions;
import io.redoubt.command.CommandObserver;
import io.redoubt.command.StringCommands;
import io.redoubt.config.Config;
import io.redoubt.config.LoadedConfig;
import io.redoubt.log.EffectStream;
import io.redoubt.net.EventLoop;
import io.redoubt.net.Listener;
import io.redoubt.net.NetHooks;
import io.redoubt.net.NetSettings;
import io.redoubt.net.NetStats;
import io.redoubt.observe.ServerLog;
import io.redoubt.store.Keyspace;
import java.io.IOException;
import java.net.InetAddress;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A running server. Builds every object by constructor; two of them can run in one JVM. */
public final class Redoubt implements AutoCloseable {
    private final Config config;
    private final ServerLog log;
    private final ServerState state = new ServerState();
    private final Sessions sessions = new Sessions();
    private final NetSettings netSettings = new NetSettings();
    private final NetStats netStats = new NetStats();
    private final EffectStream stream = new EffectStream();
    private final Keyspace keyspace;
    private final List<EventLoop> loops = new ArrayList<>();
    private final List<Listener> listeners = new ArrayList<>();

    public Redoubt(LoadedConfig loaded, ServerLog log, Gate gate) throws IOException {
        config = loaded.config();
        this.log = log;
        int loopCount = Math.toIntExact(config.network.ioThreads.value());
        var random = new SecureRandom();
        int chunkBytes = Integer.getInteger("redoubt.arena.chunk", (1 << 20) - 16);
        int shards = loopCount == 1 ? 1 : Integer.highestOneBit(16 * loopCount * 2 - 1);
        keyspace = new Keyspace(
                new Keyspace.Layout(
                        loopCount, shards, Math.toIntExact(config.general.databases.value()), chunkBytes),
                random.nextLong(),
                random.nextLong(),
                stream);
        List<CommandFamily> families = new ArrayList<>();
        families.add(new StringCommands(config.network.protoMaxBulkLen.value()::longValue));
        var table = new CommandTable(families, Map.of(), loopCount + 1);
        var shared = new Dispatcher.Shared(table, gate, state, keyspace, CommandObserver.NONE);
        var hooks = new Hooks(gate);
        for (int i = 0; i < loopCount; i++) {
            loops.add(new EventLoop(i, loopCount, new Dispatcher(shared, i), netSettings, hooks));
        }
        for (var loop : loops) {
            loop.start();
        }
        for (String address : List.of("127.0.0.1")) {
            listeners.add(Listener.onTcp(
                    InetAddress.getByName(address),
                    Math.toIntExact(config.network.port.value()),
                    Math.toIntExact(config.network.tcpBacklog.value()),
                    loops,
                    sessions,
                    netSettings,
                    netStats));
        }
        for (var listener : listeners) {
            listener.start();
        }
        log.notice("Ready to accept connections");
    }

    private final class Hooks implements NetHooks {
        private final Gate gate;

        Hooks(Gate gate) {
            this.gate = gate;
        }

        @Override
        public byte @Nullable [] connected(Session session) {
            session.setUser(gate.initialUser(session));
            session.setAclGeneration(gate.generation());
            return null;
        }

        @Override
        public void disconnected(Session session) {}

        @Override
        public void beforeReplies() {}

        @Override
        public void tick(long nowMillis) {}

        @Override
        public boolean isPaused() {
            return false;
        }

        @Override
        public long streamOffset() {
            return stream.offset();
        }

        @Override
        public void bug(Throwable thrown) {
            log.warning("bug " + thrown);
            thrown.printStackTrace();
        }

        @Override
        public void log(boolean isWarning, String text) {
            log.notice(text);
        }
    }

    @Override
    public void close() {
        for (var listener : listeners) {
            listener.close();
        }
        for (var loop : loops) {
            loop.stop();
        }
    }
}
