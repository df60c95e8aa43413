/**
 * Channels, patterns and shard channels: who listens, and how messages reach them on other loops in one order; and the
 * keyspace channels, which tell what happens to keys. Knows commands and the events of the store; knows no sockets.
 * Start reading at {@link io.redoubt.pubsub.PubSub}.
 */
@NullMarked
package io.redoubt.pubsub;

import org.jspecify.annotations.NullMarked;
