package io.redoubt.net;

/** Settings of connections that can change while the server runs. Read by every loop. */
public final class NetSettings {
    /** One class of `client-output-buffer-limit`; 0 means no limit. */
    public record OutputLimit(long hardBytes, long softBytes, long softSeconds) {
        public static final OutputLimit NONE = new OutputLimit(0, 0, 0);
    }

    public volatile int maxClients = 10_000;
    /** Idle clients are closed after so many seconds; 0 for never. */
    public volatile int timeoutSeconds;

    public volatile int keepAliveSeconds = 300;
    public volatile long maxBulkBytes = 512L << 20;
    public volatile long queryBufferBytesMax = 1L << 30;
    public volatile OutputLimit normalLimit = OutputLimit.NONE;
    public volatile OutputLimit replicaLimit = new OutputLimit(256L << 20, 64L << 20, 60);
    public volatile OutputLimit pubsubLimit = new OutputLimit(32L << 20, 8L << 20, 60);
    /** How often a second the loops look at timeouts, expiry and the like. */
    public volatile int hz = 10;
}
