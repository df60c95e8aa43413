package io.redoubt;

import io.redoubt.command.ServerState;
import io.redoubt.config.Config;
import io.redoubt.observe.ServerLog;
import io.redoubt.persist.AppendOnlyFile;
import io.redoubt.persist.Persistence;
import io.redoubt.replication.Replication;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/** The orderly end: no more commands, a save where the configuration asks for one, then the process may go. */
final class Shutdown {
    /** How to end. */
    record Request(String reason, boolean saves, boolean savesNot, boolean isNow, boolean isForced) {}

    private static final long POLL_NANOS = 5_000_000;

    private final Config config;
    private final ServerState state;
    private final Persistence persistence;
    private final Replication replication;
    private final AppendOnlyFile aof;
    private final ServerLog log;
    private final Queue<Runnable> whenFailed = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean isRunning = new AtomicBoolean();
    private final CountDownLatch done = new CountDownLatch(1);
    private volatile boolean isAborted;
    /** Until when replicas are waited for; 0 while they are not. */
    private volatile long deadlineMillis;

    Shutdown(
            Config config,
            ServerState state,
            Persistence persistence,
            Replication replication,
            AppendOnlyFile aof,
            ServerLog log) {
        this.config = config;
        this.state = state;
        this.persistence = persistence;
        this.replication = replication;
        this.aof = aof;
        this.log = log;
    }

    /** Starts to end; {@code failed} is called when the server has to stay. From any thread. */
    void start(Request request, Runnable failed) {
        whenFailed.add(failed); // Several may ask, and all are told.
        if (!isRunning.compareAndSet(false, true)) {
            return;
        }
        isAborted = false;
        log.warning(request.reason());
        Thread.ofPlatform().name("redoubt-shutdown").start(() -> {
            if (persistence.isLoading()) {
                // Half a data set must not replace the file that it comes from.
                persistence.cancelLoading();
                done.countDown();
                return;
            }
            // Nothing may be acknowledged behind the snapshot that is saved.
            replication.pauseForShutdown();
            if (!request.isNow()) {
                awaitReplicas();
            }
            if (isAborted) {
                log.warning("Shutdown manually aborted");
                stay();
                return;
            }
            replication.logLaggingReplicas(System.currentTimeMillis());
            if (aof.isWritingFirst()) {
                if (!request.isForced()) {
                    log.warning("Writing initial AOF, can't exit.");
                    stayAfterErrors();
                    return;
                }
                log.warning("Writing initial AOF. Exit anyway.");
            } else if (aof.rewriter().isRunning()) {
                log.warning("There is a child rewriting the AOF. Killing it!");
            }
            aof.rewriter().cancelAndWait(); // It holds the one snapshot that a save would need.
            aof.finish();
            if (saves(request) && !save() && !request.isForced()) {
                log.warning("Error trying to save the DB, can't exit.");
                stayAfterErrors();
                return;
            }
            if (isAborted) {
                log.warning("Shutdown manually aborted");
                stay();
                return;
            }
            done.countDown();
        });
    }

    /** Gives replicas time to get what they miss: who is to be the next master must have every write. */
    private void awaitReplicas() {
        deadlineMillis = System.currentTimeMillis() + config.general.shutdownTimeout.value() * 1000;
        if (!replication.areReplicasInSync()) {
            log.notice("Waiting for replicas before shutting down.");
        }
        while (!isAborted && !replication.areReplicasInSync() && System.currentTimeMillis() < deadlineMillis) {
            LockSupport.parkNanos(POLL_NANOS);
        }
        deadlineMillis = 0;
    }

    /** How long replicas are waited for at most, in milliseconds; -1 when they are not. */
    long millisLeft() {
        long deadline = deadlineMillis;
        return deadline == 0 ? -1 : Math.max(0, deadline - System.currentTimeMillis());
    }

    private boolean saves(Request request) {
        return request.saves()
                || !request.savesNot() && !config.persistence.save.value().isEmpty();
    }

    private boolean save() {
        log.notice("Saving the final RDB snapshot before exiting.");
        return persistence.saveNow();
    }

    private void stayAfterErrors() {
        log.warning("Errors trying to shut down the server. Check the logs for more information.");
        stay();
    }

    private void stay() {
        state.unpause(ServerState.Pause.SHUTDOWN);
        isRunning.set(false);
        for (var told = whenFailed.poll(); told != null; told = whenFailed.poll()) {
            told.run();
        }
    }

    /** Whether there was a shutdown to abort. */
    boolean abort() {
        if (!isRunning.get()) {
            return false;
        }
        isAborted = true;
        return true;
    }

    /** Ends without ado: an embedder closes its server. */
    void finish() {
        done.countDown();
    }

    /** Waits until the server has to go. */
    void await() throws InterruptedException {
        done.await();
    }
}
