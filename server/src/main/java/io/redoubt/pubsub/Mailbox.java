package io.redoubt.pubsub;

import io.redoubt.command.Session;
import io.redoubt.resp.Reply;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Messages on their way to the subscribers of one loop, in the order in which all of them get these messages. Anybody
 * adds; the loop delivers, when its turn ends or before it changes subscriptions.
 */
final class Mailbox {
    /** After so many messages the loop looks at its sockets again. */
    private static final int TURN_MAX = 10_000;

    private record Delivery(Topic topic, Message message) {}

    private final int loop;
    private final Executor executor;
    private final Queue<Delivery> deliveries = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean isAnnounced = new AtomicBoolean();
    private final Runnable turn = this::deliverSome;

    Mailbox(int loop, Executor executor) {
        this.loop = loop;
        this.executor = executor;
    }

    /** Adds a message for all who listen to a topic on this loop. From any thread. */
    void add(Topic topic, Message message) {
        deliveries.add(new Delivery(topic, message));
        announce();
    }

    private void announce() {
        if (!isAnnounced.get() && isAnnounced.compareAndSet(false, true)) {
            executor.execute(turn);
        }
    }

    private void deliverSome() {
        isAnnounced.set(false);
        int count = 0;
        for (var next = deliveries.poll(); next != null; next = deliveries.poll()) {
            deliver(next, null, null);
            if (++count == TURN_MAX) {
                announce();
                return;
            }
        }
    }

    /**
     * Delivers all there is. On the loop, while a session's command runs.
     *
     * @param current the session, whose messages go into its reply
     * @return whether there were some for it
     */
    boolean deliverAll(Session current, Reply reply) {
        boolean isTold = false;
        for (var next = deliveries.poll(); next != null; next = deliveries.poll()) {
            isTold |= deliver(next, current, reply);
        }
        return isTold;
    }

    private boolean deliver(Delivery delivery, @Nullable Session current, @Nullable Reply reply) {
        var subscribers = delivery.topic.on(loop);
        if (subscribers == null) {
            return false;
        }
        boolean isTold = false;
        var message = delivery.message;
        for (var subscriber : subscribers) {
            var session = subscriber.session();
            if (session.isClosing() || !message.isFor(session)) {
                continue;
            }
            byte[] bytes = message.bytes(session.protocol());
            if (reply != null && session == current) {
                reply.raw(bytes, 0, bytes.length);
                isTold = true;
            } else {
                session.link().enqueue(bytes);
            }
        }
        return isTold;
    }
}
