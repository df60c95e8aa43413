/**
 * Sockets: listeners, event loops, connections. The only package that sees channels and selectors. Start reading at
 * {@link io.redoubt.net.EventLoop}.
 */
@NullMarked
package io.redoubt.net;

import org.jspecify.annotations.NullMarked;
