/**
 * The streams of effects: what a write unit did, as deterministic commands, and the byte sequence that replicas follow.
 * Knows nobody of ours.
 */
@NullMarked
package io.redoubt.log;

import org.jspecify.annotations.NullMarked;
