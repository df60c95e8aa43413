package io.redoubt.store;

import io.redoubt.log.Effects;
import io.redoubt.type.Element;
import io.redoubt.type.HashValue;
import java.util.Arrays;
import java.util.LinkedHashSet;
import org.jspecify.annotations.Nullable;

/**
 * What one loop is doing in the keyspace: the clock, the effects, the locks it holds, the number of changes. A unit is
 * one command, or many (a transaction, a script): it begins and ends once, and its effects leave as one run.
 */
public final class Unit {
    private final Keyspace keyspace;
    private final int loop;
    private final Effects effects = new Effects();
    private final long[] held;
    private Partition[] freed = new Partition[4];
    /** Keys that somebody waits for and that have changed since those who wait were looked at. */
    private final LinkedHashSet<KeyName> ready = new LinkedHashSet<>();

    private int freedCount;
    private int heldCount;
    private long nowMillis;
    private long changes;
    private long valueChanges;
    private boolean isFromMaster;
    // Figures for INFO: written by this loop only, added up by the keyspace.
    long changesSinceStart;
    long expiredKeys;
    long expiredFields;
    long hits;
    long misses;
    /** Keeps {@link Keyspace#fetch} from being optimised away. */
    int fetched;

    private int[] hashesAhead = new int[16];
    /** Deletes fields that have expired. */
    final HashValue expiringHash = new HashValue();

    final Element expiredField = new Element();

    Unit(Keyspace keyspace, int loop) {
        this.keyspace = keyspace;
        this.loop = loop;
        held = new long[(keyspace.shardCount() + 63) / 64];
    }

    /** Begins a unit. */
    public void begin(long now, boolean fromMaster) {
        nowMillis = now;
        changes = 0;
        isFromMaster = fromMaster;
        // What a master sends goes into our own stream as it came.
        effects.begin(
                keyspace.aof().isActive() || !fromMaster && keyspace.stream().takesEffects());
    }

    /** Ends a unit: its effects leave, and what it freed may be used again. The locks are still held. */
    public void end() {
        if (effects.count() > 0) {
            // The file first: replicas are not told more than what it holds.
            keyspace.aof().append(effects, nowMillis);
            if (!isFromMaster) {
                keyspace.stream().append(effects);
            }
        }
        if (changes > 0) {
            changesSinceStart += changes;
        }
        for (int i = 0; i < freedCount; i++) {
            freed[i].arena.endUnit();
        }
        freedCount = 0;
    }

    int[] hashesAhead(int count) {
        if (hashesAhead.length < count) {
            hashesAhead = new int[count];
        }
        return hashesAhead;
    }

    public int loop() {
        return loop;
    }

    public Effects effects() {
        return effects;
    }

    public long nowMillis() {
        return nowMillis;
    }

    /** Whether the commands come from our master, which alone decides what has expired. */
    public boolean isFromMaster() {
        return isFromMaster;
    }

    /** Counts a change, for `rdb_changes_since_last_save`. */
    public void changed() {
        changes++;
    }

    public void changed(long count) {
        changes += count;
    }

    public long changes() {
        return changes;
    }

    /** A value that is in its place is changed by a type, whoever counts it as a change, and whether anybody does. */
    void valueChanged() {
        valueChanges++;
    }

    /** Grows with each change by a type. */
    public long valueChanges() {
        return valueChanges;
    }

    // ---- Keys that somebody waits for. They outlive the unit: who waits is served behind its end. ----

    /** A key that somebody waits for has changed. */
    public void ready(KeyName key) {
        ready.add(key);
    }

    public boolean hasReady() {
        return !ready.isEmpty();
    }

    /** Takes the key that was ready first; null when there is none. */
    public @Nullable KeyName takeReady() {
        return ready.isEmpty() ? null : ready.removeFirst();
    }

    // ---- Locks. Shards are taken in ascending order, and none while holding others. ----

    boolean holds(int shard) {
        return (held[shard >> 6] & 1L << shard) != 0;
    }

    /**
     * Whether a held shard has a follower who needs other shards as well: then what wakes followers is better done in
     * exclusive mode.
     */
    public boolean holdsSpanningFollowers() {
        if (heldCount == 0) {
            return false;
        }
        for (int word = 0; word < held.length; word++) {
            for (long bits = held[word]; bits != 0; bits &= bits - 1) {
                if (keyspace.shard(word * 64 + Long.numberOfTrailingZeros(bits))
                        .followers
                        .haveSpanning()) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Takes one shard, letting go of any other; keeps it when it is held already. */
    public void lock(int shard) {
        if (heldCount == 1 && holds(shard)) {
            return;
        }
        unlockAll();
        keyspace.shard(shard).lock.lock();
        held[shard >> 6] |= 1L << shard;
        heldCount = 1;
    }

    /** Takes all shards whose bits are set. */
    public void lockAll(long[] wanted) {
        unlockAll();
        for (int word = 0; word < wanted.length; word++) {
            for (long bits = wanted[word]; bits != 0; bits &= bits - 1) {
                keyspace.shard(word * 64 + Long.numberOfTrailingZeros(bits))
                        .lock
                        .lock();
                heldCount++;
            }
            held[word] = wanted[word];
        }
    }

    /** Lets go of every shard. */
    public void unlockAll() {
        if (heldCount == 0) {
            return;
        }
        for (int word = 0; word < held.length; word++) {
            for (long bits = held[word]; bits != 0; bits &= bits - 1) {
                keyspace.shard(word * 64 + Long.numberOfTrailingZeros(bits))
                        .lock
                        .unlock();
            }
        }
        Arrays.fill(held, 0);
        heldCount = 0;
    }

    /** Blocks of this partition were freed: they rest until the unit ends. */
    void freedIn(Partition partition) {
        for (int i = 0; i < freedCount; i++) {
            if (freed[i] == partition) {
                return;
            }
        }
        if (freedCount == freed.length) {
            freed = Arrays.copyOf(freed, freedCount * 2);
        }
        freed[freedCount++] = partition;
    }
}
