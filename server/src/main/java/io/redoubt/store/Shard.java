package io.redoubt.store;

import io.redoubt.memory.HeapBudget;
import io.redoubt.memory.SipHash;
import io.redoubt.type.Thresholds;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/** One shard: a lock and its part of every database. */
final class Shard {
    final ShardLock lock = new ShardLock();
    /** Behind those that clients see there may be as many that are being loaded. */
    Partition[] databases = {};

    final KeyFollowers followers = new KeyFollowers();
    /** Active expiry: where it goes on, per database. */
    long[] expiryCursors = {};

    /** On a replica: keys to which its own clients gave an expiry. No master will delete them. */
    final Set<KeyName> ownExpiries = new HashSet<>();

    Shard(int databaseCount, int chunkBytes, HeapBudget heap, SipHash sip, Thresholds thresholds) {
        setDatabaseCount(databaseCount, chunkBytes, heap, sip, thresholds);
    }

    /** Adds empty databases, or drops the last. */
    void setDatabaseCount(int count, int chunkBytes, HeapBudget heap, SipHash sip, Thresholds thresholds) {
        var resized = Arrays.copyOf(databases, count);
        for (int i = databases.length; i < count; i++) {
            resized[i] = new Partition(chunkBytes, heap, sip, thresholds);
        }
        databases = resized;
        expiryCursors = Arrays.copyOf(expiryCursors, count);
    }
}
