/**
 * Masters and replicas. As a master we send snapshots and the stream of effects; as a replica we load and apply those
 * of another. Knows connections only by {@link io.redoubt.command.Session.Link}; the link to a master is its own socket.
 * Start reading at {@link io.redoubt.replication.Replication}.
 */
@NullMarked
package io.redoubt.replication;

import org.jspecify.annotations.NullMarked;
