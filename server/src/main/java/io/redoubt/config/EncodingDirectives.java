package io.redoubt.config;

import static io.redoubt.config.Mutability.AT_RUNTIME;

/** How values are laid out. */
public final class EncodingDirectives extends DirectiveGroup {
    public final Directive<Long> hashMaxListpackEntries = integer("hash-max-listpack-entries", 512L, 0L, Long.MAX_VALUE)
            .alias("hash-max-ziplist-entries")
            .changes(AT_RUNTIME)
            .meaning("Hash stays listpack up to this many fields.");

    public final Directive<Long> hashMaxListpackValue = bytes("hash-max-listpack-value", 64L, 0L, Long.MAX_VALUE)
            .alias("hash-max-ziplist-value")
            .changes(AT_RUNTIME)
            .meaning("And while every field/value is at most this many bytes.");

    public final Directive<Long> hllSparseMaxBytes = bytes("hll-sparse-max-bytes", 3000L, 0L, Long.MAX_VALUE)
            .changes(AT_RUNTIME)
            .meaning("Sparse HyperLogLog converted to dense above this.");

    public final Directive<Long> listCompressDepth = integer("list-compress-depth", 0L, 0L, 2147483647L)
            .changes(AT_RUNTIME)
            .meaning("Quicklist nodes left uncompressed at each end; 0 = no compression.");

    public final Directive<Long> listMaxListpackSize = integer("list-max-listpack-size", -2L, -2147483648L, 2147483647L)
            .alias("list-max-ziplist-size")
            .changes(AT_RUNTIME)
            .meaning("Positive: entries per node; -1..-5: 4/8/16/32/64 KB per node.");

    public final Directive<Long> setMaxIntsetEntries = integer("set-max-intset-entries", 512L, 0L, Long.MAX_VALUE)
            .changes(AT_RUNTIME)
            .meaning("Set of integers stays intset up to this many.");

    public final Directive<Long> streamNodeMaxBytes = bytes("stream-node-max-bytes", 4096L, 0L, Long.MAX_VALUE)
            .changes(AT_RUNTIME)
            .meaning("Stream macro node size; 0 = no limit.");

    public final Directive<Long> streamNodeMaxEntries = integer("stream-node-max-entries", 100L, 0L, Long.MAX_VALUE)
            .changes(AT_RUNTIME)
            .meaning("Entries per stream macro node; 0 = no limit.");

    public final Directive<Long> zsetMaxListpackEntries = integer("zset-max-listpack-entries", 128L, 0L, Long.MAX_VALUE)
            .alias("zset-max-ziplist-entries")
            .changes(AT_RUNTIME)
            .meaning("Zset stays listpack up to this many.");

    public final Directive<Long> zsetMaxListpackValue = bytes("zset-max-listpack-value", 64L, 0L, Long.MAX_VALUE)
            .alias("zset-max-ziplist-value")
            .changes(AT_RUNTIME)
            .meaning("And while members are at most this many bytes.");

    public EncodingDirectives() {
        super("Encoding");
    }
}
