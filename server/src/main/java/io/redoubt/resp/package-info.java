/**
 * Bytes to arguments, values to bytes: parses requests, writes replies, and reads and prints numbers and glob patterns
 * the way Redis does. Knows nothing of the rest of the server. Start reading at {@link RequestParser}.
 */
@NullMarked
package io.redoubt.resp;

import org.jspecify.annotations.NullMarked;
