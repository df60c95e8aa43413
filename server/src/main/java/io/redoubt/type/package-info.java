/**
 * The data types, pointer-free: values packed into their record while they are small, tables, trees and blocks in the
 * shard's arena when they are large; and algorithms on the bytes of strings. Start with {@link io.redoubt.type.Home},
 * the place of one value, and {@link io.redoubt.type.SetValue}, the simplest type. Knows neither keys nor commands.
 */
@NullMarked
package io.redoubt.type;

import org.jspecify.annotations.NullMarked;
