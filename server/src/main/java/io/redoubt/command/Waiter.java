package io.redoubt.command;

import io.redoubt.resp.Reply;
import io.redoubt.store.KeyFollower;
import io.redoubt.store.KeyName;
import io.redoubt.store.Unit;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A client whose command found nothing and waits for one of its keys. Whoever ends the wait claims it first, and only
 * one succeeds: who serves it, its time-out, CLIENT UNBLOCK, a change of the role. What it waits with never changes; the
 * command is run again from a copy of the request.
 */
final class Waiter implements KeyFollower, ClientWait {
    private static final int WAITING = 0;
    /** Somebody runs its command again; it may turn out that there is nothing for it yet. */
    private static final int SERVING = 1;

    private static final int DONE = 2;
    private static final int RETRY_MILLIS = 1;

    private final Waiters waiters;
    private final Session session;
    private final CommandSpec spec;
    private final RequestQueue request = new RequestQueue();
    private final List<KeyName> keys;
    private final boolean spansShards;
    private final boolean isSilent;
    private final Call.Nothing nothing;
    private final AtomicInteger state = new AtomicInteger(WAITING);

    /**
     * @param keys those that it waits for
     * @param spansShards whether it uses keys of several shards
     */
    Waiter(Waiters waiters, Call call, List<KeyName> keys, boolean spansShards) {
        this.waiters = waiters;
        this.keys = keys;
        this.spansShards = spansShards;
        session = call.session();
        spec = call.spec();
        request.add(spec, call.args());
        nothing = call.nothing();
        isSilent = session.replyMode() != Session.ReplyMode.ON;
    }

    Session session() {
        return session;
    }

    CommandSpec spec() {
        return spec;
    }

    List<KeyName> keys() {
        return keys;
    }

    void pointAt(Args args) {
        request.pointAt(0, args);
    }

    @Override
    public boolean spansShards() {
        return spansShards;
    }

    @Override
    public void keyChanged(Unit unit, KeyName key) {
        unit.ready(key);
    }

    /** Keeps everybody else from ending the wait; false when it has ended. */
    boolean beginServing() {
        return state.compareAndSet(WAITING, SERVING);
    }

    /** There was nothing for it: it goes on waiting where it stood, unless its client has gone meanwhile. */
    void goOn() {
        state.compareAndSet(SERVING, WAITING);
    }

    /** It was served: its client gets the reply. */
    void served(byte[] reply) {
        state.set(DONE);
        answer(reply);
    }

    /** On the loop of its connection: the time is over. */
    void timedOut() {
        if (state.get() == SERVING) {
            // Whoever serves it will be done in a moment, perhaps in vain.
            session.link().callAt(System.currentTimeMillis() + RETRY_MILLIS, this::timedOut);
        } else {
            endWithNothing();
        }
    }

    @Override
    public boolean endWithNothing() {
        if (!state.compareAndSet(WAITING, DONE)) {
            return false;
        }
        waiters.remove(this);
        session.link().resume(reply -> {
            if (!isSilent) {
                nothing.write(reply);
            }
        });
        return true;
    }

    @Override
    public boolean endWithError(byte[] line) {
        if (!state.compareAndSet(WAITING, DONE)) {
            return false;
        }
        spec().stats().failLater();
        answer(line);
        return true;
    }

    @Override
    public void gone() {
        state.set(DONE);
        waiters.remove(this);
    }

    private void answer(byte[] bytes) {
        waiters.remove(this);
        session.link().resume(reply -> {
            if (!isSilent) {
                write(bytes, reply);
            }
        });
    }

    private static void write(byte[] bytes, Reply reply) {
        if (bytes.length > 0 && bytes[0] == '-') {
            reply.error(bytes); // Counted where it is answered.
        } else {
            reply.raw(bytes, 0, bytes.length);
        }
    }
}
