package io.redoubt.pubsub;

import java.nio.charset.StandardCharsets;

/** What can be subscribed to, with the words of its messages. */
enum Kind {
    CHANNEL("subscribe", "unsubscribe", "message"),
    PATTERN("psubscribe", "punsubscribe", "pmessage"),
    SHARD_CHANNEL("ssubscribe", "sunsubscribe", "smessage");

    final byte[] subscribed;
    final byte[] unsubscribed;
    final byte[] message;

    Kind(String subscribed, String unsubscribed, String message) {
        this.subscribed = subscribed.getBytes(StandardCharsets.US_ASCII);
        this.unsubscribed = unsubscribed.getBytes(StandardCharsets.US_ASCII);
        this.message = message.getBytes(StandardCharsets.US_ASCII);
    }
}
