/**
 * The directives of redis.conf: their declarations, loading, CONFIG GET and SET, CONFIG REWRITE and the reference page.
 * Knows neither sockets nor data; whoever a directive concerns subscribes to it. Start reading at {@link Config}.
 */
@NullMarked
package io.redoubt.config;

import org.jspecify.annotations.NullMarked;
