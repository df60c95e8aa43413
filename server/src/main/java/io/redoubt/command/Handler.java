package io.redoubt.command;

/** Runs a command. Reads arguments, looks up, checks, changes, logs the effect, replies – in that order. */
@FunctionalInterface
public interface Handler {
    void run(Call call);
}
