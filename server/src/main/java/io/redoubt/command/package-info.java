/**
 * Commands: their declarations, the table, the gate's interface and the dispatcher; families that need only the store.
 * Start reading at {@link io.redoubt.command.Dispatcher}.
 */
@NullMarked
package io.redoubt.command;

import org.jspecify.annotations.NullMarked;
