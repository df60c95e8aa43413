package io.redoubt.pubsub;

import io.redoubt.command.Session;
import io.redoubt.memory.SipHash;
import io.redoubt.resp.Glob;
import io.redoubt.resp.Reply;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Who listens to what, and the way of messages to them. A loop alone knows its subscribers, so a message crosses to
 * another loop once, however many listen there: it is put into the {@link Mailbox} of each loop that has listeners, while
 * a lock of its channel is held, so that all mailboxes have the messages of a channel in the same order. Before a loop
 * adds or removes a subscriber it delivers what is in its mailbox: what was published before a subscription does not
 * reach it, and nothing follows the reply to UNSUBSCRIBE.
 */
public final class PubSub {
    private static final int LOCKS = 64;

    private final SipHash sip;
    private final ConcurrentMap<Name, Topic> channels = new ConcurrentHashMap<>();
    private final ConcurrentMap<Name, Topic> patterns = new ConcurrentHashMap<>();
    private final ConcurrentMap<Name, Topic> shardChannels = new ConcurrentHashMap<>();
    private final ReentrantLock[] locks = new ReentrantLock[LOCKS];
    private volatile Mailbox[] mailboxes = {};

    /** @param hashKey0 half of a random key, so that nobody can choose names that collide */
    public PubSub(long hashKey0, long hashKey1) {
        sip = new SipHash(hashKey0, hashKey1);
        for (int i = 0; i < LOCKS; i++) {
            locks[i] = new ReentrantLock();
        }
    }

    /** Takes the loops on which subscribers live, by number. Once, before anybody subscribes. */
    public void connect(List<? extends Executor> loops) {
        var made = new Mailbox[loops.size()];
        for (int i = 0; i < made.length; i++) {
            made[i] = new Mailbox(i, loops.get(i));
        }
        mailboxes = made;
    }

    private ConcurrentMap<Name, Topic> topics(Kind kind) {
        return switch (kind) {
            case CHANNEL -> channels;
            case PATTERN -> patterns;
            case SHARD_CHANNEL -> shardChannels;
        };
    }

    // ---- Subscriptions; on the session's loop ----

    /**
     * Delivers what was published until now, to the session whose command runs by its reply.
     *
     * @return whether the session got something
     */
    boolean deliverAll(Session session, Reply reply, int loop) {
        return loop < mailboxes.length && mailboxes[loop].deliverAll(session, reply);
    }

    /** Subscribes a session, unless it is subscribed already. */
    void subscribe(Kind kind, Session session, byte[] nameBytes, int loop) {
        var name = Name.of(sip, nameBytes);
        var subscriber = session.subscriptions() instanceof Subscriber own ? own : new Subscriber(this, session, loop);
        if (subscriber.add(kind, name)) {
            topics(kind).compute(name, (_, present) -> {
                var topic = present == null ? new Topic(kind, nameBytes, mailboxes.length) : present;
                topic.add(subscriber);
                return topic;
            });
            session.setSubscriptions(subscriber);
        }
    }

    /** Ends a subscription, if there is one. */
    void unsubscribe(Kind kind, Session session, byte[] nameBytes) {
        unsubscribe(kind, session, Name.of(sip, nameBytes));
    }

    void unsubscribe(Kind kind, Session session, Name name) {
        if (session.subscriptions() instanceof Subscriber subscriber && subscriber.remove(kind, name)) {
            topics(kind).computeIfPresent(name, (_, topic) -> {
                topic.remove(subscriber);
                return topic.count() == 0 ? null : topic;
            });
            if (subscriber.isEmpty()) {
                session.setSubscriptions(null);
            }
        }
    }

    /** A client is gone. */
    public void disconnected(Session session) {
        var subscriptions = session.subscriptions();
        if (subscriptions != null) {
            subscriptions.endAll();
        }
    }

    // ---- Messages; from any thread ----

    /** Whether anybody listens to anything that a message to a channel of this kind can reach. */
    boolean hasListeners(Kind kind) {
        return !topics(kind).isEmpty() || kind == Kind.CHANNEL && !patterns.isEmpty();
    }

    /** Makes a name to look up, which its owner uses again and again. */
    Name lookup() {
        return new Name();
    }

    /**
     * Sends a message to all who listen to a channel or to a pattern that it matches; a shard channel has no patterns.
     *
     * @param lookup used to find the channel
     * @param audience who of them may get it, asked on the loop of each; null for all
     * @return how many listen
     */
    long publish(Kind kind, Message.Content content, Name lookup, @Nullable Predicate<Session> audience) {
        lookup.set(sip, content.channel(), content.channelOffset(), content.channelLength());
        var lock = locks[lookup.hashCode() & LOCKS - 1];
        long receivers = 0;
        lock.lock();
        try {
            var topic = topics(kind).get(lookup);
            if (topic != null) {
                receivers = post(topic, Message.toChannel(kind, content, audience));
            }
            if (kind == Kind.CHANNEL && !patterns.isEmpty()) {
                receivers += publishToPatterns(content, audience);
            }
        } finally {
            lock.unlock();
        }
        return receivers;
    }

    private long publishToPatterns(Message.Content content, @Nullable Predicate<Session> audience) {
        long receivers = 0;
        for (var pattern : patterns.values()) {
            byte[] glob = pattern.name();
            if (Glob.matches(
                    glob, 0, glob.length, content.channel(), content.channelOffset(), content.channelLength(), false)) {
                receivers += post(pattern, Message.toPattern(glob, content, audience));
            }
        }
        return receivers;
    }

    private long post(Topic topic, Message message) {
        long receivers = 0;
        for (int loop = 0; loop < mailboxes.length; loop++) {
            int count = topic.count(loop);
            if (count > 0) {
                mailboxes[loop].add(topic, message);
                receivers += count;
            }
        }
        return receivers;
    }

    // ---- Figures ----

    public int channelCount() {
        return channels.size();
    }

    public int patternCount() {
        return patterns.size();
    }

    public int shardChannelCount() {
        return shardChannels.size();
    }

    /** Returns how many clients listen to one channel by its name. */
    int subscriberCount(Kind kind, byte[] name) {
        var topic = topics(kind).get(Name.of(sip, name));
        return topic == null ? 0 : topic.count();
    }

    /** Returns the names of channels that match a pattern; null for all. */
    List<byte[]> names(Kind kind, byte @Nullable [] glob) {
        var names = new ArrayList<byte[]>();
        for (var topic : topics(kind).values()) {
            byte[] name = topic.name();
            if (glob == null || Glob.matches(glob, 0, glob.length, name, 0, name.length, false)) {
                names.add(name);
            }
        }
        return names;
    }
}
