package io.redoubt.replication;

import io.redoubt.store.Unit;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The link to our master, on a thread of its own: connects, introduces itself, gets a snapshot or the missing part of
 * the stream, applies it, and begins again each second when the link is lost. It ends when another role begins;
 * whatever it does to the data it does in exclusive mode, after asking whether it still is the link.
 */
final class MasterLink implements Runnable {
    /** How far the link has come; the word is that of ROLE. */
    enum State {
        CONNECT("connect"),
        CONNECTING("connecting"),
        HANDSHAKE("handshake"),
        SYNC("sync"),
        CONNECTED("connected");

        final String word;

        State(String word) {
            this.word = word;
        }
    }

    private static final long RETRY_NANOS = 1_000_000_000L;
    /** What cannot be applied now cannot be applied in a second; a full resync for each try would burden the master. */
    private static final long LASTING_RETRY_NANOS = 30_000_000_000L;

    /** After applying so much at once the thread lets others into the keyspace, who otherwise may miss every gap. */
    private static final int FAIR_BYTES = 1 << 14;

    private static final long FAIR_NANOS = 50_000;
    private static final long ACK_MILLIS = 1000;
    private static final long DISK_POLL_MILLIS = 20;
    private static final long DISK_PATIENCE_MILLIS = 3000;
    private static final int PIECE_BYTES = 1 << 16;
    private static final int MARK_LENGTH = 40;
    private static final int ID_LENGTH = 40;
    private static final byte[] NEWLINE = {'\n'};

    private final Replication replication;
    private final String host;
    private final int port;
    private final StreamApplier applier;
    private final Thread thread;

    private volatile State state = State.CONNECT;
    private volatile boolean isStopped;
    private volatile @Nullable Socket socket;
    private volatile long lastInputMillis;
    private volatile long downSinceMillis;
    private volatile long readOffset;
    private volatile long syncBytesTotal;
    private volatile long syncBytesRead;
    private @Nullable MasterInput input;
    private boolean needsFullSync;
    private long nextKeepAliveMillis;

    MasterLink(Replication replication, String host, int port, StreamApplier applier) {
        this.replication = replication;
        this.host = host;
        this.port = port;
        this.applier = applier;
        thread = Thread.ofPlatform().name("redoubt-master-link").daemon().unstarted(this);
    }

    void start() {
        thread.start();
    }

    /** Ends the link, without waiting for its thread. From any thread. */
    void stop() {
        isStopped = true;
        var open = socket;
        if (open != null) {
            close(open);
        }
        LockSupport.unpark(thread);
    }

    boolean leadsTo(String otherHost, int otherPort) {
        return port == otherPort && host.equalsIgnoreCase(otherHost);
    }

    private boolean isCurrent() {
        return !isStopped && replication.isCurrent(this);
    }

    /** Fails when the link is no longer ours. */
    void requireCurrent() throws LinkException {
        if (!isCurrent()) {
            throw new LinkException("The link to " + host + ":" + port + " was given up.");
        }
    }

    // ---- The thread ----

    @Override
    public void run() {
        while (isCurrent()) {
            long pauseNanos = RETRY_NANOS;
            try {
                session();
            } catch (LinkException reason) {
                if (isCurrent()) {
                    replication.log().line(true, String.valueOf(reason.getMessage()));
                    needsFullSync |= reason.isLasting();
                    pauseNanos = reason.isLasting() ? LASTING_RETRY_NANOS : RETRY_NANOS;
                }
            } catch (IOException failure) {
                if (isCurrent()) {
                    replication.log().line(true, describe(failure));
                }
            } catch (RuntimeException | Error bug) {
                replication.log().line(true, "== CRITICAL == The link to the master failed: " + bug);
                needsFullSync = true;
                pauseNanos = LASTING_RETRY_NANOS;
            } finally {
                ended();
            }
            pause(pauseNanos);
        }
    }

    private String describe(IOException failure) {
        boolean isTimeout = failure instanceof SocketTimeoutException;
        return switch (state) {
            case CONNECT, CONNECTING ->
                isTimeout
                        ? "Timeout connecting to the MASTER..."
                        : "Error condition on socket for SYNC: " + failure.getMessage();
            case HANDSHAKE ->
                isTimeout
                        ? "Timeout connecting to the MASTER..."
                        : "Error condition on socket for SYNC: " + failure.getMessage();
            case SYNC ->
                isTimeout
                        ? "Timeout receiving bulk data from MASTER... If the problem persists try to set the"
                                + " 'repl-timeout' parameter in redis.conf to a larger value."
                        : "I/O error trying to sync with MASTER: " + failure.getMessage();
            case CONNECTED -> "Connection with master lost.";
        };
    }

    private static String text(SocketAddress address) {
        return address instanceof InetSocketAddress known
                ? known.getAddress().getHostAddress() + ":" + known.getPort()
                : "";
    }

    private void close(Socket open) {
        try {
            open.close();
        } catch (IOException failure) {
            replication.log().line(false, "Closing the link to the master: " + failure.getMessage());
        }
    }

    private void ended() {
        replication.sessions().remove(applier.session());
        var open = socket;
        socket = null;
        if (open != null) {
            close(open);
        }
        if (state == State.CONNECTED) {
            downSinceMillis = System.currentTimeMillis();
            if (isCurrent()) {
                replication.log().line(false, "Caching the disconnected master state.");
            }
        }
        become(State.CONNECT);
    }

    private void become(State next) {
        state = next;
        if (isCurrent()) {
            replication.refreshState(System.currentTimeMillis());
        }
    }

    private void pause(long nanos) {
        long deadline = System.nanoTime() + nanos;
        for (long left = nanos; left > 0 && isCurrent(); left = deadline - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    /** One connection from its beginning to its end. */
    private void session() throws IOException {
        var log = replication.log();
        log.line(false, "Connecting to MASTER " + host + ":" + port);
        become(State.CONNECTING);
        var added = new Socket();
        socket = added;
        requireCurrent(); // Whoever stops us sees the socket, or we see that we are stopped.
        log.line(false, "MASTER <-> REPLICA sync started");
        added.setTcpNoDelay(true);
        added.connect(new InetSocketAddress(host, port), (int) timeoutMillis());
        become(State.HANDSHAKE);
        try (var opened = new MasterInput(added, replication.bytesFromMaster())) {
            input = opened;
            applier.connected(
                    text(added.getRemoteSocketAddress()), text(added.getLocalSocketAddress()), () -> close(added));
            applier.reset();
            lastInputMillis = System.currentTimeMillis();
            introduce(opened);
            synchronize(opened);
            follow(opened);
        } finally {
            input = null;
        }
    }

    long timeoutMillis() {
        return Math.max(1, replication.settings().timeoutSeconds) * 1000L;
    }

    private String line(MasterInput in) throws IOException {
        String line = in.line(timeoutMillis());
        lastInputMillis = System.currentTimeMillis();
        return line;
    }

    /** Reads a line; empty ones only keep the link alive. */
    private String answer(MasterInput in) throws IOException {
        while (true) {
            String line = line(in);
            if (!line.isEmpty()) {
                return line;
            }
            requireCurrent();
        }
    }

    // ---- Handshake ----

    private void introduce(MasterInput in) throws IOException {
        var settings = replication.settings();
        in.send("PING");
        String pong = answer(in);
        if (pong.startsWith("-")
                && !pong.startsWith("-NOAUTH")
                && !pong.startsWith("-NOPERM")
                && !pong.startsWith("-ERR operation not permitted")) {
            throw new LinkException("Error reply to PING from master: '" + shown(pong) + "'");
        }
        replication.log().line(false, "Master replied to PING, replication can continue...");
        String user = settings.masterUser;
        String password = settings.masterAuth;
        String ip = settings.announceIp;
        int ownPort = settings.announcePort == 0 ? settings.ownPort : settings.announcePort;
        boolean logsIn = !password.isEmpty() || !user.isEmpty();
        if (logsIn && !user.isEmpty()) {
            in.send("AUTH", user, password);
        } else if (logsIn) {
            in.send("AUTH", password);
        }
        in.send("REPLCONF", "listening-port", Integer.toString(ownPort));
        if (!ip.isEmpty()) {
            in.send("REPLCONF", "ip-address", ip);
        }
        in.send("REPLCONF", "capa", "eof", "capa", "psync2");
        if (logsIn) {
            String verdict = answer(in);
            if (verdict.startsWith("-")) {
                throw new LinkException("Unable to AUTH to MASTER: " + shown(verdict));
            }
        }
        optional("listening-port", answer(in));
        if (!ip.isEmpty()) {
            optional("ip-address", answer(in));
        }
        optional("capa", answer(in));
    }

    private void optional(String what, String reply) {
        if (reply.startsWith("-")) {
            replication
                    .log()
                    .line(false, "(Non critical) Master does not understand REPLCONF " + what + ": " + shown(reply));
        }
    }

    static String shown(String line) {
        var text = new StringBuilder();
        for (int i = 0; i < Math.min(256, line.length()); i++) {
            char c = line.charAt(i);
            text.append(c >= ' ' && c < 0x7f ? c : '?');
        }
        return text.toString();
    }

    // ---- Synchronization ----

    private void synchronize(MasterInput in) throws IOException {
        var log = replication.log();
        String id = replication.id();
        long next = replication.offset() + 1;
        boolean isFailover = replication.failover().state() == Failover.State.IN_PROGRESS;
        if (isFailover) {
            log.line(false, "Trying a partial resynchronization (request " + id + ":" + next + ").");
            in.send("PSYNC", id, Long.toString(next), "FAILOVER");
        } else if (needsFullSync) {
            log.line(false, "Partial resynchronization not possible (no cached master)");
            in.send("PSYNC", "?", "-1");
        } else {
            log.line(false, "Trying a partial resynchronization (request " + id + ":" + next + ").");
            in.send("PSYNC", id, Long.toString(next));
        }
        String answer = answer(in);
        if (isFailover) {
            if (!answer.startsWith("+CONTINUE") && !answer.startsWith("+FULLRESYNC")) {
                replication.failover().abort("Failover target rejected psync request");
                throw new LinkException("The target of the failover answered PSYNC: " + shown(answer));
            }
            replication.failover().succeeded();
        }
        if (answer.startsWith("+CONTINUE")) {
            goOn(answer.substring("+CONTINUE".length()).trim());
            return;
        }
        if (answer.startsWith("+FULLRESYNC ")) {
            String[] words = answer.split(" ");
            long offset = words.length == 3 ? parse(words[2]) : -1;
            if (offset < 0 || !isId(words[1])) {
                throw new LinkException("Master replied with wrong +FULLRESYNC syntax.");
            }
            log.line(false, "Full resync from master: " + words[1] + ":" + offset);
            load(in, answer(in), words[1].toLowerCase(Locale.ROOT), offset);
            return;
        }
        if (answer.startsWith("-NOMASTERLINK") || answer.startsWith("-LOADING")) {
            throw new LinkException(
                    "Master is currently unable to PSYNC but should be in the future: " + shown(answer));
        }
        log.line(true, "Unexpected reply to PSYNC from master: " + shown(answer));
        if (!answer.startsWith("-ERR")) {
            throw new LinkException("MASTER aborted replication with an error: " + shown(answer));
        }
        log.line(false, "Retrying with SYNC...");
        in.send("SYNC");
        // Such a master counts no offsets, so we count our own from zero, under a name that nobody knows.
        load(in, answer(in), "", 0);
    }

    static long parse(String digits) {
        byte[] bytes = digits.getBytes(StandardCharsets.ISO_8859_1);
        return io.redoubt.resp.Decimal.parseLong(bytes, 0, bytes.length, -1);
    }

    private static boolean isId(String word) {
        return word.length() == ID_LENGTH && word.chars().allMatch(c -> Character.digit(c, 16) >= 0 && c < 0x80);
    }

    private void goOn(String newId) throws IOException {
        if (!newId.isEmpty() && !isId(newId)) {
            throw new LinkException("Master replied with wrong +CONTINUE syntax.");
        }
        if (needsFullSync) {
            throw new LinkException("Master replied +CONTINUE to a request for a full resynchronization.");
        }
        var log = replication.log();
        log.line(false, "Successful partial resynchronization with master.");
        var mode = replication.keyspace().mode();
        boolean isRenamed;
        mode.enterExclusive();
        try {
            requireCurrent();
            isRenamed = replication.continueWith(newId.isEmpty() ? replication.id() : newId.toLowerCase(Locale.ROOT));
            if (isRenamed) {
                replication.disconnectReplicas(); // They learn the new id when they come back.
            }
        } finally {
            mode.leaveExclusive();
        }
        if (isRenamed) {
            log.line(true, "Master replication ID changed to " + replication.id());
        }
        log.line(false, "MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization.");
    }

    private void load(MasterInput in, String header, String id, long offset) throws IOException {
        if (header.startsWith("-")) {
            throw new LinkException("MASTER aborted replication with an error: " + shown(header.substring(1)));
        }
        if (!header.startsWith("$")) {
            throw new LinkException("Bad protocol from MASTER, the first byte is not '$' (we received '" + shown(header)
                    + "'), are you sure the host and port are right?");
        }
        become(State.SYNC);
        var source = new SnapshotStream(this, in, header);
        boolean isDirect = loadsDirectly();
        replication
                .log()
                .line(
                        false,
                        "MASTER <-> REPLICA sync: receiving "
                                + (source.isMarked()
                                        ? "streamed RDB from master with EOF"
                                        : source.length() + " bytes from master")
                                + (isDirect ? " to parser" : " to disk"));
        syncBytesTotal = source.length();
        syncBytesRead = 0;
        var loader = new SnapshotLoader(replication, this);
        String newId = id.isEmpty() ? replication.newId() : id;
        if (isDirect) {
            applier.select(loader.loadBeside(source, newId, offset));
        } else {
            Path file = Files.createTempFile(replication.settings().directory, "temp-master-", ".rdb");
            try {
                receive(source, file);
                loader.verify(file);
                applier.select(loader.load(file, newId, offset));
            } finally {
                Files.deleteIfExists(file);
            }
        }
        needsFullSync = false;
        replication.log().line(false, "MASTER <-> REPLICA sync: Finished with success");
    }

    private boolean loadsDirectly() {
        return switch (replication.settings().disklessLoad) {
            case "swapdb" -> true;
            case "on-empty-db" -> replication.isEmpty();
            default -> false;
        };
    }

    private static void receive(SnapshotStream source, Path file) throws IOException {
        byte[] piece = new byte[PIECE_BYTES];
        try (var out = FileChannel.open(file, StandardOpenOption.WRITE)) {
            while (!source.isAtEnd()) {
                int count = source.read(piece, 0, piece.length);
                if (count < 0) {
                    return;
                }
                for (var bytes = ByteBuffer.wrap(piece, 0, count); bytes.hasRemaining(); ) {
                    out.write(bytes);
                }
            }
            if (source.isMarked()) {
                out.truncate(source.given() - MARK_LENGTH);
            }
        }
    }

    /** So much of the snapshot has come. */
    void received(long bytes) {
        lastInputMillis = System.currentTimeMillis();
        syncBytesRead = bytes;
    }

    /** While a snapshot is loaded: tells the master once a second that we are alive. */
    void keepAlive() throws IOException {
        long now = System.currentTimeMillis();
        var in = input;
        if (in != null && now >= nextKeepAliveMillis) {
            nextKeepAliveMillis = now + 1000;
            in.write(NEWLINE);
        }
    }

    // ---- The stream ----

    private void follow(MasterInput in) throws IOException {
        downSinceMillis = 0;
        lastInputMillis = System.currentTimeMillis();
        readOffset = replication.offset();
        become(State.CONNECTED);
        replication.sessions().add(applier.session());
        long nextAckMillis = 0;
        long told = -1;
        long asked = -1;
        long askedMillis = 0;
        while (isCurrent()) {
            if (in.available() > 0) {
                int before = in.available();
                if (!applier.apply(in, this)) {
                    return;
                }
                replication.beforeReplies();
                if (before >= FAIR_BYTES) {
                    LockSupport.parkNanos(FAIR_NANOS);
                }
            }
            long now = System.currentTimeMillis();
            boolean isAsked = applier.takeAckWish();
            long offset = replication.offset();
            long durable = replication.durableOffset();
            if (isAsked) {
                asked = offset;
                askedMillis = now;
            }
            if (isAsked || now >= nextAckMillis || told < asked && durable > told) {
                acknowledge(in, offset, durable);
                told = durable;
                nextAckMillis = now + ACK_MILLIS;
            }
            // Who has asked may wait for our disk: it is told as soon as that has what was asked for.
            boolean isEarly = durable >= 0 && durable < asked && now - askedMillis < DISK_PATIENCE_MILLIS;
            if (now - lastInputMillis > timeoutMillis()) {
                throw new LinkException("MASTER timeout: no data nor PING received...");
            }
            try {
                if (!in.fill(isEarly ? Math.min(DISK_POLL_MILLIS, nextAckMillis - now) : nextAckMillis - now)) {
                    throw new EOFException("the master closed the connection");
                }
                lastInputMillis = System.currentTimeMillis();
                applier.session().used(lastInputMillis);
                readOffset = replication.offset() + in.available();
            } catch (SocketTimeoutException _) {
                // Time for the next ACK.
                continue;
            }
        }
    }

    /** Tells the master how far we are, and how far our disk is, if there is a file. */
    private static void acknowledge(MasterInput in, long offset, long durable) throws IOException {
        if (durable < 0) {
            in.send("REPLCONF", "ACK", Long.toString(offset));
        } else {
            in.send("REPLCONF", "ACK", Long.toString(offset), "FACK", Long.toString(durable));
        }
    }

    // ---- What others show ----

    State state() {
        return state;
    }

    String host() {
        return host;
    }

    int port() {
        return port;
    }

    int database() {
        return applier.database();
    }

    long lastInputMillis() {
        return lastInputMillis;
    }

    /** When the link was lost; 0 while it never was up. */
    long downSinceMillis() {
        return downSinceMillis;
    }

    long readOffset() {
        return readOffset;
    }

    long syncBytesTotal() {
        return syncBytesTotal;
    }

    long syncBytesRead() {
        return syncBytesRead;
    }

    /** The unit of threads that enter from outside; used in exclusive mode only. */
    Unit unit() {
        var keyspace = replication.keyspace();
        return keyspace.unit(keyspace.loopCount());
    }
}
