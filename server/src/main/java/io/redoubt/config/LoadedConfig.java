package io.redoubt.config;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the configuration file, standard input and the command line say together.
 * @param users the {@code user} lines in order
 * @param file the configuration file, absolute; null when there is none
 */
public record LoadedConfig(
        Config config,
        List<UserLine> users,
        List<Rename> renames,
        @Nullable Path file) {
    /** A {@code user} line: the rules are words of ACL SETUSER; a char is a byte (ISO 8859-1). */
    public record UserLine(String name, List<String> rules) {
        @Override
        public String toString() {
            return "user " + name; // The rules may hold passwords.
        }
    }

    /** A {@code rename-command} line; an empty new name removes the command. */
    public record Rename(String command, String newName) {}
}
