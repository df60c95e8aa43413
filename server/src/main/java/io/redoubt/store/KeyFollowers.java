package io.redoubt.store;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Who follows single keys of one shard. Followers come while the shard is held, so that no change slips by, and go at
 * any time from any thread. Where nobody follows, a change costs one test.
 */
final class KeyFollowers {
    private static final KeyFollower[] NOBODY = {};

    private final Map<KeyName, Set<KeyFollower>> byKey = new HashMap<>();
    private final KeyName probe = KeyName.probe();
    private volatile int keyCount;
    private volatile int spanningCount;

    boolean isEmpty() {
        return keyCount == 0;
    }

    synchronized void add(KeyName key, KeyFollower follower) {
        // In the order in which they came: who waits first is served first.
        var followers = byKey.computeIfAbsent(key, _ -> new LinkedHashSet<>());
        keyCount = byKey.size();
        if (followers.add(follower) && follower.spansShards()) {
            countSpanning(1);
        }
    }

    synchronized void remove(KeyName key, KeyFollower follower) {
        var followers = byKey.get(key);
        if (followers == null || !followers.remove(follower)) {
            return;
        }
        if (follower.spansShards()) {
            countSpanning(-1);
        }
        if (followers.isEmpty()) {
            byKey.remove(key);
            keyCount = byKey.size();
        }
    }

    private void countSpanning(int by) {
        int before = spanningCount;
        spanningCount = before + by;
    }

    /** Whether somebody follows a key who needs other shards as well when it changes. */
    boolean haveSpanning() {
        return spanningCount > 0;
    }

    /** Tells the followers of a key. */
    synchronized void changed(Unit unit, int database, byte[] buffer, int offset, int length) {
        var followers = byKey.get(probe.pointAt(database, buffer, offset, length));
        if (followers != null) {
            tell(unit, KeyName.copyOf(database, buffer, offset, length), followers);
        }
    }

    /** Tells the followers of keys. */
    synchronized void changed(Unit unit, Collection<KeyName> keys) {
        for (var key : keys) {
            var followers = byKey.get(key);
            if (followers != null) {
                tell(unit, key, followers);
            }
        }
    }

    private static void tell(Unit unit, KeyName key, Set<KeyFollower> followers) {
        for (var follower : followers) {
            follower.keyChanged(unit, key);
        }
    }

    /** Returns the keys of a database that somebody follows. */
    synchronized List<KeyName> keysOf(int database) {
        var keys = new ArrayList<KeyName>();
        for (var key : byKey.keySet()) {
            if (key.database() == database) {
                keys.add(key);
            }
        }
        return keys;
    }

    /** Returns who follows a key, those first who came first. */
    synchronized KeyFollower[] of(KeyName key) {
        var followers = byKey.get(key);
        return followers == null ? NOBODY : followers.toArray(NOBODY);
    }

    /** Returns whether anybody follows a key. */
    synchronized boolean isFollowed(int database, byte[] buffer, int offset, int length) {
        return byKey.containsKey(probe.pointAt(database, buffer, offset, length));
    }
}
