package io.redoubt.store;

/** How a value is kept; the numbers stand in records. */
public final class Encoding {
    /** A signed 64-bit integer. */
    public static final int INT = 0;
    /** A short string, as Redis's embstr: at most 44 bytes, never changed in place. */
    public static final int EMBSTR = 1;
    /** A string. */
    public static final int RAW = 2;
    /** A string with an array of its own. */
    public static final int LARGE = 3;

    /** Longest string that Redis keeps as embstr. */
    public static final int EMBSTR_MAX = 44;

    /** Strings of this size and more have an array of their own. */
    public static final int LARGE_MIN = 32 * 1024;

    private static final String[] NAMES = {"int", "embstr", "raw", "raw"};

    private Encoding() {}

    /** Returns the word of OBJECT ENCODING. */
    public static String name(int encoding) {
        return NAMES[encoding];
    }

    /** Returns the word of TYPE. */
    public static String typeName(int encoding) {
        return "string";
    }
}
