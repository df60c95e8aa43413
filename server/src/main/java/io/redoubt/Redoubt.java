package io.redoubt;

import io.redoubt.access.AccessSettings;
import io.redoubt.access.AclCommands;
import io.redoubt.access.AclException;
import io.redoubt.access.AclGate;
import io.redoubt.access.AclLog;
import io.redoubt.access.StrictRule;
import io.redoubt.access.Users;
import io.redoubt.command.BitCommands;
import io.redoubt.command.ClientCommands;
import io.redoubt.command.ClientLine;
import io.redoubt.command.ClusterCommands;
import io.redoubt.command.CommandFamily;
import io.redoubt.command.CommandTable;
import io.redoubt.command.ConnectionCommands;
import io.redoubt.command.CounterCommands;
import io.redoubt.command.Dispatcher;
import io.redoubt.command.ExpireCommands;
import io.redoubt.command.GeoCommands;
import io.redoubt.command.HashCommands;
import io.redoubt.command.HashFieldCommands;
import io.redoubt.command.HyperLogLogCommands;
import io.redoubt.command.KeyCommands;
import io.redoubt.command.ListCommands;
import io.redoubt.command.ServerCommands;
import io.redoubt.command.ServerState;
import io.redoubt.command.Session;
import io.redoubt.command.Sessions;
import io.redoubt.command.SetCommands;
import io.redoubt.command.SortCommands;
import io.redoubt.command.StreamCommands;
import io.redoubt.command.StreamGroupCommands;
import io.redoubt.command.StreamInfoCommands;
import io.redoubt.command.StringCommands;
import io.redoubt.command.TransactionCommands;
import io.redoubt.command.Waiters;
import io.redoubt.command.ZSetCommands;
import io.redoubt.config.Config;
import io.redoubt.config.ConfigCommands;
import io.redoubt.config.Directive;
import io.redoubt.config.LoadedConfig;
import io.redoubt.config.MasterAddress;
import io.redoubt.config.OutputBufferLimits;
import io.redoubt.config.RefusedValueException;
import io.redoubt.log.EffectStream;
import io.redoubt.memory.HeapBudget;
import io.redoubt.net.ClientMemory;
import io.redoubt.net.EventLoop;
import io.redoubt.net.NetHooks;
import io.redoubt.net.NetSettings;
import io.redoubt.net.NetStats;
import io.redoubt.observe.DebugCommands;
import io.redoubt.observe.DebugHooks;
import io.redoubt.observe.ErrorStats;
import io.redoubt.observe.InfoCommands;
import io.redoubt.observe.InfoSections;
import io.redoubt.observe.LatencyCommands;
import io.redoubt.observe.MemoryAccount;
import io.redoubt.observe.MemoryCommands;
import io.redoubt.observe.Monitors;
import io.redoubt.observe.ProcessFigures;
import io.redoubt.observe.Rates;
import io.redoubt.observe.Redaction;
import io.redoubt.observe.ServerLog;
import io.redoubt.observe.SlowLog;
import io.redoubt.observe.SlowLogCommands;
import io.redoubt.persist.AofCommands;
import io.redoubt.persist.AofDisk;
import io.redoubt.persist.AofSettings;
import io.redoubt.persist.AppendOnlyFile;
import io.redoubt.persist.DumpCommands;
import io.redoubt.persist.Persistence;
import io.redoubt.persist.RdbException;
import io.redoubt.persist.SaveCommands;
import io.redoubt.persist.Snapshots;
import io.redoubt.pubsub.KeyspaceNotifications;
import io.redoubt.pubsub.PubSub;
import io.redoubt.pubsub.PubSubCommands;
import io.redoubt.replication.MigrateCommands;
import io.redoubt.replication.MigrateSockets;
import io.redoubt.replication.Replication;
import io.redoubt.replication.ReplicationCommands;
import io.redoubt.replication.ReplicationSettings;
import io.redoubt.store.KeptAccess;
import io.redoubt.store.Keyspace;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A running server. {@link #start} builds every object by constructor, in one place; two servers can run in one JVM.
 */
public final class Redoubt implements AutoCloseable {
    /** The version of Redis whose behaviour this is. */
    public static final String REDIS_VERSION = "7.0.15";

    /** Descriptors that are not for clients: files, listeners, selectors; as many as Redis keeps. */
    private static final long RESERVED_FILES = 32;

    private final Config config;
    private final @Nullable Path configFile;
    private final ServerLog log;
    private final ServerState state = new ServerState();
    private final Sessions sessions = new Sessions();
    private final NetSettings netSettings = new NetSettings();
    private final NetStats netStats = new NetStats();
    private final ErrorStats errorStats = new ErrorStats();
    private final EffectStream stream = new EffectStream();
    private final int chunkBytes = Integer.getInteger("redoubt.arena.chunk", (1 << 20) - 16);
    private final HeapBudget heap = new HeapBudget(Integer.highestOneBit(chunkBytes) << 1);
    private final ClientMemory clientMemory =
            new ClientMemory(sessions, heap, Runtime.getRuntime().maxMemory());
    private final List<EventLoop> loops = new ArrayList<>();
    private final List<String> securityWarnings = new ArrayList<>();
    private final Keyspace keyspace;
    private final MemoryAccount memory;
    private final Rates rates;
    private final ReplicationSettings replicationSettings = new ReplicationSettings();
    private final Replication replication;
    private final MigrateSockets migrateSockets = new MigrateSockets();
    private final PubSub pubSub;
    private final KeyspaceNotifications notifications;
    private final Monitors monitors;
    private final SlowLog slowLog;
    private final Snapshots snapshots;
    private final Persistence persistence;
    private final AppendOnlyFile aof;
    private final Shutdown shutdown;
    private final Users users;
    private final AclLog aclLog;
    private final AclGate gate;
    private final ConfigCommands configCommands;
    private final CommandTable table;
    private final Waiters waiters;
    private volatile boolean isCronPaused;
    private final Listeners listeners;

    private Redoubt(LoadedConfig loaded, ServerLog log, List<CommandFamily> more) throws IOException, StartException {
        config = loaded.config();
        configFile = loaded.file();
        this.log = log;
        keyspace = newKeyspace();
        keyspace.expiry().pauseWhile(state::stopsExpiry);
        memory = new MemoryAccount(keyspace, sessions, clientMemory::bufferBytes);
        snapshots = new Snapshots(keyspace, REDIS_VERSION);
        replication = new Replication(
                keyspace,
                state,
                snapshots,
                replicationSettings,
                new SystemRandom(),
                (isWarning, text) -> log.write(isWarning ? ServerLog.Level.WARNING : ServerLog.Level.NOTICE, text));
        rates = new Rates(loops, replication.bytesFromMaster()::get, netStats::replicaBytesOut);
        persistence = newPersistence(snapshots);
        aof = newAppendOnlyFile(snapshots);
        var redaction = new Redaction(this::isSecret);
        monitors = new Monitors(redaction, InstantSource.system());
        slowLog = new SlowLog(redaction, monitors, config.observe.slowlogMaxLen::value);
        shutdown = new Shutdown(config, state, persistence, replication, aof, log);
        boolean isStrict = config.security.securityProfile.value().equals("strict");
        users = new Users(new AccessSettings(isStrict, exceptedRules()), sessions::all);
        aclLog = new AclLog(isStrict);
        var clientLine = new ClientLine(isStrict);
        gate = new AclGate(
                users,
                aclLog,
                session -> clientLine.of(session, System.currentTimeMillis()),
                System::currentTimeMillis);
        var random = new SystemRandom();
        pubSub = new PubSub(random.nextLong(), random.nextLong());
        notifications = new KeyspaceNotifications(pubSub, gate);
        keyspace.setEvents(notifications);
        configCommands = new ConfigCommands(
                config,
                configFile,
                () -> users.file() == null ? users.lines() : null,
                this::resetStats,
                () -> state.is(ServerState.LOADING | ServerState.ASYNC_LOADING));

        var connection = new ConnectionCommands(gate, Math.toIntExact(config.general.databases.value()));
        var client = new ClientCommands(sessions, state, clientLine, name -> users.find(name) != null);
        var server = new ServerCommands(InstantSource.system(), REDIS_VERSION);
        var identity = newIdentity();
        var families = new ArrayList<CommandFamily>(more);
        families.addAll(List.of(
                connection,
                client,
                server,
                new AclCommands(gate, aclSurroundings(clientLine)),
                configCommands,
                new SetCommands(),
                new ZSetCommands(),
                new ListCommands(),
                new GeoCommands(),
                new StreamCommands(),
                new StreamGroupCommands(),
                new StreamInfoCommands(),
                new SortCommands(),
                new CounterCommands(),
                new HashCommands(),
                new HashFieldCommands(),
                new StringCommands(config.network.protoMaxBulkLen::value),
                new BitCommands(config.network.protoMaxBulkLen::value),
                new HyperLogLogCommands(config.encoding.hllSparseMaxBytes::value),
                new KeyCommands(
                        gate,
                        Math.toIntExact(config.general.databases.value()),
                        () -> keyspace.keptAccess() == KeptAccess.FREQUENCY,
                        persistence::abandonSaving),
                new ExpireCommands(),
                new TransactionCommands(),
                new ClusterCommands(),
                new DumpCommands(
                        config.persistence.rdbcompression::value,
                        () -> keyspace.keptAccess() == KeptAccess.FREQUENCY,
                        persistence::verifiesPayloads,
                        log::verbose),
                new MigrateCommands(config.persistence.rdbcompression::value, migrateSockets),
                new SaveCommands(persistence),
                new AofCommands(aof.rewriter()),
                new PubSubCommands(pubSub, loopCount()),
                new ReplicationCommands(replication),
                new ShutdownCommands(shutdown),
                new InfoCommands(infoSections(identity)),
                new SlowLogCommands(slowLog, monitors),
                new LatencyCommands(this::table),
                new MemoryCommands(memory),
                new DebugCommands(
                        config.security.enableDebugCommand::value,
                        persistence,
                        config.persistence.rdbcompression::value,
                        new Debug())));
        table = new CommandTable(families, renames(loaded), loopCount() + 1);
        server.useTable(table);
        checkRenames(loaded);
        users.useCommands(table);
        startUsers(loaded);

        waiters = new Waiters(keyspace);
        var shared = new Dispatcher.Shared(table, gate, state, keyspace, slowLog, waiters);
        var hooks = new Hooks();
        for (int i = 0; i < loopCount(); i++) {
            loops.add(new EventLoop(
                    i, loopCount(), new Dispatcher(shared, i), netSettings, hooks, netStats, clientMemory));
        }
        for (var loop : loops) {
            loop.countErrors(errorStats);
        }
        pubSub.connect(loops);
        var lastDispatcher = new Dispatcher(shared, loopCount());
        aof.connect(lastDispatcher, table);
        replication.connect(lastDispatcher, table, sessions, aof, persistence.progress());
        replication.onRoleChange(this::roleChanged);
        replication.onReplacement(new AofReplacement());
        replication.onFatal(this::die);
        listeners = new Listeners(config, loops, sessions, netSettings, netStats, log);
        followSettings();
    }

    /**
     * Starts a server: listens, loads the data set, then accepts connections.
     *
     * @param log stays the caller's to close
     * @throws StartException when it cannot start; the log says why
     */
    public static Redoubt start(LoadedConfig loaded, ServerLog log) throws StartException {
        return start(loaded, log, List.of(), _ -> {});
    }

    /**
     * Starts a server whose loading can be watched, and ended by {@link #requestShutdown}.
     *
     * @param whileLoading called as soon as clients are answered, before the data set is loaded
     */
    static Redoubt start(LoadedConfig loaded, ServerLog log, Consumer<Redoubt> whileLoading) throws StartException {
        return start(loaded, log, List.of(), whileLoading);
    }

    /** @param more families that only tests have */
    static Redoubt start(LoadedConfig loaded, ServerLog log, List<CommandFamily> more, Consumer<Redoubt> whileLoading)
            throws StartException {
        Redoubt server;
        try {
            server = new Redoubt(loaded, log, more);
        } catch (IOException failure) {
            throw new StartException("Cannot start: " + failure, failure);
        }
        server.run(whileLoading);
        return server;
    }

    /**
     * Says what would keep a server from starting with this configuration, without opening sockets or files of data.
     *
     * @return warnings about users
     */
    static List<String> check(LoadedConfig loaded, ServerLog log) throws StartException {
        Redoubt server;
        try {
            server = new Redoubt(loaded, log, List.of());
        } catch (IOException failure) {
            throw new StartException("Cannot start: " + failure, failure);
        }
        String unkept = server.unkeptPromise();
        if (unkept != null) {
            throw new StartException(unkept);
        }
        return List.copyOf(server.securityWarnings);
    }

    /** Better no server than one that promises what it does not do: says what the configuration asks for in vain. */
    private @Nullable String unkeptPromise() {
        if (config.tls.tlsPort.value() != 0) {
            return "tls-port: this version does not speak TLS yet";
        }
        return config.cluster.clusterEnabled.value() ? "cluster-enabled yes: this version has no cluster yet" : null;
    }

    private void run(Consumer<Redoubt> whileLoading) throws StartException {
        listeners.open();
        // Behind the opening: who waits for this line may connect at once.
        log.notice("Running in standalone mode, profile " + config.security.securityProfile.value() + ". Port: "
                + config.network.port.value() + " PID: "
                + ProcessFigures.processId());
        log.notice("Server initialized");
        String unkept = unkeptPromise();
        if (unkept != null) {
            // Behind the line with the PID: whoever has started us may be waiting for it.
            log.warning(unkept);
            close();
            throw new StartException(unkept);
        }
        if (!prepareAof()) {
            persistence.announceLoading();
        }
        for (var loop : loops) {
            loop.start();
        }
        listeners.start();
        whileLoading.accept(this);
        if (persistence.isLoading() && !load()) {
            return; // Told to end meanwhile.
        }
        replicationSettings.ownPort = port();
        var master = config.replication.replicaof.value();
        if (master.isPresent()) {
            replication.replicaOf(master.host(), master.port());
        }
        log.notice("Ready to accept connections");
    }

    /** Whether there is nothing to load, because the append-only file begins now. */
    private boolean prepareAof() throws StartException {
        try {
            return aof.prepare(config.persistence.appendonly.value());
        } catch (IOException failure) {
            throw unloadable(String.valueOf(failure.getMessage()), failure);
        }
    }

    private boolean load() throws StartException {
        boolean hasMaster = config.replication.replicaof.value().isPresent();
        boolean hasAof = config.persistence.appendonly.value();
        try {
            return hasAof
                    ? aof.start()
                    : persistence.load(
                            hasMaster, (id, offset, database) -> replication.resume(id, offset, database, hasMaster));
        } catch (IOException failure) {
            String reason = String.valueOf(failure.getMessage());
            if (failure instanceof RdbException) {
                log.warning("Internal error in RDB reading: " + reason);
                log.warning("Terminating server after rdb file reading failure.");
            }
            throw unloadable(hasAof ? reason : "Fatal error loading the DB: " + reason + ". Exiting.", failure);
        }
    }

    /** What it logs is the last line, as it is in Redis. */
    private StartException unloadable(String reason, IOException failure) {
        log.warning(reason);
        close();
        return new StartException(reason, failure);
    }

    // ---- Building ----

    private int loopCount() {
        return Math.toIntExact(config.network.ioThreads.value());
    }

    private Keyspace newKeyspace() {
        var random = new SystemRandom();
        // One arena holds 32 GiB; with one loop there is nobody to share with.
        boolean isOneEnough = loopCount() == 1 && Runtime.getRuntime().maxMemory() <= 30L << 30;
        int shards = isOneEnough ? 1 : Integer.highestOneBit(32 * loopCount() - 1);
        return new Keyspace(
                new Keyspace.Layout(loopCount(), shards, Math.toIntExact(config.general.databases.value()), chunkBytes),
                random.nextLong(),
                random.nextLong(),
                stream,
                heap);
    }

    private AppendOnlyFile newAppendOnlyFile(Snapshots snapshots) {
        var directives = config.persistence;
        var settings = new AofSettings(
                () -> Path.of(directives.dir.value()),
                directives.appenddirname::value,
                directives.appendfilename::value,
                directives.aofUseRdbPreamble::value,
                directives.rdbcompression::value,
                directives.rdbchecksum::value,
                directives.aofLoadTruncated::value,
                directives.aofDisableAutoGc::value,
                directives.noAppendfsyncOnRewrite::value,
                directives.autoAofRewritePercentage::value,
                directives.autoAofRewriteMinSize::value,
                directives.rdbKeySaveDelay::value);
        return new AppendOnlyFile(
                keyspace,
                snapshots,
                persistence,
                settings,
                AofDisk.REAL,
                state,
                new AofSurroundings(),
                persistenceLog());
    }

    private Persistence.Log persistenceLog() {
        return new Persistence.Log() {
            @Override
            public void notice(String message) {
                log.notice(message);
            }

            @Override
            public void warning(String message) {
                log.warning(message);
            }
        };
    }

    private Persistence newPersistence(Snapshots snapshots) {
        var settings = new Persistence.Settings(
                () -> config.resolve(config.persistence.dbfilename.value()),
                config.persistence.rdbcompression::value,
                config.persistence.rdbchecksum::value,
                config.persistence.stopWritesOnBgsaveError::value,
                config.persistence.keyLoadDelay::value,
                config.persistence.rdbKeySaveDelay::value,
                () -> config.persistence.save.value().stream()
                        .map(point -> new Persistence.SavePoint(point.seconds(), point.changes()))
                        .toList());
        return new Persistence(keyspace, snapshots, settings, state, replication::facts, persistenceLog());
    }

    private boolean isSecret(String directive) {
        var found = config.find(directive);
        return found != null && found.isSecret();
    }

    private Set<StrictRule> exceptedRules() {
        var rules = EnumSet.noneOf(StrictRule.class);
        for (String word : config.security.strictExcept.value()) {
            var rule = StrictRule.of(word);
            if (rule != null) {
                rules.add(rule);
            }
        }
        return rules;
    }

    private AclCommands.Surroundings aclSurroundings(ClientLine clientLine) {
        return new AclCommands.Surroundings(
                REDIS_VERSION,
                () -> replication.isReplica() ? "replica" : "master",
                session -> clientLine.of(session, System.currentTimeMillis()),
                (task, delayMillis) -> Thread.ofVirtual()
                        .name("redoubt-late-answer")
                        .start(() -> {
                            LockSupport.parkNanos(delayMillis * 1_000_000);
                            task.run();
                        }),
                this::securityWarning);
    }

    private void securityWarning(String text) {
        log.warning(text);
        synchronized (securityWarnings) {
            securityWarnings.add(text);
        }
    }

    private static Map<String, String> renames(LoadedConfig loaded) {
        var renames = new HashMap<String, String>();
        for (var rename : loaded.renames()) {
            renames.put(rename.command().toLowerCase(java.util.Locale.ROOT), rename.newName());
        }
        return renames;
    }

    /** A line that removes or hides a command, and is mistyped, would leave it open. */
    private void checkRenames(LoadedConfig loaded) throws StartException {
        for (var rename : loaded.renames()) {
            // Subcommands cannot be renamed, here or in Redis.
            if (rename.command().indexOf('|') >= 0 || table.byFullName(rename.command()) == null) {
                String problem = "rename-command " + rename.command() + ": No such command in rename-command";
                log.warning(problem);
                throw new StartException(problem);
            }
        }
    }

    private void startUsers(LoadedConfig loaded) throws StartException {
        users.setProtected(config.network.protectedMode.value());
        users.setAllChannelsByDefault(config.security.aclPubsubDefault.value().equals("allchannels"));
        aclLog.setLengthMax(toInt(config.security.acllogMaxLen.value()));
        var lines = new ArrayList<List<String>>();
        for (var user : loaded.users()) {
            var words = new ArrayList<String>();
            words.add(user.name());
            words.addAll(user.rules());
            lines.add(words);
        }
        String file = config.security.aclfile.value();
        try {
            for (String warning : users.start(
                    config.security.requirepass.value(), lines, file.isEmpty() ? null : config.resolve(file))) {
                securityWarning(warning);
            }
        } catch (AclException problem) {
            log.warning("Aborting Redoubt startup because of ACL errors: " + problem.getMessage());
            throw new StartException(String.valueOf(problem.getMessage()), problem);
        }
    }

    private static int toInt(long value) {
        return (int) Math.min(value, Integer.MAX_VALUE);
    }

    private InfoSections.Identity newIdentity() {
        var id = new byte[20];
        new SystemRandom().nextBytes(id);
        return new InfoSections.Identity(
                REDIS_VERSION,
                HexFormat.of().formatHex(id),
                System.getProperty("redoubt.executable", ""),
                configFile == null ? "" : configFile.toString(),
                System.currentTimeMillis());
    }

    private List<io.redoubt.observe.InfoSection> infoSections(InfoSections.Identity identity) {
        var figures = new InfoSections.ReplicationFigures(
                replication.bytesFromMaster()::get,
                netStats::replicaBytesOut,
                migrateSockets::count,
                replication::fullSyncs,
                replication::partialSyncs,
                replication::refusedPartialSyncs,
                replication::replicaCount,
                stream::backlogLength,
                replication::bytesBeyondBacklog);
        return List.of(
                new InfoSections.Server(identity, config, this::port, shutdown::millisLeft),
                new InfoSections.Clients(sessions, config, figures),
                new InfoSections.Memory(memory, config, figures, keyspace, aof::bufferBytes),
                new InfoSections.PersistenceSection(persistence, aof),
                new InfoSections.Stats(
                        loops,
                        netStats,
                        clientMemory,
                        keyspace,
                        errorStats,
                        rates,
                        figures,
                        snapshots,
                        pubSubFigures(),
                        denials()),
                new InfoSections.Listed("Replication", () -> replication.info(System.currentTimeMillis())),
                new InfoSections.Cpu(),
                new InfoSections.Modules(),
                new InfoSections.CommandStatistics(this::table),
                new InfoSections.Errors(errorStats),
                new InfoSections.Latencies(this::table, config),
                new InfoSections.Cluster(),
                new InfoSections.Databases(keyspace),
                new InfoSections.Listed("Security", this::securityInfo));
    }

    /** All commands; tests walk them. */
    CommandTable table() {
        return table;
    }

    private InfoSections.PubSubFigures pubSubFigures() {
        return new InfoSections.PubSubFigures(pubSub::channelCount, pubSub::patternCount, pubSub::shardChannelCount);
    }

    private Map<String, LongSupplier> denials() {
        var figures = new LinkedHashMap<String, LongSupplier>();
        for (var reason : AclLog.Reason.values()) {
            figures.put(reason.name().toLowerCase(java.util.Locale.ROOT), () -> aclLog.denied(reason));
        }
        return figures;
    }

    private List<Map.Entry<String, String>> securityInfo() {
        var fields = new ArrayList<Map.Entry<String, String>>();
        fields.add(Map.entry("security_profile", config.security.securityProfile.value()));
        for (var rule : StrictRule.values()) {
            fields.add(
                    Map.entry("strict_" + rule.word().replace('-', '_'), config.isStrict(rule.word()) ? "on" : "off"));
        }
        fields.add(Map.entry("sessions_with_old_credential", Integer.toString(users.sessionsWithOldCredential())));
        synchronized (securityWarnings) {
            fields.add(Map.entry("warnings", Integer.toString(securityWarnings.size())));
            for (int i = 0; i < securityWarnings.size(); i++) {
                fields.add(Map.entry("warning" + i, securityWarnings.get(i)));
            }
        }
        return fields;
    }

    // ---- Settings that change ----

    private static <T> void follow(Directive<T> directive, Consumer<T> listener) {
        listener.accept(directive.value());
        directive.onChange(listener);
    }

    private void followSettings() {
        var network = config.network;
        long clientsMax = limitClients();
        network.maxclients.appliedBy(value -> value > clientsMax
                ? "The operating system is not able to handle the specified number of clients, try with " + clientsMax
                : null);
        follow(network.maxclients, value -> netSettings.maxClients = toInt(value));
        follow(network.timeout, value -> netSettings.timeoutSeconds = toInt(value));
        follow(network.tcpKeepalive, value -> netSettings.keepAliveSeconds = toInt(value));
        follow(network.protoMaxBulkLen, value -> netSettings.maxBulkBytes = value);
        follow(network.clientQueryBufferLimit, value -> netSettings.queryBufferBytesMax = value);
        follow(network.clientOutputBufferLimit, value -> {
            netSettings.normalLimit = limit(value.normal());
            netSettings.replicaLimit = limit(value.replica());
            netSettings.pubsubLimit = limit(value.pubsub());
        });
        follow(config.general.hz, value -> netSettings.hz = toInt(Math.clamp(value, 1, 500)));
        follow(config.observe.slowlogLogSlowerThan, slowLog::setThresholdMicros);
        follow(config.observe.latencyTracking, slowLog::setRecordsLatency);
        follow(config.observe.notifyKeyspaceEvents, notifications::setLetters);
        follow(config.observe.loglevel, value -> log.setLevel(ServerLog.Level.of(value)));
        network.port.appliedBy(value -> listeners.reopen(network.bind.value(), Math.toIntExact(value)));
        network.bind.appliedBy(value -> listeners.reopen(value, Math.toIntExact(network.port.value())));
        network.protectedMode.onChange(users::setProtected);
        config.security.aclPubsubDefault.onChange(value -> users.setAllChannelsByDefault(value.equals("allchannels")));
        config.security.acllogMaxLen.onChange(value -> aclLog.setLengthMax(toInt(value)));
        config.security.requirepass.onChange(value -> users.setRequirepass(latin1(value), configCommands.issuer()));
        config.persistence.save.onChange(_ -> persistence.judgeLastSave());
        config.persistence.stopWritesOnBgsaveError.onChange(_ -> persistence.judgeLastSave());
        followAofSettings();
        followThresholds();
        new ReplicationFollower(config, replicationSettings, replication::settingsChanged).follow();
        config.tls.tlsPort.appliedBy(value -> value == 0 ? null : "this version does not speak TLS yet");
        config.memory.maxmemory.onChange(_ -> {
            checkMemory();
            setClientMemoryMax();
        });
        follow(config.memory.maxmemoryPolicy, value -> {
            keyspace.setKeptAccess(KeptAccess.of(value));
            if (!value.equals("noeviction")) {
                log.warning(
                        "maxmemory-policy " + value + ": this version does not evict yet, a full server answers OOM");
            }
        });
        follow(config.memory.lfuLogFactor, keyspace.frequency()::setLogFactor);
        follow(config.memory.lfuDecayTime, keyspace.frequency()::setDecayMinutes);
        follow(network.maxmemoryClients, _ -> setClientMemoryMax());
        heap.measureBy(this::heapLeftBytes, heapReserveBytes() / 4);
        follow(config.memory.lazyfreeLazyExpire, value -> keyspace.expiry().unlinks = value);
    }

    /** Takes no more clients than there may be sockets; returns how many there may be. */
    private long limitClients() {
        var maxclients = config.network.maxclients;
        long filesMax = ProcessFigures.openFilesMax();
        long clientsMax = Math.max(1, filesMax - RESERVED_FILES);
        long wanted = maxclients.value();
        if (wanted <= clientsMax) {
            return clientsMax;
        }
        try {
            maxclients.change(clientsMax);
        } catch (RefusedValueException impossible) {
            throw new IllegalStateException(impossible);
        }
        log.warning("You requested maxclients of " + wanted + " requiring at least " + (wanted + RESERVED_FILES)
                + " max file descriptors.");
        log.warning("Current maximum open files is " + filesMax + ". maxclients has been reduced to " + clientsMax
                + " to compensate for low ulimit. If you need higher maxclients increase 'ulimit -n'.");
        return clientsMax;
    }

    private void followAofSettings() {
        var directives = config.persistence;
        directives.appendonly.appliedBy(value -> {
            if (value) {
                var issuer = configCommands.issuer();
                aof.turnOn(issuer == null || !issuer.isInTransaction());
            } else {
                aof.turnOff();
            }
            return null;
        });
        follow(
                directives.appendfsync,
                value -> aof.setPolicy(AppendOnlyFile.Policy.valueOf(value.toUpperCase(java.util.Locale.ROOT))));
        follow(directives.aofTimestampEnabled, aof::setHasStamps);
        directives.aofDisableAutoGc.onChange(_ -> aof.deleteHistory());
    }

    private void followThresholds() {
        var encoding = config.encoding;
        var thresholds = keyspace.thresholds();
        follow(encoding.hashMaxListpackEntries, value -> thresholds.hashEntries = toInt(value));
        follow(encoding.hashMaxListpackValue, value -> thresholds.hashValueBytes = toInt(value));
        follow(encoding.setMaxIntsetEntries, value -> thresholds.setIntegers = toInt(value));
        follow(encoding.zsetMaxListpackEntries, value -> thresholds.zsetEntries = toInt(value));
        follow(encoding.zsetMaxListpackValue, value -> thresholds.zsetValueBytes = toInt(value));
        follow(encoding.listMaxListpackSize, value -> thresholds.listBlock = toInt(value));
        follow(encoding.streamNodeMaxBytes, value -> thresholds.streamBlockBytes = toInt(value));
        follow(encoding.streamNodeMaxEntries, value -> thresholds.streamBlockEntries = toInt(value));
    }

    /** Passwords are bytes everywhere else; a directive's text is UTF-8. */
    private static String latin1(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    private static NetSettings.OutputLimit limit(OutputBufferLimits.Limit limit) {
        return new NetSettings.OutputLimit(limit.hardBytes(), limit.softBytes(), limit.softSeconds());
    }

    /** In exclusive mode, as changes of directives are. */
    private void roleChanged(String host, int port) {
        log.setRole(host.isEmpty() ? 'M' : 'S');
        if (host.isEmpty() && config.persistence.appendonly.value()) {
            aof.turnOn(true); // It is off where no snapshot has come to replace what was dropped.
        }
        if (!host.isEmpty()) {
            waiters.roleChanged();
        }
        try {
            config.replication.replicaof.change(host.isEmpty() ? MasterAddress.NONE : new MasterAddress(host, port));
        } catch (RefusedValueException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    // ---- While it runs ----

    private void resetStats() {
        for (var spec : table.declared()) {
            spec.stats().reset();
        }
        errorStats.reset();
        replication.resetStats();
        snapshots.resetStats();
        netStats.reset();
        clientMemory.resetStats();
        keyspace.resetStats();
        memory.resetPeak();
        for (var loop : loops) {
            loop.resetStats();
        }
    }

    /** The effective limit is the smaller of maxmemory and the heap less a reserve: the JVM itself never runs out. */
    private void checkMemory() {
        long limit = Runtime.getRuntime().maxMemory() - heapReserveBytes();
        long wanted = config.memory.maxmemory.value();
        if (wanted > 0) {
            limit = Math.min(limit, wanted);
        }
        state.set(ServerState.OUT_OF_MEMORY, memory.usedBytes() > limit);
    }

    private static long heapReserveBytes() {
        return Math.max(64L << 20, Runtime.getRuntime().maxMemory() / 8);
    }

    /** What may be added to the heap until half of the reserve is gone. */
    private long heapLeftBytes() {
        long used = keyspace.heapBytes()
                + clientMemory.heapBytes()
                + aof.bufferBytes()
                + (stream.isActive() ? stream.backlogLength() : 0);
        for (var loop : loops) {
            used += loop.replyBytes();
        }
        return Runtime.getRuntime().maxMemory() - heapReserveBytes() / 2 - used;
    }

    private void setClientMemoryMax() {
        long wanted = config.memory.maxmemory.value();
        long most = config.network.maxmemoryClients.value();
        // A negative number is a percentage of maxmemory; without that there is no limit.
        clientMemory.setBytesMax(most >= 0 ? most : (long) (wanted / 100.0 * -most));
    }

    private final class Debug implements DebugHooks {
        @Override
        public void log(String message) {
            log.warning("DEBUG LOG: " + message);
        }

        @Override
        public void changeReplicationId() {
            replication.changeId();
        }

        @Override
        public @Nullable String rewriteWholeConfig() {
            return configCommands.rewriteAll();
        }

        @Override
        public void skipChecksums(boolean skips) {
            persistence.setSkipsChecksums(skips);
        }

        @Override
        public void pauseCron(boolean pauses) {
            isCronPaused = pauses;
        }

        @Override
        public boolean loadAof() {
            return aof.reload();
        }

        @Override
        public void delayAof(long micros) {
            aof.setFlushDelay(micros);
        }

        @Override
        public void allowDeniedInScripts(boolean allows) {
            // There are no scripts yet, so nothing is denied to them.
        }

        @Override
        public void crash(String how) {
            log.warning("Crashed by DEBUG " + how);
            Runtime.getRuntime().halt(134);
        }
    }

    private final class AofSurroundings implements AppendOnlyFile.Surroundings {
        @Override
        public long replicationOffset() {
            return stream.offset();
        }

        @Override
        public void released() {
            for (var loop : loops) {
                loop.released();
            }
            replication.released();
        }

        @Override
        public void fatal(String reason) {
            die(reason);
        }

        @Override
        public boolean isSaving() {
            return persistence.isSaving();
        }
    }

    /** Ends the process at once, because it cannot keep what it has promised. */
    private void die(String reason) {
        log.warning(reason);
        Runtime.getRuntime().halt(1);
    }

    /** A master's snapshot takes the place of our data, so the append-only file begins anew behind it. */
    private final class AofReplacement implements Replication.Replacement {
        @Override
        public void begins() {
            aof.turnOff();
        }

        @Override
        public void ended(boolean isGood) {
            // Else the files keep what we had, until the next snapshot comes or we are a master.
            if (isGood && config.persistence.appendonly.value()) {
                aof.turnOn(true);
            }
        }
    }

    private final class Hooks implements NetHooks {
        @Override
        public byte @Nullable [] connected(Session session) {
            if (gate.refusesConnection(session.link().isLocal())) {
                return gate.refusal();
            }
            session.setUser(gate.initialUser(session));
            session.setAclGeneration(gate.generation());
            return null;
        }

        @Override
        public void disconnected(Session session) {
            sessions.remove(session);
            session.gone();
            monitors.remove(session);
            pubSub.disconnected(session);
            replication.disconnected(session);
        }

        @Override
        public long beforeReplies() {
            long due = aof.beforeReplies();
            replication.beforeReplies();
            return due;
        }

        @Override
        public long dueOffset() {
            return aof.dueOffset();
        }

        @Override
        public long releasedOffset() {
            return aof.releasedOffset();
        }

        @Override
        public long sendableStreamOffset() {
            return aof.sendableReplicationOffset();
        }

        @Override
        public void tick(long nowMillis) {
            if (state.isPaused()) {
                state.endPauses(nowMillis);
            }
            if (isCronPaused) {
                return;
            }
            rates.sample(nowMillis);
            checkMemory();
            clientMemory.tick(nowMillis);
            persistence.tick(nowMillis);
            if (!persistence.isLoading()) {
                aof.tick(nowMillis);
            }
            replication.tick(nowMillis);
        }

        @Override
        public boolean isPaused() {
            return state.isPaused();
        }

        @Override
        public long streamOffset() {
            return stream.offset();
        }

        @Override
        public long backlogBytesMax() {
            return stream.backlogSize();
        }

        @Override
        public void bug(Throwable thrown) {
            var text = new StringBuilder("A bug: ").append(thrown);
            for (var frame : thrown.getStackTrace()) {
                text.append("\n    at ").append(frame);
            }
            log.warning(text.toString());
        }

        @Override
        public void log(boolean isWarning, String text) {
            log.write(isWarning ? ServerLog.Level.WARNING : ServerLog.Level.VERBOSE, text);
        }
    }

    /** The port that clients connect to; 0 when there is none. */
    public int port() {
        return listeners.port();
    }

    /** The keyspace, for tests that look at invariants and for embedders. */
    public Keyspace keyspace() {
        return keyspace;
    }

    /** Asks the server to end as SIGTERM does. */
    void requestShutdown(String reason, List<String> flags) {
        shutdown.start(
                new Shutdown.Request(
                        reason,
                        flags.contains("save"),
                        flags.contains("nosave"),
                        flags.contains("now"),
                        flags.contains("force")),
                () -> {});
    }

    /** Waits until a client or a signal has ended the server, then closes it. */
    void awaitShutdown() throws InterruptedException {
        shutdown.await();
        close();
    }

    /** Closes every connection and ends every thread; saves nothing. */
    @Override
    public void close() {
        listeners.close();
        replication.stop();
        migrateSockets.close();
        for (var loop : loops) {
            loop.stop();
        }
        aof.close();
        shutdown.finish();
    }
}
