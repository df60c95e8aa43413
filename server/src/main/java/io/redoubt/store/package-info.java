/**
 * The keyspace: databases cut into shards, records in arenas, expiry, and the modes in which loops enter it. Start
 * reading at {@link io.redoubt.store.Keyspace} and {@link io.redoubt.store.Unit}.
 */
@NullMarked
package io.redoubt.store;

import org.jspecify.annotations.NullMarked;
