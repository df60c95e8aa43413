/**
 * Pointer-free building blocks: an {@link Arena} of byte blocks addressed by 32-bit handles, and a {@link Table} that
 * finds handles by hash. Knows no other package of ours. Nothing here is thread-safe: whoever uses an object holds the
 * lock of its shard.
 */
@NullMarked
package io.redoubt.memory;

import org.jspecify.annotations.NullMarked;
