package io.redoubt.config;

/** How much may wait to be sent, per class of client. */
public record OutputBufferLimits(Limit normal, Limit replica, Limit pubsub) {
    /** 0 bytes sets no limit. */
    public record Limit(long hardBytes, long softBytes, long softSeconds) {}
}
