package io.redoubt.command;

import io.redoubt.resp.Reply;
import io.redoubt.resp.RequestParser;
import io.redoubt.resp.RequestSkimmer;
import io.redoubt.store.Keyspace;
import io.redoubt.store.Unit;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
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

    /** The connection is suspended; when it is resumed, the request must be run again. */
    public static final int RUNS_AGAIN = 3;

    /** What all dispatchers of a server share. */
    public record Shared(
            CommandTable table,
            Gate gate,
            ServerState state,
            Keyspace keyspace,
            CommandObserver observer,
            Waiters waiters) {
        /** Where nobody asks about those who wait. */
        public Shared(CommandTable table, Gate gate, ServerState state, Keyspace keyspace, CommandObserver observer) {
            this(table, gate, state, keyspace, observer, new Waiters(keyspace));
        }
    }

    private static final int RECLAIM_BLOCKS = 2000;
    private static final int EXPIRE_BUDGET = 400;
    private static final int UNKNOWN_TEXT_MAX = 128;

    private final CommandTable table;
    private final Keyspace keyspace;
    private final int loop;
    private final Unit unit;
    private final Admission admission;
    private final ShardLocks locks;
    private final CommandRunner runner;
    private final Call call;
    private final Waiters waiters;
    private final WaiterRunner waiterRunner;
    private final RequestSkimmer skimmer = new RequestSkimmer();
    /** Commands follow that belong to one unit. */
    private boolean isRunOpen;

    public Dispatcher(Shared shared, int loop) {
        table = shared.table;
        keyspace = shared.keyspace;
        this.loop = loop;
        unit = keyspace.unit(loop);
        admission = new Admission(shared.gate, shared.state);
        locks = new ShardLocks(keyspace, unit);
        runner = new CommandRunner(unit, shared.observer, loop);
        waiters = shared.waiters;
        waiterRunner = new WaiterRunner(admission, runner, keyspace, unit);
        call = new Call(keyspace, unit, new QueueRunner(admission, runner, keyspace, unit));
    }

    /** Enters the keyspace for a batch of requests; a command's time counts from the end of the one before. */
    public void enter() {
        runner.startClock();
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
                int fields = keyspace.expireSomeFields(unit, shard, database, EXPIRE_BUDGET, nowMillis);
                more |= deleted > EXPIRE_BUDGET / 4 || fields > EXPIRE_BUDGET / 4;
            }
            serveWaiters();
            leave();
        }
        return more;
    }

    /** How many commands this loop has run. */
    public long commandCount() {
        return runner.commandCount();
    }

    /** The arguments to fill before {@link #run}, for requests that no parser made. */
    public Args args() {
        return call.args();
    }

    /** The requests until {@link #endRun} are one unit: what a master has sent as a transaction. Exclusive mode. */
    public void beginRun(long nowMillis, boolean isFromMaster) {
        unit.begin(nowMillis, isFromMaster);
        isRunOpen = true;
    }

    public void endRun() {
        isRunOpen = false;
        unit.end();
        serveWaiters();
    }

    /** Does a change that no command of ours makes, as a unit or in the run that is open. Exclusive mode. */
    public void change(long nowMillis, boolean isFromMaster, Consumer<Unit> change) {
        if (!isRunOpen) {
            unit.begin(nowMillis, isFromMaster);
        }
        change.accept(unit);
        endUnit();
    }

    private void beginUnit(Session session, long nowMillis) {
        if (!isRunOpen) {
            unit.begin(nowMillis, session.isMaster());
        }
    }

    private void endUnit() {
        if (!isRunOpen) {
            unit.end();
        }
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
        var spec = find(session, args, reply);
        if (spec != null) {
            result = judge(session, spec, args, reply, nowMillis);
        }
        if (result != POSTPONED && result != RUNS_AGAIN) {
            finish(session, reply, mark);
        }
        return result;
    }

    /** Returns the command or subcommand that is to run; null when there is none, and the error is written. */
    private @Nullable CommandSpec find(Session session, Args args, Reply reply) {
        var spec = table.find(args.buffer(), args.start(0), args.length(0));
        if (spec == null) {
            unknownCommand(args, reply);
            breakTransaction(session);
            return null;
        }
        if (!spec.isContainer() || args.count() == 1) {
            return spec;
        }
        var subcommand = spec.subcommandAt(args, 1);
        if (subcommand == null) {
            reply.error("ERR unknown subcommand '" + shorten(args.text(1)) + "'. Try "
                    + spec.name().toUpperCase(java.util.Locale.ROOT) + " HELP.");
            spec.stats().reject(loop);
            breakTransaction(session);
        }
        return subcommand;
    }

    private static String shorten(String text) {
        return text.length() <= UNKNOWN_TEXT_MAX ? text : text.substring(0, UNKNOWN_TEXT_MAX);
    }

    private void finish(Session session, Reply reply, int mark) {
        var mode = session.replyMode();
        if (mode != Session.ReplyMode.ON) {
            if (mode == Session.ReplyMode.SKIP_NEXT) {
                session.setReplyMode(Session.ReplyMode.SKIP);
            } else if (mode == Session.ReplyMode.SKIP) {
                session.setReplyMode(Session.ReplyMode.ON);
            }
            reply.truncate(Math.max(mark, call.pushedEnd()));
        } else if (session.isMaster()) {
            reply.truncate(mark); // A master is never answered, but for ACKs, which replication writes itself.
        }
    }

    private int judge(Session session, CommandSpec spec, Args args, Reply reply, long nowMillis) {
        if (spec.handlerOrNull() == null || !spec.accepts(args.count())) {
            String problem = "wrong number of arguments for '" + spec.fullName() + "' command";
            reject(session, spec, reply, spec.has(CommandFlag.RUNS_QUEUE) ? problem : "ERR " + problem);
            return DONE;
        }
        beginUnit(session, nowMillis);
        byte[] refusal = admission.refusal(session, spec, args, call.form());
        if (refusal == null && session.isInSubscribedMode() && !spec.has(CommandFlag.WHILE_SUBSCRIBED)) {
            refusal = Errors.notWhileSubscribed(spec);
        }
        if (refusal != null) {
            reject(session, spec, reply, refusal);
            endUnit();
            return DONE;
        }
        if (admission.isPaused(session, spec)) {
            endUnit();
            return POSTPONED;
        }
        if (session.isInTransaction() && !spec.has(CommandFlag.NOT_QUEUED)) {
            call.transaction().add(spec, args, call.form(), locks);
            session.setLastCommand(spec);
            reply.queued();
            endUnit();
            return DONE;
        }
        if (keyspace.mode().isExclusiveHere()) {
            execute(spec);
        } else if (needsAll(session, spec)) {
            executeExclusively(session, spec, args, reply);
        } else {
            if (spec.has(CommandFlag.RUNS_QUEUE)) {
                locks.take(call.transaction().shardsForExec(locks));
            } else {
                locks.take(args, call.form());
            }
            if (wakesFarWaiters(session, spec, args)) {
                executeExclusively(session, spec, args, reply);
            } else {
                execute(spec);
            }
        }
        return call.runsAgain() ? RUNS_AGAIN : call.isSuspended() ? SUSPENDED : DONE;
    }

    private static boolean needsAll(Session session, CommandSpec spec) {
        if (spec.has(CommandFlag.RUNS_QUEUE)) {
            var transaction = session.transaction();
            return transaction != null && transaction.isExclusive();
        }
        return spec.has(CommandFlag.EXCLUSIVE);
    }

    /** Whether the command may make a key ready for a client that needs other shards than those that are held. */
    private boolean wakesFarWaiters(Session session, CommandSpec spec, Args args) {
        if (!unit.holdsSpanningFollowers()
                || (Admission.flagBits(session, spec) & 1 << CommandFlag.WRITE.ordinal()) == 0) {
            return false;
        }
        var form = call.form();
        for (int i = 0; i < form.keyCount(); i++) {
            int arg = form.keyArg(i);
            int database = form.keyDatabase(i);
            if (keyspace.isFollowed(
                    database == Form.CURRENT_DATABASE ? session.database() : database,
                    args.buffer(),
                    args.start(arg),
                    args.length(arg))) {
                return true;
            }
        }
        return spec.has(CommandFlag.RUNS_QUEUE);
    }

    private void executeExclusively(Session session, CommandSpec spec, Args args, Reply reply) {
        unit.unlockAll();
        keyspace.mode().leaveShared(loop);
        keyspace.mode().enterExclusive();
        try {
            // Rights may have changed between the two modes.
            byte[] refusal = admission.refusal(session, spec, args, call.form());
            if (refusal == null) {
                execute(spec);
            } else {
                reject(session, spec, reply, refusal);
                endUnit();
            }
        } finally {
            keyspace.mode().leaveExclusive();
            keyspace.mode().enterShared(loop);
        }
    }

    private void execute(CommandSpec spec) {
        runner.run(call, spec);
        if (call.isWaiting()) {
            waiters.add(call);
        }
        endUnit();
        call.session().sawStreams(keyspace);
        serveWaiters();
    }

    /** Serves those who wait for what the unit that has just ended has changed, before its locks are let go. */
    private void serveWaiters() {
        if (isRunOpen || !unit.hasReady() || !waiterRunner.serve()) {
            return;
        }
        // Nobody has foreseen that other shards would be needed (a key has expired): they are served a little later.
        unit.unlockAll();
        keyspace.mode().leaveShared(loop);
        keyspace.mode().enterExclusive();
        try {
            waiterRunner.serveLeft();
        } finally {
            keyspace.mode().leaveExclusive();
            keyspace.mode().enterShared(loop);
        }
    }

    // ---- What does not run ----

    private void reject(Session session, CommandSpec spec, Reply reply, byte[] error) {
        if (spec.has(CommandFlag.RUNS_QUEUE)) {
            reject(session, spec, reply, new String(error, 1, error.length - 3, StandardCharsets.UTF_8));
        } else {
            reply.error(error);
            spec.stats().reject(loop);
            breakTransaction(session);
        }
    }

    private void reject(Session session, CommandSpec spec, Reply reply, String error) {
        spec.stats().reject(loop);
        if (spec.has(CommandFlag.RUNS_QUEUE)) {
            reply.error("EXECABORT Transaction discarded because of: " + error);
            session.endTransaction();
        } else {
            reply.error(error);
            breakTransaction(session);
        }
    }

    /** A request that should have been queued was refused, so the transaction will do nothing. */
    private static void breakTransaction(Session session) {
        var transaction = session.transaction();
        if (transaction != null && transaction.isOpen()) {
            transaction.breakUp();
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
