package io.redoubt.command;

import io.redoubt.store.KeyFollower;
import io.redoubt.store.KeyName;
import io.redoubt.store.Keyspace;
import io.redoubt.store.Unit;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What MULTI and WATCH have begun on one connection: the requests that wait for EXEC, and the keys whose change makes it
 * do nothing. Only the connection's loop uses it; a change of a watched key may come from any loop.
 */
final class Transaction {
    private static final int STALE_AND_LOADING = 1 << CommandFlag.STALE.ordinal() | 1 << CommandFlag.LOADING.ordinal();

    private static final @Nullable Errand[] NO_ERRANDS = {};

    private final Keyspace keyspace;
    private final RequestQueue queue = new RequestQueue();
    private final Map<KeyName, WatchedKey> watched = new LinkedHashMap<>();
    /** The shards of keys that queued requests name. */
    private final long[] shards;

    private volatile boolean isOpen;
    private boolean isBroken;
    private volatile boolean isDirty;
    private volatile int watchedCount;
    private boolean isExclusive;
    private boolean hasErrands;
    /** By request; empty until EXEC has asked for them. */
    private @Nullable Errand[] errands = NO_ERRANDS;

    private int flagBits;
    private int commonFlagBits;

    Transaction(Keyspace keyspace) {
        this.keyspace = keyspace;
        shards = new long[(keyspace.shardCount() + 63) / 64];
        forgetQueue();
    }

    /** One watched key. */
    private final class WatchedKey implements KeyFollower {
        /** When it was first watched, there was no such key, or it had expired. */
        final boolean wasAbsent;

        WatchedKey(boolean wasAbsent) {
            this.wasAbsent = wasAbsent;
        }

        @Override
        public void keyChanged(Unit unit, KeyName key) {
            // That an expired key is gone for good is no change.
            if (!wasAbsent || keyspace.isPresent(unit, key)) {
                isDirty = true;
            }
        }
    }

    // ---- The queue ----

    /** MULTI. */
    void open() {
        isOpen = true;
    }

    boolean isOpen() {
        return isOpen;
    }

    RequestQueue queue() {
        return queue;
    }

    /** Keeps a request for EXEC. One that cannot come to anything any more is not kept. */
    void add(CommandSpec spec, Args args, Form form, ShardLocks locks) {
        if (isBroken || isDirty) {
            return;
        }
        queue.add(spec, args);
        locks.addTo(shards, args, form);
        hasErrands |= spec.errands() != null;
        flagBits |= spec.flagBits();
        commonFlagBits &= spec.flagBits();
        // A walk takes locks by itself, one after another.
        isExclusive |= spec.has(CommandFlag.EXCLUSIVE) || form.touchesCurrentDatabase;
    }

    /** A request could not be queued, so EXEC will run none. */
    void breakUp() {
        isBroken = true;
    }

    boolean isBroken() {
        return isBroken;
    }

    /** The flags of EXEC together with those of what it would run. */
    int flagBitsWith(int execBits) {
        return isOpen ? (execBits | flagBits) & (~STALE_AND_LOADING | commonFlagBits) : execBits;
    }

    /** Whether some queued request needs the whole keyspace. */
    boolean isExclusive() {
        return isExclusive;
    }

    /** Whether something may have to be done before it runs. */
    boolean hasErrands() {
        return hasErrands;
    }

    /** Whether EXEC has asked what is to be done. */
    boolean knowsErrands() {
        return errands.length > 0;
    }

    @Nullable
    Errand errand(int index) {
        return index < errands.length ? errands[index] : null;
    }

    void setErrand(int index, Errand errand) {
        if (!knowsErrands()) {
            errands = new @Nullable Errand[queue.count()];
        }
        errands[index] = errand;
    }

    /** The shards that EXEC needs: those of queued requests and of watched keys. */
    long[] shardsForExec(ShardLocks locks) {
        for (var key : watched.keySet()) {
            locks.addTo(shards, key);
        }
        return shards;
    }

    /** Ends what MULTI and WATCH have begun. */
    void end() {
        isOpen = false;
        forgetQueue();
        unwatch();
    }

    private void forgetQueue() {
        queue.clear();
        isBroken = false;
        isExclusive = false;
        hasErrands = false;
        errands = NO_ERRANDS;
        flagBits = 0;
        commonFlagBits = STALE_AND_LOADING;
        java.util.Arrays.fill(shards, 0);
    }

    // ---- Watched keys ----

    /** WATCH. The caller holds the key's shard. */
    void watch(Unit unit, KeyName key) {
        if (isDirty || watched.containsKey(key)) {
            return;
        }
        var follower = new WatchedKey(!keyspace.isPresent(unit, key));
        watched.put(key, follower);
        watchedCount = watched.size();
        keyspace.follow(key, follower);
    }

    int watchedCount() {
        return watchedCount;
    }

    /** UNWATCH. */
    void unwatch() {
        watched.forEach(keyspace::unfollow);
        watched.clear();
        watchedCount = 0;
        isDirty = false;
    }

    /** Whether a watched key has changed, as far as anybody has noticed. */
    boolean isDirty() {
        return isDirty;
    }

    /** Whether a watched key has changed, or has expired unnoticed. The caller holds the shards of all of them. */
    boolean isDirty(Unit unit) {
        if (!isDirty) {
            watched.forEach((key, follower) -> {
                if (!follower.wasAbsent && !keyspace.isPresent(unit, key)) {
                    isDirty = true;
                }
            });
        }
        return isDirty;
    }
}
