package io.redoubt.command;

import java.util.Collection;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** All clients of a server, by id. */
public final class Sessions {
    private final ConcurrentMap<Long, Session> byId = new ConcurrentHashMap<>();
    private final AtomicLong lastId = new AtomicLong();

    /** Returns an id that no client had before. */
    public long nextId() {
        return lastId.incrementAndGet();
    }

    public void add(Session session) {
        byId.put(session.id(), session);
    }

    public void remove(Session session) {
        byId.remove(session.id());
    }

    public @Nullable Session byId(long id) {
        return byId.get(id);
    }

    /** Returns a live view in no order. */
    public Collection<Session> all() {
        return byId.values();
    }

    public int count() {
        return byId.size();
    }
}
