/**
 * Algorithms on the bytes of values: bits and HyperLogLog. Pure functions on arrays, which know neither keys nor
 * requests; the families of {@code io.redoubt.command} find the bytes. Start reading at {@link io.redoubt.type.Bits}.
 */
@NullMarked
package io.redoubt.type;

import org.jspecify.annotations.NullMarked;
