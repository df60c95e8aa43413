package io.redoubt.replication;

import io.redoubt.command.CommandFlag;
import io.redoubt.command.CommandTable;
import io.redoubt.command.Dispatcher;
import io.redoubt.command.NoLink;
import io.redoubt.command.Session;
import io.redoubt.log.EffectStream;
import io.redoubt.persist.LibraryChanges;
import io.redoubt.resp.Decimal;
import io.redoubt.resp.Reply;
import io.redoubt.resp.RequestParser;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Applies a master's stream: runs its commands and appends the same bytes to our own stream, both in one exclusive
 * section, so that offset and data always agree. MULTI and EXEC are brackets here: what they enclose waits until it is
 * complete and then is applied in one section, so nobody sees half of it, not even after a lost link.
 */
final class StreamApplier {
    private final Replication replication;
    private final Dispatcher dispatcher;
    private final CommandTable table;
    private final EffectStream stream;
    private final MasterConnection connection = new MasterConnection();
    private final Session session;
    private final Reply reply = new Reply();
    private final RequestParser parser = new RequestParser();
    private final RequestParser runParser = new RequestParser();
    /** Bytes behind the first unapplied one that have been parsed: those of an unfinished MULTI. */
    private int scanned;

    private boolean isRunOpen;
    private boolean wantsAck;

    StreamApplier(Replication replication, Dispatcher dispatcher, CommandTable table, long sessionId, int database) {
        this.replication = replication;
        this.dispatcher = dispatcher;
        this.table = table;
        stream = replication.stream();
        session = new Session(sessionId, connection, System.currentTimeMillis());
        session.setMaster(true);
        session.select(database);
        parser.setMaxBulk(Long.MAX_VALUE);
        runParser.setMaxBulk(Long.MAX_VALUE);
    }

    /** The master as a client, for CLIENT LIST and CLIENT KILL. */
    Session session() {
        return session;
    }

    /**
     * Says where the master is, for those who look at clients.
     *
     * @param cut ends this connection, not the link
     */
    void connected(String remoteAddress, String localAddress, Runnable cut) {
        connection.remoteAddress = remoteAddress;
        connection.localAddress = localAddress;
        connection.cut = cut;
    }

    /** The database in which the next command acts. */
    int database() {
        return session.database();
    }

    void select(int database) {
        session.select(database);
    }

    /** Forgets an unfinished command: the link is another one. */
    void reset() {
        parser.reset();
        scanned = 0;
        isRunOpen = false;
        wantsAck = false;
    }

    /** Whether the master has asked for an ACK since the last call. */
    boolean takeAckWish() {
        boolean wanted = wantsAck;
        wantsAck = false;
        return wanted;
    }

    /**
     * Applies all that has arrived completely; the rest stays in the input.
     *
     * @return false when the link is no longer ours to apply
     */
    boolean apply(MasterInput input, MasterLink link) throws LinkException {
        var mode = replication.keyspace().mode();
        mode.enterExclusive();
        try {
            if (!replication.isCurrent(link)) {
                return false;
            }
            dispatcher.enter();
            try {
                applyAll(input);
            } finally {
                dispatcher.leave();
            }
        } finally {
            mode.leaveExclusive();
        }
        return true;
    }

    private void applyAll(MasterInput input) throws LinkException {
        byte[] buffer = input.buffer();
        int limit = input.limit();
        int at = input.start();
        int scan = at + scanned;
        long now = System.currentTimeMillis();
        reply.reset();
        try {
            while (true) {
                if (!isRunOpen && !parser.isPending()) {
                    // A bare newline only keeps the link alive, and is no part of the stream.
                    while (at < limit && (buffer[at] == '\n' || buffer[at] == '\r')) {
                        at++;
                    }
                    scan = at;
                }
                int result = scan < limit ? parser.parse(buffer, scan, limit) : RequestParser.INCOMPLETE;
                if (result == RequestParser.INCOMPLETE) {
                    if (scan < limit) {
                        scan += parser.consumed();
                    }
                    return;
                }
                if (result == RequestParser.ERROR || parser.isInline()) {
                    throw new LinkException("The stream of the master is damaged. Closing the link.", true);
                }
                int next = parser.next();
                if (isRunOpen) {
                    scan = next;
                    if (is(parser, "EXEC")) {
                        isRunOpen = false;
                        runAll(buffer, at, next, now);
                        at = next;
                    }
                } else if (is(parser, "MULTI")) {
                    isRunOpen = true;
                    scan = next;
                } else {
                    run(parser, now);
                    stream.appendVerbatim(buffer, at, next - at);
                    at = next;
                    scan = next;
                }
            }
        } finally {
            scanned = scan - at;
            input.skipTo(at);
        }
    }

    private void runAll(byte[] buffer, int from, int to, long now) throws LinkException {
        dispatcher.beginRun(now, true);
        try {
            for (int at = from; at < to; at = runParser.next()) {
                if (runParser.parse(buffer, at, to) != RequestParser.COMPLETE) {
                    throw new LinkException("The stream of the master is damaged inside a MULTI.", true);
                }
                if (!is(runParser, "MULTI") && !is(runParser, "EXEC")) {
                    run(runParser, now);
                }
            }
        } finally {
            dispatcher.endRun();
        }
        stream.appendVerbatim(buffer, from, to - from);
    }

    private static boolean is(RequestParser request, String word) {
        int length = word.length();
        if (request.argLength(0) != length) {
            return false;
        }
        byte[] buffer = request.argBuffer();
        int start = request.argStart(0);
        for (int i = 0; i < length; i++) {
            if ((buffer[start + i] & ~0x20) != word.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private void run(RequestParser request, long now) throws LinkException {
        if (is(request, "PING")) {
            return;
        }
        if (is(request, "REPLCONF")) {
            wantsAck |= request.argCount() > 1
                    && text(request, 1).toUpperCase(Locale.ROOT).equals("GETACK");
            return;
        }
        if (is(request, "SELECT")) {
            select(request);
            return;
        }
        var spec = table.find(request.argBuffer(), request.argStart(0), request.argLength(0));
        if (spec == null && LibraryChanges.isNamed(request.argBuffer(), request.argStart(0), request.argLength(0))) {
            changeLibraries(request, now);
            return;
        }
        if (spec == null) {
            throw refused("unknown command", request);
        }
        if (spec.has(CommandFlag.ADMIN) && !spec.has(CommandFlag.WRITE)) {
            // No master sends SHUTDOWN or SAVE. They change no data, so passing over them keeps the copy true.
            replication
                    .log()
                    .line(true, "Ignored the command '" + shownName(request) + "' in the stream of the master.");
            return;
        }
        if (spec.has(CommandFlag.WRITE)) {
            replication.beforeWrite(now);
        }
        long errors = reply.errorCount();
        int mark = reply.length();
        dispatcher.run(session, request, reply, now);
        if (reply.errorCount() != errors) {
            failed(errorText(mark), request);
        }
    }

    private void changeLibraries(RequestParser request, long now) throws LinkException {
        dispatcher.args().set(request.argBuffer(), 0, request.starts(), request.lengths(), request.argCount());
        replication.beforeWrite(now);
        String error = LibraryChanges.run(dispatcher, replication.keyspace(), now);
        if (error != null) {
            failed("-" + error, request);
        }
    }

    private void select(RequestParser request) throws LinkException {
        long database = request.argCount() == 2
                ? Decimal.parseLong(request.argBuffer(), request.argStart(1), request.argLength(1), -1)
                : -1;
        if (database < 0 || database >= replication.keyspace().databaseCount()) {
            throw refused("DB index is out of range", request);
        }
        session.select((int) database);
    }

    /** The error that a command has left behind the mark, though it was taken back. */
    private String errorText(int mark) {
        byte[] buffer = reply.buffer();
        int end = mark;
        while (end < buffer.length && buffer[end] != '\r') {
            end++;
        }
        return new String(buffer, mark, end - mark, StandardCharsets.UTF_8);
    }

    /** A master's command failed here. Where it cannot have failed there, our data is no copy any more. */
    private void failed(String error, RequestParser request) throws LinkException {
        if (error.startsWith("-OOM") || error.startsWith("-ERR unknown") || error.startsWith("-ERR wrong number")) {
            throw refused(error.substring(1), request);
        }
        replication
                .log()
                .line(
                        true,
                        "== CRITICAL == This replica is sending an error to its master: '"
                                + error.substring(error.isEmpty() ? 0 : 1) + "' after processing the command '"
                                + shownName(request).toLowerCase(Locale.ROOT)
                                + "'");
    }

    private LinkException refused(String why, RequestParser request) {
        return new LinkException(
                "== CRITICAL == This replica cannot apply the command '" + shownName(request) + "' of its master: "
                        + why + ". Nothing is skipped: replication stops at offset " + stream.offset()
                        + " and a full resynchronization will be tried later.",
                true);
    }

    private static String shownName(RequestParser request) {
        var shown = new StringBuilder();
        String name = text(request, 0);
        for (int i = 0; i < Math.min(64, name.length()); i++) {
            char c = name.charAt(i);
            shown.append(c > ' ' && c < 0x7f ? c : '?');
        }
        return shown.toString();
    }

    private static String text(RequestParser request, int arg) {
        return new String(
                request.argBuffer(), request.argStart(arg), request.argLength(arg), StandardCharsets.ISO_8859_1);
    }

    /** The link to a master takes no replies. */
    private static final class MasterConnection extends NoLink {
        private volatile String remoteAddress = "";
        private volatile String localAddress = "";
        private volatile Runnable cut = () -> {};

        @Override
        public String remoteAddress() {
            return remoteAddress;
        }

        @Override
        public String localAddress() {
            return localAddress;
        }

        @Override
        public void close() {
            cut.run(); // The link begins again, and ends by REPLICAOF only.
        }
    }
}
