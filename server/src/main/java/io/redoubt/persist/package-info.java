/**
 * Files that outlive the process: the RDB codec, DUMP payloads, snapshots and the append-only file. Start reading at
 * {@link io.redoubt.persist.RdbWriter}, {@link io.redoubt.persist.RdbReader} and
 * {@link io.redoubt.persist.AppendOnlyFile}.
 */
@NullMarked
package io.redoubt.persist;

import org.jspecify.annotations.NullMarked;
