package io.redoubt.command;

import java.nio.charset.StandardCharsets;

/** Errors that commands of several families answer, as complete lines. The texts are Redis 7.0.15's. */
public final class Errors {
    public static final byte[] SYNTAX = line("ERR syntax error");
    public static final byte[] NOT_AN_INTEGER = line("ERR value is not an integer or out of range");
    public static final byte[] NOT_A_FLOAT = line("ERR value is not a valid float");
    public static final byte[] OUT_OF_RANGE = line("ERR value is out of range");
    public static final byte[] NOT_POSITIVE = line("ERR value is out of range, must be positive");
    public static final byte[] LONG_RANGE =
            line("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807");
    public static final byte[] OVERFLOW = line("ERR increment or decrement would overflow");
    public static final byte[] NOT_FINITE = line("ERR increment would produce NaN or Infinity");
    public static final byte[] KEY_COUNT = line("ERR numkeys should be greater than 0");
    public static final byte[] COUNT = line("ERR count should be greater than 0");
    public static final byte[] LIMIT_NEGATIVE = line("ERR LIMIT can't be negative");
    public static final byte[] INVALID_CURSOR = line("ERR invalid cursor");
    public static final byte[] WRONG_TYPE = line("WRONGTYPE Operation against a key holding the wrong kind of value");
    public static final byte[] NO_SUCH_KEY = line("ERR no such key");
    public static final byte[] DB_INDEX = line("ERR DB index is out of range");
    public static final byte[] SAME_OBJECT = line("ERR source and destination objects are the same");
    public static final byte[] NO_AUTH = line("NOAUTH Authentication required.");
    public static final byte[] NOT_IN_TRANSACTION = line("ERR Command not allowed inside a transaction");
    public static final byte[] OUT_OF_MEMORY = line("OOM command not allowed when used memory > 'maxmemory'.");
    public static final byte[] NO_ROOM_FOR_REPLY = line("OOM not enough memory for the reply");
    public static final byte[] READ_ONLY = line("READONLY You can't write against a read only replica.");
    public static final byte[] LOADING = line("LOADING Redis is loading the dataset in memory");
    public static final byte[] MASTER_DOWN =
            line("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.");
    public static final byte[] NO_REPLICAS = line("NOREPLICAS Not enough good replicas to write.");
    public static final byte[] MISCONF = line("MISCONF Redis is configured to save RDB snapshots, but it's currently"
            + " unable to persist to disk. Commands that may modify the data set are disabled, because this instance"
            + " is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error"
            + " option). Please check the Redis logs for details about the RDB error.");
    public static final byte[] TIMEOUT_NO_FLOAT = line("ERR timeout is not a float or out of range");
    public static final byte[] TIMEOUT_NO_INTEGER = line("ERR timeout is not an integer or out of range");
    public static final byte[] TIMEOUT_NEGATIVE = line("ERR timeout is negative");
    public static final byte[] TIMEOUT_OUT_OF_RANGE = line("ERR timeout is out of range");
    public static final byte[] TOO_LONG = line("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    public static final byte[] INTERNAL = line("ERR internal error");

    private Errors() {}

    /** The error for a command that has to wait until the last subscription of a RESP2 connection ends. */
    static byte[] notWhileSubscribed(CommandSpec spec) {
        return line("ERR Can't execute '" + spec.fullName() + "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT"
                + " / RESET are allowed in this context");
    }

    /** Makes a complete error line of a text that begins with its code. */
    public static byte[] line(String text) {
        return ("-" + text + "\r\n").getBytes(StandardCharsets.UTF_8);
    }

    /** The answer to writes while the append-only file fails. */
    static byte[] aofFailed(String reason) {
        return line("MISCONF Errors writing to the AOF file: " + reason);
    }
}
