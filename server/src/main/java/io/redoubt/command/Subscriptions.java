package io.redoubt.command;

import io.redoubt.resp.Reply;

/**
 * What a client has subscribed to, as those see it who know nothing of pub/sub. A session without a subscription has
 * none. Figures may be read from any thread.
 */
public interface Subscriptions {
    /** Judges one subscription. */
    @FunctionalInterface
    interface Judge {
        /** @param isPattern whether the name is a pattern, which rules must grant literally */
        boolean allows(byte[] name, boolean isPattern);
    }

    int channelCount();

    int patternCount();

    int shardChannelCount();

    /** Writes what was published until now, for this client, to the reply of its command. On its loop. */
    void deliverTo(Reply reply);

    /** Whether every subscription is allowed. From any thread. */
    boolean areAllowedBy(Judge judge);

    /** Ends all subscriptions without a word to the client. On its loop. */
    void endAll();
}
