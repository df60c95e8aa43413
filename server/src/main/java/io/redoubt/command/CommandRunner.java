package io.redoubt.command;

import io.redoubt.memory.ArenaFullException;
import io.redoubt.resp.Reply;
import io.redoubt.resp.ReplyTooLargeException;
import io.redoubt.store.Unit;

/**
 * Runs commands that have been admitted and whose locks are held: the handler, its effects, its figures, and those who
 * watch. Commands nest, because EXEC is one that runs others. One per loop.
 */
final class CommandRunner {
    private static final int LARGE_REQUEST_BYTES = 1 << 20;

    private final Unit unit;
    private final CommandObserver observer;
    private final int loop;
    private long lastNanos;
    private long errorsCounted;
    private long commandCount;

    CommandRunner(Unit unit, CommandObserver observer, int loop) {
        this.unit = unit;
        this.observer = observer;
        this.loop = loop;
    }

    /** The first command of a batch begins; the others begin where the one before has ended. */
    void startClock() {
        lastNanos = System.nanoTime();
    }

    long commandCount() {
        return commandCount;
    }

    /** Runs the call's request. */
    void run(Call call, CommandSpec spec) {
        long start = lastNanos;
        call.session().setLastCommand(spec);
        runHandler(call, spec);
        if (!call.runsAgain()) {
            count(call, spec, start);
        }
    }

    /** Runs a request that has been counted when it began to wait. */
    void runAgain(Call call, CommandSpec spec) {
        long start = lastNanos;
        runHandler(call, spec);
        lastNanos = System.nanoTime();
        if (!call.isWaiting()) {
            spec.stats().addTime(loop, lastNanos - start);
            if (call.reply().errorCount() != errorsCounted) {
                spec.stats().failLater();
            }
            if (lastNanos - start >= observer.thresholdNanos()) {
                observer.ran(call.session(), spec, call.args(), lastNanos - start);
            }
        }
    }

    private void runHandler(Call call, CommandSpec spec) {
        var reply = call.reply();
        long changes = unit.changes();
        errorsCounted = reply.errorCount();
        call.beginCommand(spec);
        byte[] formError = call.form().error;
        if (formError != null) {
            reply.error(formError);
        } else {
            handle(call, spec, reply);
        }
        call.deliverLeft();
        if (unit.changes() > changes && !call.hasOwnEffects() && unit.effects().isWanted()) {
            call.logAsSent();
        }
    }

    private void handle(Call call, CommandSpec spec, Reply reply) {
        long changes = unit.changes();
        long valueChanges = unit.valueChanges();
        try {
            if (unit.effects().isWanted() && spec.has(CommandFlag.WRITE)) {
                requireRoomForEffects(call);
            }
            spec.handler().run(call);
        } catch (ArenaFullException full) {
            reply.truncate(call.replyStart());
            reply.error(Errors.OUT_OF_MEMORY);
            unit.effects().dropUnfinished();
            if (unit.changes() > changes || unit.valueChanges() != valueChanges) {
                // Something is written, the rest is not: replicas get what is, not what was asked.
                call.settleWrittenKeys();
            }
        } catch (ReplyTooLargeException full) {
            reply.truncate(call.replyStart());
            reply.error(Errors.NO_ROOM_FOR_REPLY);
            if (unit.changes() > changes) {
                // As where a reply grows beyond the limit: it was done all the same.
                call.session().link().closeAfterReplies();
            }
        }
    }

    /** A large request takes its size twice more where it is logged. */
    private static void requireRoomForEffects(Call call) {
        var args = call.args();
        int last = args.count() - 1;
        long bytes = (long) args.start(last) + args.length(last) - args.start(0);
        if (bytes > LARGE_REQUEST_BYTES) {
            call.keyspace().heap().requireForData(2 * bytes);
        }
    }

    private void count(Call call, CommandSpec spec, long start) {
        long now = System.nanoTime();
        long nanos = now - start;
        lastNanos = now;
        commandCount++;
        // What has failed inside this command was counted there.
        long errors = call.reply().errorCount();
        spec.stats().add(loop, nanos, errors != errorsCounted);
        errorsCounted = errors;
        if (observer.recordsLatency()) {
            spec.stats().latency().record(nanos);
        }
        if (nanos >= observer.thresholdNanos() && !call.isWaiting()) {
            observer.ran(call.session(), spec, call.args(), nanos);
        }
        if (observer.isMonitored()) {
            observer.saw(call.session(), spec, call.args());
        }
    }
}
