package io.redoubt.command;

/** What is true of a command; the lower-case name with underscores is the word that COMMAND INFO shows. */
public enum CommandFlag {
    WRITE,
    READONLY,
    DENYOOM,
    MODULE,
    ADMIN,
    PUBSUB,
    NOSCRIPT,
    BLOCKING,
    LOADING,
    STALE,
    SKIP_MONITOR,
    SKIP_SLOWLOG,
    ASKING,
    FAST,
    NO_AUTH,
    /** Hidden, as in Redis: may change something though it does not write; CLIENT PAUSE WRITE holds it back. */
    MAY_REPLICATE,
    MOVABLEKEYS,
    ALLOW_BUSY,
    NO_ASYNC_LOADING,
    NO_MULTI,
    NO_MANDATORY_KEYS,
    /** Ours, never shown: runs alone on the whole keyspace. */
    EXCLUSIVE,
    /** Ours, never shown: may run although RESP2 is busy with messages of channels. */
    WHILE_SUBSCRIBED,
    /** Ours, never shown: inside MULTI it runs at once instead of being queued. */
    NOT_QUEUED,
    /** Ours, never shown: runs what MULTI has queued. */
    RUNS_QUEUE,
    /** Ours, never shown: its arguments hold secrets, so that logs show none of them. */
    SECRET_ARGUMENTS;

    private final String word = name().toLowerCase(java.util.Locale.ROOT);

    /** Returns the word that COMMAND INFO shows. */
    public String word() {
        return word;
    }

    /** Whether COMMAND INFO shows this flag; our own and Redis's internal ones stay hidden. */
    public boolean isShown() {
        return ordinal() < EXCLUSIVE.ordinal() && this != MAY_REPLICATE;
    }
}
