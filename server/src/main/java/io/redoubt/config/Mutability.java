package io.redoubt.config;

/** When the value of a directive may change. */
public enum Mutability {
    /** By CONFIG SET. */
    AT_RUNTIME,
    /** Only in redis.conf and on the command line. */
    AT_START,
    /** By CONFIG SET, where enable-protected-configs allows it. */
    PROTECTED
}
