package io.redoubt.observe;

import org.jspecify.annotations.Nullable;

/** What DEBUG asks of other parts of the server. All but {@link #crash} are called in exclusive mode. */
public interface DebugHooks {
    /** Writes a line to the server's log. */
    void log(String message);

    /** Takes a new replication id, as if this were another history. */
    void changeReplicationId();

    /**
     * Writes every directive, defaults included, to the configuration file.
     *
     * @return null, or why that failed
     */
    @Nullable
    String rewriteWholeConfig();

    /** RDB files and payloads are taken whatever their checksum is. */
    void skipChecksums(boolean skips);

    /** Work that is done some times a second rests, or goes on. */
    void pauseCron(boolean pauses);

    /** Commands that scripts may not call may be called by them, or not any more. */
    void allowDeniedInScripts(boolean allows);

    /**
     * Ends the process at once, without saving.
     *
     * @param how the subcommand: {@code segfault}, {@code panic}, {@code assert} or {@code oom}
     */
    void crash(String how);

    /** Empties all databases and loads the append-only file; says whether that went well. */
    boolean loadAof();

    /** Waits so long before each write to the append-only file. */
    void delayAof(long micros);
}
