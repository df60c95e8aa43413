package io.redoubt.persist;

/** Numbers of the RDB format that reader and writer share. */
final class RdbFormat {

    static final int VERSION_WRITTEN = 10;
    static final int VERSION_WITH_FIELD_EXPIRY = 12;
    static final int VERSION_READ_MAX = 12;
    static final int VERSION_WITH_CHECKSUM = 5;

    static final int TYPE_STRING = 0;
    static final String UNKNOWN = "unknown";

    static final int SLOT_INFO = 244;
    static final int FUNCTION2 = 245;
    static final int FUNCTION_PRE_GA = 246;
    static final int MODULE_AUX = 247;
    static final int IDLE = 248;
    static final int FREQ = 249;
    static final int AUX = 250;
    static final int RESIZEDB = 251;
    static final int EXPIRETIME_MS = 252;
    static final int EXPIRETIME = 253;
    static final int SELECTDB = 254;
    static final int EOF = 255;

    static final int LENGTH_14_BITS = 0x40;
    static final int LENGTH_32_BITS = 0x80;
    static final int LENGTH_64_BITS = 0x81;
    static final int ENCODED = 0xc0;
    static final int ENCODED_INT8 = 0;
    static final int ENCODED_INT16 = 1;
    static final int ENCODED_INT32 = 2;
    static final int ENCODED_LZF = 3;

    private RdbFormat() {}

    /** The format's name of a value type, or {@link #UNKNOWN}. */
    static String typeName(int type, boolean valkey) {
        return switch (type) {
            case 0 -> "STRING";
            case 1 -> "LIST";
            case 2 -> "SET";
            case 3 -> "ZSET";
            case 4 -> "HASH";
            case 5 -> "ZSET_2";
            case 6 -> "MODULE_PRE_GA";
            case 7 -> "MODULE_2";
            case 9 -> "HASH_ZIPMAP";
            case 10 -> "LIST_ZIPLIST";
            case 11 -> "SET_INTSET";
            case 12 -> "ZSET_ZIPLIST";
            case 13 -> "HASH_ZIPLIST";
            case 14 -> "LIST_QUICKLIST";
            case 15 -> "STREAM_LISTPACKS";
            case 16 -> "HASH_LISTPACK";
            case 17 -> "ZSET_LISTPACK";
            case 18 -> "LIST_QUICKLIST_2";
            case 19 -> "STREAM_LISTPACKS_2";
            case 20 -> "SET_LISTPACK";
            case 21 -> "STREAM_LISTPACKS_3";
            case 22 -> valkey ? "HASH_2" : "HASH_METADATA_PRE_GA";
            case 23 -> "HASH_LISTPACK_EX_PRE_GA";
            case 24 -> "HASH_METADATA";
            case 25 -> "HASH_LISTPACK_EX";
            default -> UNKNOWN;
        };
    }
}
