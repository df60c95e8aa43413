package io.redoubt.config;

/** Save when {@code changes} writes have gathered and {@code seconds} have passed. */
public record SavePoint(long seconds, long changes) {}
