/**
 * Users, rules and the gate that every command passes. Knows commands by their declarations; knows neither connections
 * nor the store. Users are immutable; a change publishes a new one. Start reading at {@link AclGate}.
 */
@NullMarked
package io.redoubt.access;

import org.jspecify.annotations.NullMarked;
