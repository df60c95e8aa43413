/** The entry point: builds every object of a server by constructor and starts it. */
@NullMarked
package io.redoubt;

import org.jspecify.annotations.NullMarked;
