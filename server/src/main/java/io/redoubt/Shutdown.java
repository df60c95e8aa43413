package io.redoubt;

import io.redoubt.command.ServerState;
import io.redoubt.config.Config;
import io.redoubt.observe.ServerLog;
import io.redoubt.persist.Persistence;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

/** The orderly end: no more commands, a save where the configuration asks for one, then the process may go. */
final class Shutdown {
    /** How to end. */
    record Request(String reason, boolean saves, boolean savesNot, boolean isNow, boolean isForced) {}

    private final Config config;
    private final ServerState state;
    private final Persistence persistence;
    private final ServerLog log;
    private final AtomicBoolean isRunning = new AtomicBoolean();
    private final CountDownLatch done = new CountDownLatch(1);
    private volatile boolean isAborted;

    Shutdown(Config config, ServerState state, Persistence persistence, ServerLog log) {
        this.config = config;
        this.state = state;
        this.persistence = persistence;
        this.log = log;
    }

    /** Starts to end; {@code failed} is called when the server has to stay. From any thread. */
    void start(Request request, Runnable failed) {
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
            state.pause(Long.MAX_VALUE, false); // Reads go on, and so does SHUTDOWN ABORT.
            if (saves(request) && !save() && !request.isForced()) {
                log.warning("Error trying to save the DB, can't exit.");
                stay(failed);
                return;
            }
            if (isAborted) {
                log.warning("Shutdown manually aborted");
                stay(failed);
                return;
            }
            done.countDown();
        });
    }

    private boolean saves(Request request) {
        return request.saves()
                || !request.savesNot() && !config.persistence.save.value().isEmpty();
    }

    private boolean save() {
        log.notice("Saving the final RDB snapshot before exiting.");
        return persistence.saveNow();
    }

    private void stay(Runnable failed) {
        state.unpause();
        isRunning.set(false);
        failed.run();
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
