package io.redoubt.command;

import io.redoubt.resp.Glob;
import io.redoubt.resp.Reply;
import io.redoubt.store.Entry;
import io.redoubt.store.Keyspace;
import io.redoubt.type.Encoding;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes names of keys that nobody named: those that are alive, that the user may know of and that the filters of KEYS
 * and SCAN let through. One per call.
 */
final class KeyListing implements Keyspace.EntryVisitor {
    private final Reply reply;
    private final Gate gate;
    private final @Nullable Principal filtered;
    private final long nowMillis;
    private Args args = new Args();
    private int patternArg = -1;
    private int typeArg = -1;
    private long limit = Long.MAX_VALUE;
    private long count;
    private @Nullable List<byte[]> expired;

    KeyListing(Reply reply, Gate gate, Session session, long nowMillis) {
        this.reply = reply;
        this.gate = gate;
        this.nowMillis = nowMillis;
        var user = session.user();
        filtered = user != null && !session.isMaster() && gate.mustFilterKeys(user) ? user : null;
    }

    /** Shows only names that match the pattern in an argument. */
    void match(Args newArgs, int arg) {
        args = newArgs;
        // A lone star takes every name, the empty one too, which as a pattern it would not match.
        boolean isStar = args.length(arg) == 1 && args.buffer()[args.start(arg)] == '*';
        patternArg = isStar ? -1 : arg;
    }

    /** Shows only keys of the type that an argument names. */
    void type(Args newArgs, int arg) {
        args = newArgs;
        typeArg = arg;
    }

    /** Shows so many names at most. */
    void limit(long most) {
        limit = most;
    }

    /** Remembers the names that have passed the pattern and have expired, for the caller to delete. */
    void collectExpired() {
        expired = new ArrayList<>();
    }

    /** The names that {@link #collectExpired} asked for. */
    List<byte[]> expired() {
        return expired == null ? List.of() : expired;
    }

    /** How many names were written. */
    long count() {
        return count;
    }

    @Override
    public void visit(Entry entry) {
        if (count < limit && isShown(entry)) {
            reply.bulk(entry.keyBuffer(), entry.keyStart(), entry.keyLength());
            count++;
        }
    }

    /** Whether the entry passes all filters. */
    boolean isShown(Entry entry) {
        byte[] buffer = entry.keyBuffer();
        int start = entry.keyStart();
        int length = entry.keyLength();
        if (patternArg >= 0
                && !Glob.matches(
                        args.buffer(), args.start(patternArg), args.length(patternArg), buffer, start, length, false)) {
            return false;
        }
        if (!isAlive(entry, nowMillis)) {
            if (expired != null) {
                expired.add(Arrays.copyOfRange(buffer, start, start + length));
            }
            return false;
        }
        return (typeArg < 0 || isOfType(entry)) && (filtered == null || gate.mayRead(filtered, buffer, start, length));
    }

    static boolean isAlive(Entry entry, long nowMillis) {
        return entry.expiryMillis() == Keyspace.NO_EXPIRY || entry.expiryMillis() > nowMillis;
    }

    private boolean isOfType(Entry entry) {
        String name = Encoding.typeName(entry.encoding());
        return args.length(typeArg) == name.length() && args.text(typeArg).equalsIgnoreCase(name);
    }
}
