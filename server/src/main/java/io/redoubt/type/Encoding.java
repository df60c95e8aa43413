package io.redoubt.type;

/**
 * How a value is kept; the numbers stand in records. What OBJECT ENCODING shows is another matter: several of ours have
 * one name there, because a small value may be kept packed for longer than Redis would.
 */
public final class Encoding {
    /** A signed 64-bit integer. */
    public static final int INT = 0;
    /** A short string, as Redis's embstr: at most 44 bytes, never changed in place. */
    public static final int EMBSTR = 1;
    /** A string. */
    public static final int RAW = 2;
    /** A string with an array of its own. */
    public static final int LARGE = 3;

    /** A list in one {@link Listpack}. */
    public static final int LIST_PACKED = 4;
    /** A list of blocks. */
    public static final int LIST_BLOCKS = 5;

    /** A set of integers, sorted, of 2, 4 or 8 bytes each: {@link IntSet}. */
    public static final int SET_INTS = 6;
    /** A set in one {@link Listpack}. Redis 7.0 has no such thing: it shows as a hashtable. */
    public static final int SET_PACKED = 7;
    /** A set in a {@link SetTable}. */
    public static final int SET_TABLE = 8;

    /** A hash in one {@link Listpack}: field, value, field, value. */
    public static final int HASH_PACKED = 9;
    /** The same, for a hash that Redis keeps as a hashtable already. */
    public static final int HASH_PACKED_LONG = 10;
    /** A hash in a table. */
    public static final int HASH_TABLE = 11;

    /** A sorted set in one {@link Listpack}: member, score, in order. */
    public static final int ZSET_PACKED = 12;
    /** The same, for a sorted set that Redis keeps as a skiplist already. */
    public static final int ZSET_PACKED_LONG = 13;
    /** A sorted set in a table and a tree. */
    public static final int ZSET_TREE = 14;

    /** A stream: blocks of entries, consumer groups. */
    public static final int STREAM = 15;

    /** As {@link #HASH_PACKED}, of fields that may expire: field, value, time; those that expire first come first. */
    public static final int HASH_PACKED_EX = 16;
    /** The same, for a hash that Redis keeps as a hashtable already. */
    public static final int HASH_PACKED_EX_LONG = 17;
    /** A hash in a table, of fields that may expire. */
    public static final int HASH_TABLE_EX = 18;

    /** Longest string that Redis keeps as embstr. */
    public static final int EMBSTR_MAX = 44;

    /** Strings of this size and more have an array of their own. */
    public static final int LARGE_MIN = 32 * 1024;

    private static final String[] NAMES = {
        "int",
        "embstr",
        "raw",
        "raw",
        "quicklist",
        "quicklist",
        "intset",
        "hashtable",
        "hashtable",
        "listpack",
        "hashtable",
        "hashtable",
        "listpack",
        "skiplist",
        "skiplist",
        "stream",
        "listpackex",
        "hashtable",
        "hashtable"
    };
    private static final Type[] TYPES = {
        Type.STRING,
        Type.STRING,
        Type.STRING,
        Type.STRING,
        Type.LIST,
        Type.LIST,
        Type.SET,
        Type.SET,
        Type.SET,
        Type.HASH,
        Type.HASH,
        Type.HASH,
        Type.ZSET,
        Type.ZSET,
        Type.ZSET,
        Type.STREAM,
        Type.HASH,
        Type.HASH,
        Type.HASH
    };

    /** The types of values. */
    public enum Type {
        STRING("string"),
        LIST("list"),
        SET("set"),
        HASH("hash"),
        ZSET("zset"),
        STREAM("stream");

        private final String word;

        Type(String word) {
            this.word = word;
        }

        /** The word of TYPE and of SCAN … TYPE. */
        public String word() {
            return word;
        }
    }

    private Encoding() {}

    /** Returns the word of OBJECT ENCODING. */
    public static String name(int encoding) {
        return NAMES[encoding];
    }

    public static Type type(int encoding) {
        return TYPES[encoding];
    }

    /** Returns the word of TYPE. */
    public static String typeName(int encoding) {
        return TYPES[encoding].word();
    }

    /** Whether the value is a {@link LargeValue} beside the record. */
    public static boolean isLargeValue(int encoding) {
        return switch (encoding) {
            case LIST_BLOCKS, SET_TABLE, HASH_TABLE, HASH_TABLE_EX, ZSET_TREE, STREAM -> true;
            default -> false;
        };
    }

    /** Whether the value is a hash whose fields may expire. */
    public static boolean hasFieldExpiry(int encoding) {
        return encoding >= HASH_PACKED_EX;
    }
}
