package io.redoubt.observe;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The server's log, in the line format that tools for Redis read: {@code pid:role date time level message}. Written by
 * hand rather than through a logging library because it is on the way to the first PONG and its format is fixed. Never
 * called on the hot path.
 */
public final class ServerLog implements AutoCloseable {
    /** Levels by rising weight; the mark is what stands in the line. */
    public enum Level {
        DEBUG('.'),
        VERBOSE('-'),
        NOTICE('*'),
        WARNING('#');

        private final char mark;

        Level(char mark) {
            this.mark = mark;
        }

        /** Returns the level of a `loglevel` word. */
        public static Level of(String word) {
            return switch (word) {
                case "debug" -> DEBUG;
                case "verbose" -> VERBOSE;
                case "warning" -> WARNING;
                default -> NOTICE;
            };
        }
    }

    private final PrintStream console;
    private final @Nullable OutputStream file;
    private final long processId = ProcessFigures.processId();
    private final LogTime time = LogTime.ofSystem();
    private volatile Level level;
    private volatile char role = 'M';
    private volatile @Nullable BiConsumer<Level, String> alsoTo;

    /**
     * Opens the log.
     * @param path a file to append to, or null for the console
     */
    public ServerLog(PrintStream console, @Nullable Path path, Level level) throws IOException {
        this.console = console;
        this.level = level;
        file = path == null ? null : Files.newOutputStream(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    public void setLevel(Level newLevel) {
        level = newLevel;
    }

    /** M for a master, S for a replica. */
    public void setRole(char newRole) {
        role = newRole;
    }

    /** Gives every message to another place as well: the system's log. */
    public void alsoTo(BiConsumer<Level, String> receiver) {
        alsoTo = receiver;
    }

    public void debug(String message) {
        write(Level.DEBUG, message);
    }

    public void verbose(String message) {
        write(Level.VERBOSE, message);
    }

    public void notice(String message) {
        write(Level.NOTICE, message);
    }

    public void warning(String message) {
        write(Level.WARNING, message);
    }

    /** Writes a line if its level is wanted. */
    public synchronized void write(Level of, String message) {
        if (of.compareTo(level) < 0) {
            return;
        }
        var line = new StringBuilder(64 + message.length())
                .append(processId)
                .append(':')
                .append(role)
                .append(' ');
        time.append(line, System.currentTimeMillis());
        line.append(' ').append(of.mark).append(' ').append(message).append('\n');
        print(line.toString());
        var receiver = alsoTo;
        if (receiver != null) {
            receiver.accept(of, message);
        }
    }

    /** Writes text as it is, without time and level. */
    public synchronized void raw(String text) {
        print(text);
    }

    private void print(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (file == null) {
            console.write(bytes, 0, bytes.length);
            console.flush();
            return;
        }
        try {
            file.write(bytes);
            file.flush();
        } catch (IOException failure) {
            // A full disk must not stop the server; the console is the last place to say so.
            console.println("The log cannot be written: " + failure.getMessage());
        }
    }

    @Override
    public void close() throws IOException {
        if (file != null) {
            file.close();
        }
    }
}
