package io.redoubt.access;

import io.redoubt.resp.Reply;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What was refused, the newest first; the same again within a minute is counted, not repeated. Any thread may add.
 */
public final class AclLog {
    /** Why something was refused; the lower-case name is the word that ACL LOG shows. */
    public enum Reason {
        COMMAND,
        KEY,
        CHANNEL,
        AUTH,
        DATABASE;

        private final String word = name().toLowerCase(java.util.Locale.ROOT);
    }

    private static final int COMPARED_MAX = 10;
    private static final long FOLD_MILLIS = 60_000;
    private static final int DEFAULT_LENGTH_MAX = 128;

    private static final class Entry {
        private final long id;
        private final Reason reason;
        private final String context;
        private final String object;
        private final String username;
        private final long createdMillis;
        private long updatedMillis;
        private String clientInfo;
        private long count = 1;

        private Entry(
                long id, Reason reason, String context, String object, String username, long millis, String client) {
            this.id = id;
            this.reason = reason;
            this.context = context;
            this.object = object;
            this.username = username;
            createdMillis = millis;
            updatedMillis = millis;
            clientInfo = client;
        }

        private boolean isSame(Reason otherReason, String otherContext, String otherObject, String otherName, long now) {
            return reason == otherReason
                    && now - updatedMillis <= FOLD_MILLIS
                    && context.equals(otherContext)
                    && object.equals(otherObject)
                    && username.equals(otherName);
        }
    }

    private final boolean showsIds;
    private final ArrayDeque<Entry> entries = new ArrayDeque<>();
    private final AtomicLong[] denials = new AtomicLong[Reason.values().length];
    private int lengthMax = DEFAULT_LENGTH_MAX;
    private long nextId;

    /** @param showsIds whether entries have the fields that Redis 7.2 added */
    public AclLog(boolean showsIds) {
        this.showsIds = showsIds;
        for (int i = 0; i < denials.length; i++) {
            denials[i] = new AtomicLong();
        }
    }

    /** Sets `acllog-max-len`. */
    public synchronized void setLengthMax(int entryCount) {
        lengthMax = entryCount;
        trim();
    }

    private void trim() {
        while (entries.size() > lengthMax) {
            entries.removeLast();
        }
    }

    /** How often something was refused for a reason since the start. */
    public long denied(Reason reason) {
        return denials[reason.ordinal()].get();
    }

    /** Adds a refusal. Text is a char for each byte. */
    public synchronized void add(
            Reason reason, String context, String object, String username, String clientInfo, long nowMillis) {
        denials[reason.ordinal()].incrementAndGet();
        int compared = 0;
        for (Iterator<Entry> all = entries.iterator(); all.hasNext() && compared < COMPARED_MAX; compared++) {
            var entry = all.next();
            if (entry.isSame(reason, context, object, username, nowMillis)) {
                entry.count++;
                entry.updatedMillis = nowMillis;
                entry.clientInfo = clientInfo;
                all.remove();
                entries.addFirst(entry);
                return;
            }
        }
        entries.addFirst(new Entry(nextId++, reason, context, object, username, nowMillis, clientInfo));
        trim();
    }

    public synchronized void reset() {
        entries.clear();
    }

    /** Writes the newest entries as ACL LOG shows them. */
    synchronized void write(Reply reply, long countMax, long nowMillis) {
        int count = (int) Math.max(0, Math.min(countMax, entries.size()));
        List<Entry> shown = new ArrayList<>(entries).subList(0, count);
        reply.arrayHeader(count);
        for (var entry : shown) {
            reply.mapHeader(showsIds ? 10 : 7);
            reply.bulk("count");
            reply.integer(entry.count);
            text(reply, "reason", entry.reason.word);
            text(reply, "context", entry.context);
            text(reply, "object", entry.object);
            text(reply, "username", entry.username);
            reply.bulk("age-seconds");
            reply.real((nowMillis - entry.updatedMillis) / 1000.0);
            text(reply, "client-info", entry.clientInfo);
            if (showsIds) {
                reply.bulk("entry-id");
                reply.integer(entry.id);
                reply.bulk("timestamp-created");
                reply.integer(entry.createdMillis);
                reply.bulk("timestamp-last-updated");
                reply.integer(entry.updatedMillis);
            }
        }
    }

    private static void text(Reply reply, String field, String value) {
        reply.bulk(field);
        reply.bulk(Text.bytes(value));
    }
}
