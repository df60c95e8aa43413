package io.redoubt.command;

import io.redoubt.store.KeyName;
import io.redoubt.store.Keyspace;
import io.redoubt.store.Unit;
import java.util.Arrays;

/** Takes the locks that a request needs: those of the shards of the keys in its form. One per loop. */
final class ShardLocks {
    private final Keyspace keyspace;
    private final Unit unit;
    private final long[] wanted;

    ShardLocks(Keyspace keyspace, Unit unit) {
        this.keyspace = keyspace;
        this.unit = unit;
        wanted = new long[(keyspace.shardCount() + 63) / 64];
    }

    /** Takes the locks of a form's keys, and lets go of others; none for a form without keys. */
    void take(Args args, Form form) {
        if (keyspace.shardCount() == 1) {
            return;
        }
        int count = form.keyCount();
        if (count == 0) {
            unit.unlockAll();
            return;
        }
        int first = shardOf(args, form.keyArg(0));
        boolean same = true;
        for (int i = 1; i < count && same; i++) {
            same = shardOf(args, form.keyArg(i)) == first;
        }
        if (same) {
            unit.lock(first);
            return;
        }
        Arrays.fill(wanted, 0);
        addTo(wanted, args, form);
        unit.lockAll(wanted);
    }

    /** Takes the locks of a set of shards. */
    void take(long[] shards) {
        if (keyspace.shardCount() > 1) {
            unit.lockAll(shards);
        }
    }

    /** Adds the shards of a form's keys to a set. */
    void addTo(long[] shards, Args args, Form form) {
        for (int i = 0; i < form.keyCount(); i++) {
            int shard = shardOf(args, form.keyArg(i));
            shards[shard >> 6] |= 1L << shard;
        }
    }

    /** Adds the shard of a key to a set. */
    void addTo(long[] shards, KeyName key) {
        int shard = keyspace.shardOf(key.bytes(), 0, key.bytes().length);
        shards[shard >> 6] |= 1L << shard;
    }

    private int shardOf(Args args, int arg) {
        return keyspace.shardOf(args.buffer(), args.start(arg), args.length(arg));
    }
}
