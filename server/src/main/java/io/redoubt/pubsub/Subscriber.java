package io.redoubt.pubsub;

import io.redoubt.command.Session;
import io.redoubt.command.Subscriptions;
import io.redoubt.resp.Reply;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;

/** A client with subscriptions. Its loop changes them; others may look. */
final class Subscriber implements Subscriptions {
    private final PubSub pubSub;
    private final Session session;
    private final int loop;
    private final Map<Kind, LinkedHashSet<Name>> names = new EnumMap<>(Kind.class);

    Subscriber(PubSub pubSub, Session session, int loop) {
        this.pubSub = pubSub;
        this.session = session;
        this.loop = loop;
    }

    Session session() {
        return session;
    }

    int loop() {
        return loop;
    }

    synchronized boolean add(Kind kind, Name name) {
        return names.computeIfAbsent(kind, _ -> new LinkedHashSet<>()).add(name);
    }

    synchronized boolean remove(Kind kind, Name name) {
        var own = names.get(kind);
        return own != null && own.remove(name);
    }

    synchronized List<Name> names(Kind kind) {
        var own = names.get(kind);
        return own == null ? List.of() : new ArrayList<>(own);
    }

    synchronized int count(Kind kind) {
        var own = names.get(kind);
        return own == null ? 0 : own.size();
    }

    boolean isEmpty() {
        return channelCount() + patternCount() + shardChannelCount() == 0;
    }

    @Override
    public void deliverTo(Reply reply) {
        pubSub.deliverAll(session, reply, loop);
    }

    @Override
    public int channelCount() {
        return count(Kind.CHANNEL);
    }

    @Override
    public int patternCount() {
        return count(Kind.PATTERN);
    }

    @Override
    public int shardChannelCount() {
        return count(Kind.SHARD_CHANNEL);
    }

    @Override
    public boolean areAllowedBy(Judge judge) {
        for (var kind : Kind.values()) {
            for (var name : names(kind)) {
                if (!judge.allows(name.bytes(), kind == Kind.PATTERN)) {
                    return false;
                }
            }
        }
        return true;
    }

    @Override
    public void endAll() {
        for (var kind : Kind.values()) {
            for (var name : names(kind)) {
                pubSub.unsubscribe(kind, session, name);
            }
        }
    }
}
