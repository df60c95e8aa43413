package io.redoubt.command;

import io.redoubt.memory.ArenaFullException;
import io.redoubt.resp.Reply;
import io.redoubt.resp.RequestParser;
import io.redoubt.resp.RequestSkimmer;
import io.redoubt.store.Keyspace;
import io.redoubt.store.Unit;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Takes one parsed request from its name to its reply: look-up, arity, authentication, the form, the gate, the server's
 * state, the locks of its keys, the handler, its effects. One per loop; the loop is inside the keyspace in shared mode
 * while it calls {@link #run}.
 */
public final class Dispatcher {
    /** The request is done, and its reply, if any, is written. */
    public static final int DONE = 0;
    /** The request is taken; its reply comes later. */
    public static final int SUSPENDED = 1;
    /** The request must be run again, later: clients are paused. */
    public static final int POSTPONED = 2;

    /** What all dispatchers of a server share. */
    public record Shared(
            CommandTable table, Gate gate, ServerState state, Keyspace keyspace, CommandObserver observer) {}

    private static final int RECLAIM_BLOCKS = 2000;
    private static final int EXPIRE_BUDGET = 400;
    private static final int UNKNOWN_TEXT_MAX = 128;
    private static final int WRITE = 1 << CommandFlag.WRITE.ordinal();
    private static final int MAY_REPLICATE = 1 << CommandFlag.MAY_REPLICATE.ordinal();

    private final CommandTable table;
    private final Gate gate;
    private final ServerState state;
    private final Keyspace keyspace;
    private final CommandObserver observer;
    private final int loop;
    private final Unit unit;
    private final Call call;
    private final RequestSkimmer skimmer = new RequestSkimmer();
    private final long[] wantedShards;
    private long lastNanos;
    private long commandCount;

    public Dispatcher(Shared shared, int loop) {
        table = shared.table;
        gate = shared.gate;
        state = shared.state;
        keyspace = shared.keyspace;
        observer = shared.observer;
        this.loop = loop;
        unit = keyspace.unit(loop);
        call = new Call(keyspace, unit);
        wantedShards = new long[(keyspace.shardCount() + 63) / 64];
    }

    /** Enters the keyspace for a batch of requests; a command's time counts from the end of the one before. */
    public void enter() {
        lastNanos = System.nanoTime();
        keyspace.mode().enterShared(loop);
    }

    /**
     * Fetches into the cache what the next requests of a buffer will look up, as far as they can be foreseen; the loop is
     * inside. For users who may read every key: others could tell by the time whether a key exists.
     *
     * @return from where on to call it again
     */
    public int fetchAhead(Session session, byte[] buffer, int from, int limit) {
        var user = session.user();
        if (keyspace.shardCount() > 1 || user == null || !user.readsAllKeys()) {
            return limit;
        }
        int end = skimmer.skim(buffer, from, limit);
        if (skimmer.count() > 1) {
            keyspace.fetch(unit, session.database(), buffer, skimmer.starts(), skimmer.lengths(), skimmer.count());
        }
        return end == from ? limit : end;
    }

    /** Leaves the keyspace: no lock is held, and others may enter exclusively. */
    public void leave() {
        unit.unlockAll();
        keyspace.mode().leaveShared(loop);
    }

    /**
     * Does a slice of what runs in the background on the shards of this loop: expiry, and giving back what a snapshot
     * had kept. The loop is not inside.
     *
     * @return whether there is more to do soon
     */
    public boolean runBackgroundSlice(int loops, long nowMillis) {
        boolean more = false;
        for (int shard = loop; shard < keyspace.shardCount(); shard += loops) {
            enter();
            if (keyspace.shardCount() > 1) {
                unit.lock(shard);
            }
            more |= keyspace.reclaimSome(shard, RECLAIM_BLOCKS);
            for (int database = 0; database < keyspace.databaseCount(); database++) {
                int deleted = keyspace.expireSome(unit, shard, database, EXPIRE_BUDGET, nowMillis);
                more |= deleted > EXPIRE_BUDGET / 4;
            }
            leave();
        }
        return more;
    }

    /** How many commands this loop has run. */
    public long commandCount() {
        return commandCount;
    }

    /** The arguments to fill before {@link #run}, for requests that no parser made. */
    public Args args() {
        return call.args();
    }

    /** Runs the request that a parser holds. */
    public int run(Session session, RequestParser parser, Reply reply, long nowMillis) {
        call.args().set(parser.argBuffer(), 0, parser.starts(), parser.lengths(), parser.argCount());
        return run(session, reply, nowMillis);
    }

    /** Runs the request in {@link #args()}. */
    public int run(Session session, Reply reply, long nowMillis) {
        var args = call.args();
        int mark = reply.mark();
        reply.setProtocol(session.protocol());
        call.begin(session, reply);
        int result = DONE;
        var spec = table.find(args.buffer(), args.start(0), args.length(0));
        if (spec == null) {
            unknownCommand(args, reply);
        } else {
            if (spec.isContainer() && args.count() > 1) {
                var subcommand = spec.subcommandAt(args, 1);
                if (subcommand == null) {
                    reply.error("ERR unknown subcommand '" + shorten(args.text(1)) + "'. Try "
                            + spec.name().toUpperCase(java.util.Locale.ROOT) + " HELP.");
                    spec.stats().reject(loop);
                    finish(session, reply, mark);
                    return DONE;
                }
                spec = subcommand;
            }
            result = judge(session, spec, args, reply, nowMillis);
        }
        if (result != POSTPONED) {
            finish(session, reply, mark);
        }
        return result;
    }

    private static String shorten(String text) {
        return text.length() <= UNKNOWN_TEXT_MAX ? text : text.substring(0, UNKNOWN_TEXT_MAX);
    }

    private static void finish(Session session, Reply reply, int mark) {
        var mode = session.replyMode();
        if (mode != Session.ReplyMode.ON) {
            if (mode == Session.ReplyMode.SKIP_NEXT) {
                session.setReplyMode(Session.ReplyMode.SKIP);
            } else if (mode == Session.ReplyMode.SKIP) {
                session.setReplyMode(Session.ReplyMode.ON);
            }
            reply.truncate(mark);
        } else if (session.isMaster()) {
            reply.truncate(mark); // A master is never answered, but for ACKs, which replication writes itself.
        }
    }

    private int judge(Session session, CommandSpec spec, Args args, Reply reply, long nowMillis) {
        if (spec.handlerOrNull() == null || !spec.accepts(args.count())) {
            reply.error("ERR wrong number of arguments for '" + spec.fullName() + "' command");
            spec.stats().reject(loop);
            return DONE;
        }
        unit.begin(nowMillis, session.isMaster());
        byte[] refusal = refusal(session, spec, args);
        if (refusal != null) {
            reply.error(refusal);
            spec.stats().reject(loop);
            unit.end();
            return DONE;
        }
        int bits = state.bits();
        if ((bits & (ServerState.PAUSED | ServerState.PAUSED_WRITES)) != 0 && isPaused(bits, session, spec)) {
            unit.end();
            return POSTPONED;
        }
        if (!spec.has(CommandFlag.EXCLUSIVE) || keyspace.mode().isExclusiveHere()) {
            lockKeys(session, args, call.form());
            execute(session, spec, args, reply);
        } else {
            unit.unlockAll();
            keyspace.mode().leaveShared(loop);
            keyspace.mode().enterExclusive();
            try {
                // Rights may have changed between the two modes.
                refusal = refusal(session, spec, args);
                if (refusal == null) {
                    execute(session, spec, args, reply);
                } else {
                    reply.error(refusal);
                    unit.end();
                }
            } finally {
                keyspace.mode().leaveExclusive();
                keyspace.mode().enterShared(loop);
            }
        }
        return call.isSuspended() ? SUSPENDED : DONE;
    }

    /** Parses the form, asks the gate and the server's state; returns the error to answer, or null. */
    private byte @Nullable [] refusal(Session session, CommandSpec spec, Args args) {
        var form = call.form();
        spec.parse(args, form);
        if (!session.isMaster()) {
            if (session.aclGeneration() != gate.generation()) {
                gate.refresh(session);
            }
            var user = session.user();
            if (user == null) {
                if (!spec.has(CommandFlag.NO_AUTH)) {
                    return Errors.NO_AUTH;
                }
            } else if (!user.isUnrestricted() && !spec.has(CommandFlag.NO_AUTH)) {
                int verdict = gate.check(user, spec, args, form, session.database());
                if (verdict != Gate.ALLOWED) {
                    return gate.denied(session, spec, args, verdict);
                }
            }
        }
        int bits = state.bits();
        return bits == 0 ? null : stateRefusal(bits, session, spec);
    }

    private static byte @Nullable [] stateRefusal(int bits, Session session, CommandSpec spec) {
        boolean isMaster = session.isMaster();
        boolean writes = spec.has(CommandFlag.WRITE) || spec.has(CommandFlag.MAY_REPLICATE);
        if ((bits & ServerState.OUT_OF_MEMORY) != 0 && spec.has(CommandFlag.DENYOOM) && !isMaster) {
            return Errors.OUT_OF_MEMORY;
        }
        if ((bits & ServerState.SAVE_FAILED) != 0
                && !isMaster
                && (writes || spec.name().equals("ping"))) {
            return Errors.MISCONF;
        }
        if ((bits & ServerState.TOO_FEW_REPLICAS) != 0 && !isMaster && spec.has(CommandFlag.WRITE)) {
            return Errors.NO_REPLICAS;
        }
        if ((bits & ServerState.READ_ONLY) != 0 && !isMaster && spec.has(CommandFlag.WRITE)) {
            return Errors.READ_ONLY;
        }
        if ((bits & ServerState.STALE) != 0 && !isMaster && !spec.has(CommandFlag.STALE)) {
            return Errors.MASTER_DOWN;
        }
        if ((bits & ServerState.LOADING) != 0 && !isMaster && !spec.has(CommandFlag.LOADING)) {
            return Errors.LOADING;
        }
        return null;
    }

    private static boolean isPaused(int bits, Session session, CommandSpec spec) {
        if (session.isMaster() || session.isReplica()) {
            return false;
        }
        return (bits & ServerState.PAUSED) != 0 || (spec.flagBits() & (WRITE | MAY_REPLICATE)) != 0;
    }

    private void lockKeys(Session session, Args args, Form form) {
        if (keyspace.shardCount() == 1) {
            return;
        }
        int count = form.keyCount();
        if (count == 0) {
            unit.unlockAll();
            return;
        }
        int first = keyspace.shardOf(args.buffer(), args.start(form.keyArg(0)), args.length(form.keyArg(0)));
        boolean same = true;
        for (int i = 1; i < count && same; i++) {
            int arg = form.keyArg(i);
            same = keyspace.shardOf(args.buffer(), args.start(arg), args.length(arg)) == first;
        }
        if (same) {
            unit.lock(first);
            return;
        }
        Arrays.fill(wantedShards, 0);
        for (int i = 0; i < count; i++) {
            int arg = form.keyArg(i);
            int shard = keyspace.shardOf(args.buffer(), args.start(arg), args.length(arg));
            wantedShards[shard >> 6] |= 1L << shard;
        }
        unit.lockAll(wantedShards);
    }

    private void execute(Session session, CommandSpec spec, Args args, Reply reply) {
        long errors = reply.errorCount();
        call.beginCommand(spec);
        session.setLastCommand(spec);
        byte[] formError = call.form().error;
        if (formError != null) {
            reply.error(formError);
        } else {
            run(spec, reply);
        }
        if (unit.changes() > 0 && !call.hasOwnEffects() && unit.effects().isWanted()) {
            call.logAsSent();
        }
        unit.end();
        long now = System.nanoTime();
        long nanos = now - lastNanos;
        lastNanos = now;
        commandCount++;
        spec.stats().add(loop, nanos, reply.errorCount() != errors);
        if (observer.recordsLatency()) {
            spec.stats().latency().record(nanos);
        }
        if (nanos >= observer.thresholdNanos()) {
            observer.ran(session, spec, args, nanos);
        }
        if (observer.isMonitored()) {
            observer.saw(session, spec, args);
        }
    }

    private void run(CommandSpec spec, Reply reply) {
        int mark = reply.mark();
        try {
            spec.handler().run(call);
        } catch (ArenaFullException full) {
            reply.truncate(mark);
            reply.error(Errors.OUT_OF_MEMORY);
        }
    }

    private static void unknownCommand(Args args, Reply reply) {
        var text = new StringBuilder("ERR unknown command '")
                .append(shorten(args.text(0)))
                .append("', with args beginning with: ");
        int used = 0;
        for (int i = 1; i < args.count() && used < UNKNOWN_TEXT_MAX; i++) {
            String arg = args.text(i);
            int room = UNKNOWN_TEXT_MAX - used;
            String shown = arg.length() <= room ? arg : arg.substring(0, room);
            text.append('\'').append(shown).append("' ");
            used += shown.length() + 3;
        }
        byte[] bytes = text.toString().getBytes(StandardCharsets.ISO_8859_1);
        reply.error(bytes, 0, bytes.length);
    }
}
