package io.redoubt.type;

/** The directives that say when a value is no longer small, as far as types need them. */
public final class Thresholds {
    public volatile int hashEntries = 512;
    public volatile int hashValueBytes = 64;
    public volatile int setIntegers = 512;
    public volatile int zsetEntries = 128;
    public volatile int zsetValueBytes = 64;
    /** As in the directive list-max-listpack-size: elements per block, or -1 to -5 for 4 to 64 KiB. */
    public volatile int listBlock = -2;
    /** Size of a stream's block; 0 for no limit. */
    public volatile int streamBlockBytes = 4096;
    /** Entries of a stream's block; 0 for no limit. */
    public volatile int streamBlockEntries = 100;
}
