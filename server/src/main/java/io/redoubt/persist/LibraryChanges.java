package io.redoubt.persist;

import io.redoubt.command.Args;
import io.redoubt.command.Dispatcher;
import io.redoubt.store.Keyspace;
import io.redoubt.store.Libraries;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * FUNCTION as a master's stream or an append-only file has it. Clients have no such command yet; but what changes
 * libraries elsewhere changes them here, so that none is lost on the way through this server. Exclusive mode.
 */
public final class LibraryChanges {
    private static final byte[] FUNCTION = "function".getBytes(StandardCharsets.US_ASCII);
    /** Libraries are taken in whatever version they were written. */
    private static final int ANY_VERSION = 0xffff;

    private LibraryChanges() {}

    /** Says in the words of a reply why a change cannot be made. */
    private static final class RefusedException extends Exception {
        private static final long serialVersionUID = 1;

        RefusedException(String reason) {
            super(reason);
        }
    }

    /** Whether a name of a command is FUNCTION. */
    public static boolean isNamed(byte[] buffer, int start, int length) {
        return Args.equalsIgnoringCase(FUNCTION, buffer, start, length);
    }

    /**
     * Runs the request in the arguments of a dispatcher. What has gone well is one effect, as it came.
     *
     * @return why nothing has changed, as a reply would say it; null when it went well
     */
    public static @Nullable String run(Dispatcher dispatcher, Keyspace keyspace, long nowMillis) {
        var args = dispatcher.args();
        Libraries changed;
        try {
            changed = changed(args, keyspace.libraries());
        } catch (RefusedException refused) {
            return refused.getMessage();
        }
        dispatcher.change(nowMillis, true, unit -> {
            keyspace.setLibraries(changed);
            unit.changed();
            var effects = unit.effects();
            effects.command(-1, args.count());
            for (int i = 0; i < args.count(); i++) {
                effects.arg(args.buffer(), args.start(i), args.length(i));
            }
        });
        return null;
    }

    private static Libraries changed(Args args, Libraries old) throws RefusedException {
        String subcommand = args.count() < 2 ? "" : args.text(1).toUpperCase(Locale.ROOT);
        switch (subcommand) {
            case "LOAD" -> {
                boolean replaces = args.count() > 3 && args.is(2, "REPLACE");
                need(args, replaces ? 4 : 3);
                return load(old, args.bytes(args.count() - 1), replaces);
            }
            case "DELETE" -> {
                need(args, 3);
                String name = args.text(2);
                if (!old.has(name)) {
                    throw new RefusedException("ERR Library not found");
                }
                return old.without(name);
            }
            case "FLUSH" -> {
                return Libraries.NONE;
            }
            case "RESTORE" -> {
                need(args, args.count() > 3 ? 4 : 3);
                boolean flushes = args.count() > 3 && args.is(3, "FLUSH");
                boolean replaces = args.count() > 3 && args.is(3, "REPLACE");
                return restored(flushes ? Libraries.NONE : old, args.bytes(2), replaces);
            }
            default -> throw new RefusedException("ERR unknown subcommand '" + subcommand + "'. Try FUNCTION HELP.");
        }
    }

    private static void need(Args args, int count) throws RefusedException {
        if (args.count() != count) {
            throw new RefusedException("ERR wrong number of arguments for 'function' command");
        }
    }

    private static Libraries load(Libraries old, byte[] source, boolean replaces) throws RefusedException {
        String name = Libraries.nameOf(source);
        if (name == null) {
            throw new RefusedException("ERR unknown library: Missing library metadata");
        }
        if (old.has(name) && !replaces) {
            throw new RefusedException("ERR Library '" + name + "' already exists");
        }
        return old.with(name, source);
    }

    /** Behind the libraries, each as in an RDB file, comes the footer of DUMP. */
    private static Libraries restored(Libraries old, byte[] payload, boolean replaces) throws RefusedException {
        if (!DumpPayload.isIntact(payload, 0, payload.length, ANY_VERSION, true)) {
            throw new RefusedException("ERR " + DumpPayload.Reason.VERSION_OR_CHECKSUM.text());
        }
        int end = payload.length - DumpPayload.FOOTER_LENGTH;
        var reader = new RdbReader(new ByteArrayInputStream(payload, 0, end), false);
        var libraries = old;
        try {
            while (reader.offset() < end) {
                if (reader.readByte() != RdbFormat.FUNCTION2) {
                    throw new RefusedException("ERR given type is not a function");
                }
                libraries = load(libraries, reader.readString(), replaces);
            }
        } catch (IOException damage) {
            throw new RefusedException("ERR failed loading functions payload: " + damage.getMessage());
        }
        return libraries;
    }
}
