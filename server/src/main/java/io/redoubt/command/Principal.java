package io.redoubt.command;

/** Whoever runs commands: an immutable user of {@code io.redoubt.access}, seen from below. */
public interface Principal {
    String name();

    /** Whether everything is allowed: all commands, keys, channels and databases. */
    boolean isUnrestricted();
}
