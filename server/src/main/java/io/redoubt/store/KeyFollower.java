package io.redoubt.store;

/** Wants to know when a key changes: a WATCH, a command that waits for the key. */
public interface KeyFollower {
    /**
     * The key has been written, deleted, or has changed places with another. Called inside the shard and with the
     * followers' monitor held, so it only takes a note.
     *
     * @param unit what the change belongs to
     * @param key the name under which the follower was entered
     */
    void keyChanged(Unit unit, KeyName key);

    /** Whether what it does when the key changes needs other shards than the key's. */
    default boolean spansShards() {
        return false;
    }
}
