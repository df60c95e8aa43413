package io.redoubt.store;

import io.redoubt.memory.HeapBudget;
import io.redoubt.memory.SipHash;
import io.redoubt.type.Thresholds;

/** One shard: a lock and its part of every database. */
final class Shard {
    final ShardLock lock = new ShardLock();
    final Partition[] databases;
    final KeyFollowers followers = new KeyFollowers();
    /** Active expiry: where it goes on, per database. */
    final long[] expiryCursors;

    Shard(int databaseCount, int chunkBytes, HeapBudget heap, SipHash sip, Thresholds thresholds) {
        databases = new Partition[databaseCount];
        expiryCursors = new long[databaseCount];
        for (int i = 0; i < databaseCount; i++) {
            databases[i] = new Partition(chunkBytes, heap, sip, thresholds);
        }
    }
}
