package io.redoubt.persist;

import io.redoubt.command.CommandFlag;
import io.redoubt.command.CommandTable;
import io.redoubt.command.Dispatcher;
import io.redoubt.command.NoLink;
import io.redoubt.command.Session;
import io.redoubt.persist.AofCommandReader.Found;
import io.redoubt.resp.Decimal;
import io.redoubt.resp.Reply;
import io.redoubt.store.Keyspace;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Loads the files of an append-only file. Commands run as those of a master do: nobody asks whether they may. What stands
 * between MULTI and EXEC runs when it is complete, so that half of it never does. Exclusive mode.
 */
final class AofLoader {
    /** Says in the words of the log why the files cannot be loaded. */
    static final class UnloadableException extends IOException {
        private static final long serialVersionUID = 1;

        UnloadableException(String reason) {
            super(reason);
        }
    }

    private record Request(byte[] buffer, int[] starts, int[] lengths) {}

    private static final byte[] RDB = "REDIS".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] VALKEY = "VALKEY".getBytes(StandardCharsets.US_ASCII);

    private final Keyspace keyspace;
    private final Persistence persistence;
    private final Persistence.Log log;
    private final Dispatcher dispatcher;
    private final CommandTable table;
    private final boolean mayTruncate;
    private final Persistence.@Nullable Slices slices;
    private final Session session = new Session(0, new NoLink(), System.currentTimeMillis());
    private final Reply reply = new Reply();
    private @Nullable List<Request> transaction;

    /**
     * @param mayTruncate aof-load-truncated
     * @param slices lets others in now and then; null where everybody waits
     */
    AofLoader(
            Keyspace keyspace,
            Persistence persistence,
            Persistence.Log log,
            Dispatcher dispatcher,
            CommandTable table,
            boolean mayTruncate,
            Persistence.@Nullable Slices slices) {
        this.keyspace = keyspace;
        this.persistence = persistence;
        this.log = log;
        this.dispatcher = dispatcher;
        this.table = table;
        this.mayTruncate = mayTruncate;
        this.slices = slices;
        session.setMaster(true);
    }

    /**
     * Loads one file.
     *
     * @param isLast whether nothing follows, so that an end inside a command may be cut off
     */
    void load(Path file, String name, boolean isLast) throws IOException {
        transaction = null;
        session.select(0);
        dispatcher.enter();
        try (var in = persistence.progress().counting(Files.newInputStream(file))) {
            InputStream commands = in;
            long offset = 0;
            byte[] head = in.readNBytes(VALKEY.length);
            commands = new SequenceInputStream(new ByteArrayInputStream(head), in);
            if (startsWith(head, RDB) || startsWith(head, VALKEY)) {
                log.notice(
                        name.endsWith(".rdb")
                                ? "Reading RDB base file on AOF loading..."
                                : "Reading RDB preamble from AOF file...");
                var reader = loadBase(commands, name);
                commands = new SequenceInputStream(new ByteArrayInputStream(reader.leftover()), in);
                offset = reader.offset();
            }
            loadCommands(new AofCommandReader(commands, offset), file, name, isLast);
        } finally {
            dispatcher.leave();
        }
    }

    private static boolean startsWith(byte[] head, byte[] magic) {
        return head.length >= magic.length && Arrays.equals(head, 0, magic.length, magic, 0, magic.length);
    }

    private RdbReader loadBase(InputStream in, String name) throws IOException {
        try {
            return persistence.loadBase(in, slices);
        } catch (Persistence.LoadingCancelledException cancelled) {
            throw cancelled;
        } catch (IOException damaged) {
            log.warning(String.valueOf(damaged.getMessage()));
            throw new UnloadableException("Error reading the RDB base file " + name + ", AOF loading aborted");
        }
    }

    private void loadCommands(AofCommandReader reader, Path file, String name, boolean isLast) throws IOException {
        long good = reader.goodUpTo();
        while (true) {
            var found = reader.next();
            switch (found) {
                case COMMAND -> {
                    take(reader, name);
                    if (transaction == null) {
                        good = reader.goodUpTo();
                    }
                    if (slices != null) {
                        slices.loaded(reader.size());
                    }
                }
                case DAMAGE ->
                    throw new UnloadableException("Bad file format reading the append only file " + name
                            + ": make a backup of your AOF file, then use ./redis-check-aof --fix"
                            + " <filename.manifest>");
                case END, CUT_OFF -> {
                    if (transaction == null) {
                        good = reader.goodUpTo();
                    }
                    end(found, good, file, name, isLast);
                    return;
                }
            }
        }
    }

    private void end(Found found, long good, Path file, String name, boolean isLast) throws IOException {
        boolean isCut = found == Found.CUT_OFF || transaction != null;
        if (!isCut) {
            if (isLast && Files.size(file) > good) {
                truncate(file, good); // Half an annotation.
            }
            return;
        }
        if (transaction != null) {
            log.warning("Revert incomplete MULTI/EXEC transaction in AOF file " + name);
        }
        if (!mayTruncate) {
            throw new UnloadableException("Unexpected end of file reading the append only file " + name
                    + ". You can: 1) Make a backup of your AOF file, then use ./redis-check-aof --fix"
                    + " <filename.manifest>. 2) Alternatively you can set the 'aof-load-truncated' configuration"
                    + " option to yes and restart the server.");
        }
        log.warning("!!! Warning: short read while loading the AOF file " + name + "!!!");
        if (!isLast) {
            throw new UnloadableException("Fatal error: the truncated file is not the last file");
        }
        log.warning("!!! Truncating the AOF " + name + " at offset " + good + " !!!");
        truncate(file, good);
        log.warning("AOF " + name + " loaded anyway because aof-load-truncated is enabled");
    }

    private static void truncate(Path file, long size) throws IOException {
        try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(size);
            channel.force(true);
        }
    }

    // ---- Commands ----

    private void take(AofCommandReader reader, String file) throws IOException {
        byte[] buffer = reader.buffer();
        int start = reader.starts()[0];
        int length = reader.lengths()[0];
        var queued = transaction;
        if (is(buffer, start, length, "MULTI")) {
            if (queued == null) {
                transaction = new ArrayList<>();
            } else {
                refused("MULTI calls can not be nested", "multi");
            }
        } else if (is(buffer, start, length, "EXEC")) {
            transaction = null;
            if (queued == null) {
                refused("EXEC without MULTI", "exec");
            } else {
                runAll(queued, file);
            }
        } else if (queued == null) {
            run(buffer, reader.starts(), reader.lengths(), reader.count(), file);
        } else {
            queued.add(new Request(
                    Arrays.copyOf(buffer, reader.size()),
                    Arrays.copyOf(reader.starts(), reader.count()),
                    Arrays.copyOf(reader.lengths(), reader.count())));
        }
    }

    private void runAll(List<Request> queued, String file) throws IOException {
        dispatcher.beginRun(System.currentTimeMillis(), true);
        try {
            for (var request : queued) {
                run(request.buffer, request.starts, request.lengths, request.starts.length, file);
            }
        } finally {
            dispatcher.endRun();
        }
    }

    private void run(byte[] buffer, int[] starts, int[] lengths, int count, String file) throws IOException {
        if (is(buffer, starts[0], lengths[0], "SELECT")) {
            select(buffer, starts, lengths, count, file);
            return;
        }
        var spec = table.find(buffer, starts[0], lengths[0]);
        if (spec == null && LibraryChanges.isNamed(buffer, starts[0], lengths[0])) {
            dispatcher.args().set(buffer, 0, starts, lengths, count);
            judge(LibraryChanges.run(dispatcher, keyspace, System.currentTimeMillis()), "function", file);
            return;
        }
        if (spec == null) {
            throw new UnloadableException("Unknown command '" + shown(buffer, starts[0], lengths[0])
                    + "' reading the append only file " + file);
        }
        if (spec.has(CommandFlag.ADMIN) && !spec.has(CommandFlag.WRITE)) {
            // They change no data, and no server writes them.
            log.warning("Ignored the command '" + spec.fullName() + "' in the append only file " + file);
            return;
        }
        reply.reset();
        long errors = reply.errorCount();
        dispatcher.args().set(buffer, 0, starts, lengths, count);
        dispatcher.run(session, reply, System.currentTimeMillis());
        judge(reply.errorCount() == errors ? null : errorText(), spec.fullName(), file);
    }

    private void judge(@Nullable String error, String command, String file) throws UnloadableException {
        if (error == null) {
            return;
        }
        if (error.startsWith("OOM") || error.startsWith("ERR wrong number") || error.startsWith("ERR unknown")) {
            // Going on would mean to begin with less than was acknowledged.
            throw new UnloadableException(
                    "Cannot run the command '" + command + "' of the append only file " + file + ": " + error);
        }
        refused(error, command);
    }

    private void refused(String error, String command) {
        log.warning("== CRITICAL == This server is sending an error to its AOF-loading-client: '" + error
                + "' after processing the command '" + command + "'");
    }

    private void select(byte[] buffer, int[] starts, int[] lengths, int count, String file) throws IOException {
        long database = count == 2 ? Decimal.parseLong(buffer, starts[1], lengths[1], -1) : -1;
        if (database < 0 || database >= keyspace.databaseCount()) {
            // Redis goes on in the database before, which puts keys where they were not.
            throw new UnloadableException("The append only file " + file + " uses a database that this server has not"
                    + " got (there are " + keyspace.databaseCount() + ")");
        }
        session.select((int) database);
    }

    /** The error that a command has left in the reply, though it was taken back. */
    private String errorText() {
        byte[] bytes = reply.buffer();
        int end = 0;
        while (end < bytes.length && bytes[end] != '\r') {
            end++;
        }
        return new String(bytes, Math.min(1, end), Math.max(0, end - 1), StandardCharsets.UTF_8);
    }

    private static boolean is(byte[] buffer, int start, int length, String word) {
        if (length != word.length()) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            if ((buffer[start + i] & ~0x20) != word.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private static String shown(byte[] buffer, int start, int length) {
        var shown = new StringBuilder();
        for (int i = 0; i < Math.min(64, length); i++) {
            char c = (char) (buffer[start + i] & 0xff);
            shown.append(c > ' ' && c < 0x7f ? c : '?');
        }
        return shown.toString();
    }
}
