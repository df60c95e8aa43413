/** What the server tells of itself: log, INFO, statistics, slow log. May read any subsystem; none reads it. */
@NullMarked
package io.redoubt.observe;

import org.jspecify.annotations.NullMarked;
