package io.redoubt.replication;

import io.redoubt.command.Call;
import io.redoubt.command.ClientWait;
import io.redoubt.command.Errors;
import io.redoubt.command.LateReply;
import io.redoubt.command.Session;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Clients that wait until enough replicas have what they wrote (WAIT), or until it is on enough disks (WAITAOF), and the
 * question to replicas how far they are.
 */
final class AckWaits {
    private static final byte[] GETACK =
            "*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] ROLE_CHANGED =
            Errors.line("UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)");

    static final byte[] NO_FILE =
            Errors.line("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");

    private final Replication replication;
    private final Set<Wait> all = ConcurrentHashMap.newKeySet();
    /** Where the stream stood behind the last question: while it stands there, another would learn nothing. */
    private volatile long askedAt;
    /** Somebody wants to ask, but nothing may enter the stream now. */
    private volatile boolean wantsToAsk;

    AckWaits(Replication replication) {
        this.replication = replication;
    }

    /** Suspends a client until so many replicas have acknowledged its writes. In the command's handler. */
    void add(Call call, long wanted, long millis) {
        add(call, new Wait(call, wanted, false, false), millis);
    }

    /** Suspends a client until its writes are on the disks of so many replicas, and on ours if that is wanted. */
    void addForDisks(Call call, boolean wantsOurs, long wanted, long millis) {
        add(call, new Wait(call, wanted, true, wantsOurs), millis);
    }

    /** @param millis how long at most; 0 for ever */
    private void add(Call call, Wait wait, long millis) {
        var session = call.session();
        call.suspend();
        all.add(wait);
        session.setWaiter(wait);
        if (millis > 0) {
            session.link().callAt(call.nowMillis() + Math.min(millis, Long.MAX_VALUE >> 1), wait::endWithNothing);
        }
        if (wait.wanted > 0) {
            ask();
        }
        wait.endIfEnough(); // An acknowledgement may have come before we were in the set.
    }

    /** Asks all replicas for an acknowledgement; later, while clients are paused, since that moves the offset. */
    void ask() {
        long end = replication.appendQuestion(GETACK, askedAt);
        wantsToAsk = end < 0;
        if (!wantsToAsk) {
            askedAt = end;
            replication.beforeReplies();
        }
    }

    /** Some times a second. */
    void tick() {
        if (wantsToAsk) {
            ask();
        }
    }

    /** A replica has told how far it is, or our disk holds more. From any thread. */
    void acknowledged() {
        for (var wait : all) {
            wait.endIfEnough();
        }
    }

    /** This server has become a replica, whose clients' writes nobody acknowledges. Exclusive mode. */
    void roleChanged() {
        wantsToAsk = false;
        for (var wait : all) {
            if (wait.endWithError(ROLE_CHANGED)) {
                wait.session.link().closeAfterReplies();
            }
        }
    }

    private final class Wait implements ClientWait {
        private final Session session;
        private final long offset;
        private final long fileOffset;
        private final long wanted;
        private final boolean isForDisks;
        private final boolean wantsOurs;
        private final LateReply late;
        private final AtomicBoolean isDone = new AtomicBoolean();

        Wait(Call call, long wanted, boolean isForDisks, boolean wantsOurs) {
            session = call.session();
            offset = session.streamOffset();
            fileOffset = session.fileOffset();
            this.wanted = wanted;
            this.isForDisks = isForDisks;
            this.wantsOurs = wantsOurs;
            late = call.lateReply();
        }

        void endIfEnough() {
            if (wantsOurs && !replication.hasFile()) {
                endWithError(NO_FILE);
            } else if (count() >= wanted && (!wantsOurs || replication.isDurable(fileOffset))) {
                endWithNothing();
            }
        }

        private int count() {
            return isForDisks ? replication.durableCount(offset) : replication.acknowledgedCount(offset);
        }

        @Override
        public boolean endWithNothing() {
            if (!claim()) {
                return false;
            }
            int count = count();
            boolean isOnOurs = isForDisks && replication.isDurable(fileOffset);
            late.send(reply -> {
                if (isForDisks) {
                    reply.arrayHeader(2);
                    reply.integer(isOnOurs ? 1 : 0);
                }
                reply.integer(count);
            });
            return true;
        }

        @Override
        public boolean endWithError(byte[] line) {
            if (!claim()) {
                return false;
            }
            late.send(reply -> reply.error(line));
            return true;
        }

        @Override
        public void gone() {
            claim();
        }

        private boolean claim() {
            if (!isDone.compareAndSet(false, true)) {
                return false;
            }
            all.remove(this);
            session.setWaiter(null);
            return true;
        }
    }
}
