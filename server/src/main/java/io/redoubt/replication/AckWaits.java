package io.redoubt.replication;

import io.redoubt.command.Call;
import io.redoubt.command.ClientWait;
import io.redoubt.command.Errors;
import io.redoubt.command.Session;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;

/** Clients that wait until enough replicas have what they wrote (WAIT), and the question to replicas how far they are. */
final class AckWaits {
    private static final byte[] GETACK =
            "*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] ROLE_CHANGED =
            Errors.line("UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)");

    private final Replication replication;
    private final Set<Wait> all = ConcurrentHashMap.newKeySet();
    /** Where the stream stood behind the last question: while it stands there, another would learn nothing. */
    private volatile long askedAt;
    /** Somebody wants to ask, but nothing may enter the stream now. */
    private volatile boolean wantsToAsk;

    AckWaits(Replication replication) {
        this.replication = replication;
    }

    /**
     * Suspends a client until so many replicas have acknowledged its writes. In the command's handler.
     *
     * @param millis how long at most; 0 for ever
     */
    void add(Call call, long wanted, long millis) {
        var session = call.session();
        call.suspend();
        var wait = new Wait(session, session.streamOffset(), wanted);
        all.add(wait);
        session.setWaiter(wait);
        if (millis > 0) {
            session.link().callAt(call.nowMillis() + Math.min(millis, Long.MAX_VALUE >> 1), wait::endWithNothing);
        }
        ask();
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

    /** A replica has told how far it is. */
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
        private final long wanted;
        private final boolean isSilent;
        private final AtomicBoolean isDone = new AtomicBoolean();

        Wait(Session session, long offset, long wanted) {
            this.session = session;
            this.offset = offset;
            this.wanted = wanted;
            isSilent = session.replyMode() != Session.ReplyMode.ON;
        }

        void endIfEnough() {
            if (replication.acknowledgedCount(offset) >= wanted) {
                endWithNothing();
            }
        }

        @Override
        public boolean endWithNothing() {
            if (!claim()) {
                return false;
            }
            long count = replication.acknowledgedCount(offset);
            session.link().resume(reply -> {
                if (!isSilent) {
                    reply.integer(count);
                }
            });
            return true;
        }

        @Override
        public boolean endWithError(byte[] line) {
            if (!claim()) {
                return false;
            }
            session.link().resume(reply -> {
                if (!isSilent) {
                    reply.error(line);
                }
            });
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
