/**
 * The streams of effects: what a write unit did, as deterministic commands, the byte sequence that replicas follow,
 * and the one that the append-only file keeps.
 * Knows nobody of ours.
 */
@NullMarked
package io.redoubt.log;

import org.jspecify.annotations.NullMarked;
