package io.redoubt.command;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What one request will do, as found by the one parse of its arguments: which keys, with which access, in which
 * database; which channels; which variant. It holds argument positions, never values. The gate, the locks, COMMAND
 * GETKEYS and the handler all read this same form, so no two of them can disagree. One object per loop, reused.
 */
public final class Form {
    /** Access bit: contents of the key are read. */
    public static final int READ = 1;
    /** Access bit: the key is created, changed or deleted. */
    public static final int WRITE = 2;
    /**
     * Access bit: Redis asks for no right to read the key, yet the reply tells of its contents. Counts as {@link #READ}
     * where the strict rule write-is-not-read holds.
     */
    public static final int TELLS = 4;
    /** Database of a key that is in the connection's own database. */
    public static final int CURRENT_DATABASE = -1;

    private int keyCount;
    private int[] keyArgs = new int[8];
    private int[] keyAccess = new int[8];
    private int[] keyDatabases = new int[8];
    private int channelCount;
    private int[] channelArgs = new int[4];
    private int databaseCount;
    private int[] databases = new int[4];

    /** Channels are patterns that must be granted literally (PSUBSCRIBE). */
    public boolean channelsArePatterns;
    /** This variant reads what it changes, although it is filed under {@code @write} only. */
    public boolean readsToo;
    /** Reads keys that its arguments do not name (SORT BY and GET). */
    public boolean readsAnyKey;
    /** Acts on every key of the database or of all databases (FLUSHALL, FLUSHDB, SWAPDB). */
    public boolean writesAllKeys;
    /** Acts on every database (FLUSHALL). */
    public boolean allDatabases;
    /** Touches the key space of the connection's own database, although it may name no key (KEYS, SCAN, DBSIZE). */
    public boolean touchesCurrentDatabase;
    /** The error that the handler would answer, found while parsing; null for a well-formed request. */
    public byte @Nullable [] error;

    /** Bits and positions for the handler; their meaning is the family's. */
    public long options;

    public final int[] slots = new int[8];

    /** Forgets everything. */
    public void reset() {
        keyCount = 0;
        channelCount = 0;
        databaseCount = 0;
        channelsArePatterns = false;
        readsToo = false;
        readsAnyKey = false;
        writesAllKeys = false;
        allDatabases = false;
        touchesCurrentDatabase = false;
        error = null;
        options = 0;
    }

    /** Adds the key at an argument position. */
    public void addKey(int arg, int access) {
        addKey(arg, access, CURRENT_DATABASE);
    }

    /** Adds the key at an argument position of a named database. */
    public void addKey(int arg, int access, int database) {
        if (keyCount == keyArgs.length) {
            keyArgs = Arrays.copyOf(keyArgs, keyCount * 2);
            keyAccess = Arrays.copyOf(keyAccess, keyCount * 2);
            keyDatabases = Arrays.copyOf(keyDatabases, keyCount * 2);
        }
        keyArgs[keyCount] = arg;
        keyAccess[keyCount] = access;
        keyDatabases[keyCount++] = database;
    }

    /** Adds the channel at an argument position. */
    public void addChannel(int arg) {
        if (channelCount == channelArgs.length) {
            channelArgs = Arrays.copyOf(channelArgs, channelCount * 2);
        }
        channelArgs[channelCount++] = arg;
    }

    /** Adds a database that the request acts in beside the current one (SELECT, SWAPDB, MOVE, COPY … DB). */
    public void addDatabase(int database) {
        if (databaseCount == databases.length) {
            databases = Arrays.copyOf(databases, databaseCount * 2);
        }
        databases[databaseCount++] = database;
    }

    /** Changes the access of a key already added. */
    public void setKeyAccess(int index, int access) {
        keyAccess[index] = access;
    }

    public int keyCount() {
        return keyCount;
    }

    /** Returns the argument position of the key. */
    public int keyArg(int index) {
        return keyArgs[index];
    }

    public int keyAccess(int index) {
        return keyAccess[index];
    }

    /** Returns the database of the key, or {@link #CURRENT_DATABASE}. */
    public int keyDatabase(int index) {
        return keyDatabases[index];
    }

    public int channelCount() {
        return channelCount;
    }

    public int channelArg(int index) {
        return channelArgs[index];
    }

    public int databaseCount() {
        return databaseCount;
    }

    public int database(int index) {
        return databases[index];
    }
}
