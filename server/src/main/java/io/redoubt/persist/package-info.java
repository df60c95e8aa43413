/**
 * Files that outlive the process: the RDB codec, DUMP payloads and the atomic replacement of a snapshot. Knows bytes
 * only, never the store. Start reading at {@link io.redoubt.persist.RdbWriter} and
 * {@link io.redoubt.persist.RdbReader}.
 */
@NullMarked
package io.redoubt.persist;

import org.jspecify.annotations.NullMarked;
