package io.redoubt.net;

import io.redoubt.command.Dispatcher;
import io.redoubt.command.Errors;
import io.redoubt.command.Session;
import io.redoubt.log.EffectStream;
import io.redoubt.resp.Reply;
import io.redoubt.resp.RequestParser;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One client's socket. Bytes that arrive are parsed where the loop has read them; only what is left of an unfinished
 * request is kept here, so an idle connection holds no buffer. Replies are written at once; only what the socket does
 * not take is kept.
 */
final class Connection implements Session.Link {
    private static final int FLUSH_BYTES = 256 * 1024;
    /** Less than this is hardly more than one request, for which looking ahead is not worth it. */
    private static final int PIPELINE_BYTES_MIN = 128;
    /** Requests of a client that does not read its replies wait beyond so many bytes. */
    private static final long UNREAD_REPLIES_MAX = 32L << 20;
    /** The same for a client that has not logged in. */
    private static final long STRANGERS_UNREAD_REPLIES_MAX = 64L << 10;
    /** While a request waits, no more than about so many bytes of the next ones are read. */
    private static final int WAITING_QUERY_MAX = 1 << 20;
    /** The same for a client that has not logged in, which a wrong guess makes wait. */
    private static final int STRANGERS_WAITING_QUERY_MAX = 64 << 10;
    /** What is smaller is charged, but not asked for. */
    private static final long SMALL_BYTES = 64L << 10;
    /** When memory for clients is tight, nobody's unread replies may be more. */
    private static final long TIGHT_UNREAD_REPLIES_MAX = 64L << 10;

    /**
     * Bytes that wait to be sent: an array of their own, or a value that the keyspace holds, too. They also wait until so
     * much of the append-only file is released.
     */
    private record Piece(ByteBuffer bytes, boolean isShared, long dueOffset) {
        long footprint() {
            return isShared ? bytes.limit() : bytes.capacity();
        }
    }

    private final EventLoop loop;
    private final SocketChannel channel;
    private final Session session;
    private final Runnable onGone;
    private final RequestParser parser = new RequestParser();
    private final String remoteAddress;
    private final String localAddress;
    private final boolean isLocal;
    private final boolean isUnix;

    private @Nullable SelectionKey key;
    // The unparsed rest of the query: query[queryStart .. queryEnd).
    private byte @Nullable [] query;
    private int queryStart;
    private int queryEnd;
    /** While requests run: the bytes that were there when they began. */
    private int runningBytes;

    private boolean isSuspended;
    private EventLoop.@Nullable Timer timer;
    private volatile boolean isPostponed;
    private volatile boolean isClosed;
    private volatile boolean closesAfterReplies;
    private volatile boolean isEvicted;
    /** What of the query is charged to the memory of all clients; on the loop. */
    private long chargedQueryBytes;

    // Output is guarded by the lock: the stream's followers are written by any loop.
    private final ReentrantLock outputLock = new ReentrantLock();
    private final ArrayDeque<Piece> pending = new ArrayDeque<>();
    private volatile long pendingBytes;
    private boolean wantsWrites;
    /** Whether the loop will send what is pending at the end of its turn; used on the loop only. */
    private boolean isSentLater;

    /** Whether the loop will let us send when more of the append-only file is released; used on the loop only. */
    private boolean isHeld;

    private boolean holdsReads;
    private long softLimitSinceMillis;
    private boolean isLimitReached;
    private EffectStream.@Nullable Reader follows;

    Connection(EventLoop loop, SocketChannel channel, long id, String socketPath, Runnable onGone) throws IOException {
        this.loop = loop;
        this.channel = channel;
        this.onGone = onGone;
        SocketAddress remote = channel.getRemoteAddress();
        SocketAddress local = channel.getLocalAddress();
        if (remote instanceof InetSocketAddress peer && local instanceof InetSocketAddress own) {
            remoteAddress = text(peer);
            localAddress = text(own);
            isLocal = peer.getAddress().isLoopbackAddress();
            isUnix = false;
        } else {
            remoteAddress = socketPath + ":0";
            localAddress = socketPath + ":0";
            isLocal = true;
            isUnix = true;
        }
        session = new Session(id, this, loop.nowMillis());
        parser.setRoom(this::makeMemory);
    }

    private static String text(InetSocketAddress address) {
        String host = address.getAddress().getHostAddress();
        if (host.indexOf(':') >= 0) {
            host = "0:0:0:0:0:0:0:1".equals(host) ? "[::1]" : "[" + host + "]";
        }
        return host + ":" + address.getPort();
    }

    Session session() {
        return session;
    }

    /** Joins the loop; on the loop. */
    void open() {
        try {
            key = loop.register(channel, SelectionKey.OP_READ, this);
        } catch (IOException failure) {
            loop.hooks().log(true, "A connection could not be registered: " + failure.getMessage());
            close();
            return;
        }
        byte[] refusal = loop.hooks().connected(session);
        if (refusal != null) {
            push(refusal);
            closeAfterReplies();
        }
    }

    void ready(SelectionKey selected) {
        int operations = selected.readyOps();
        if ((operations & SelectionKey.OP_WRITE) != 0) {
            writeMore();
        }
        if ((operations & SelectionKey.OP_READ) != 0 && !isClosed) {
            read();
        }
    }

    // ---- Input ----

    private void read() {
        var in = loop.directIn;
        in.clear();
        int count;
        try {
            count = channel.read(in);
        } catch (IOException _) {
            count = -1; // The peer has reset the connection.
        }
        if (count <= 0) {
            if (count < 0) {
                close();
            }
            return;
        }
        loop.countRead(count);
        session.used(loop.nowMillis());
        in.flip();
        if (closesAfterReplies) {
            return; // What a client sends after its last request is read, so that it can read our reply, and dropped.
        }
        if (query == null) {
            in.get(loop.inbox, 0, count);
            runRequests(loop.inbox, 0, count, false);
        } else {
            byte[] kept = makeRoom(count);
            if (kept == null) {
                evict();
                return;
            }
            in.get(kept, queryEnd, count);
            queryEnd += count;
            runKept();
        }
    }

    /** Asks for memory of all clients; others whose buffers are larger may have to go for it. On the loop. */
    private boolean makeMemory(long bytes) {
        var memory = loop.memory();
        if (bytes < SMALL_BYTES || memory.hasRoom(bytes)) {
            return true;
        }
        memory.relieve(bytes, loop.nowMillis());
        loop.closeEvicted();
        return !isEvicted && memory.hasRoom(bytes);
    }

    /** Charges what the query takes now. On the loop. */
    private void chargeQuery() {
        byte[] kept = query;
        long bytes = isClosed ? 0 : (kept == null ? 0 : kept.length) + parser.sizeInBytes();
        if (bytes != chargedQueryBytes) {
            loop.memory().addOwned(bytes - chargedQueryBytes);
            chargedQueryBytes = bytes;
        }
    }

    boolean isEvicted() {
        return isEvicted;
    }

    /** Closes soon, because all clients together take too much. From any thread. */
    void evict() {
        isEvicted = true;
        loop.hooks()
                .log(
                        true,
                        "Evicting client: id=" + session.id() + " addr=" + remoteAddress + " tot-mem=" + memoryBytes());
        loop.evictSoon(this);
    }

    /** Returns the array with room for more bytes of the query, or null when there is no memory. */
    private byte @Nullable [] makeRoom(int count) {
        byte[] kept = query == null ? new byte[Math.max(1024, count)] : query;
        int length = queryEnd - queryStart;
        if (queryEnd + count > kept.length) {
            // Grows with what has arrived, never with what a header claims; by half, so that a request of many small
            // arguments is not copied once per read.
            long grown = Math.max(length + (length >> 1), Math.min(parser.bytesWanted(), length * 2L));
            int wanted = Math.clamp(grown, length + count, Integer.MAX_VALUE - 8);
            if (wanted > kept.length && !makeMemory(wanted)) {
                return null;
            }
            byte[] target = wanted > kept.length ? new byte[wanted] : kept;
            System.arraycopy(kept, queryStart, target, 0, length);
            kept = target;
            queryStart = 0;
            queryEnd = length;
        }
        query = kept;
        return kept;
    }

    private void runKept() {
        byte[] kept = query;
        if (kept == null) {
            return;
        }
        runRequests(kept, queryStart, queryEnd, true);
    }

    /** Runs the requests in a buffer, which is the loop's or our own, and keeps what is left. */
    private void runRequests(byte[] buffer, int from, int limit, boolean isKept) {
        int at = from;
        var dispatcher = loop.dispatcher();
        Reply reply = loop.reply;
        reply.reset();
        parser.setMaxBulk(loop.settings().maxBulkBytes);
        runningBytes = limit - from;
        dispatcher.enter();
        try {
            int fetched = limit - at < PIPELINE_BYTES_MIN ? limit : at;
            while (at < limit && !isSuspended && !closesAfterReplies && !isClosed && !isClogged()) {
                if (at >= fetched) {
                    fetched = dispatcher.fetchAhead(session, buffer, at, limit);
                }
                parser.setAuthenticated(session.isAuthenticated());
                int result = parser.parse(buffer, at, limit);
                if (result == RequestParser.INCOMPLETE) {
                    at += parser.consumed();
                    break;
                }
                if (result == RequestParser.ERROR) {
                    reply.error(parser.errorLine());
                    closeAfterReplies();
                    break;
                }
                if (parser.isInline() && isHttp()) {
                    loop.hooks()
                            .log(
                                    true,
                                    "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or"
                                            + " Host: commands to Redoubt. Connection from " + remoteAddress
                                            + " aborted.");
                    close();
                    break;
                }
                int outcome = dispatcher.run(session, parser, reply, loop.nowMillis());
                if (outcome == Dispatcher.POSTPONED) {
                    suspend();
                    isPostponed = true;
                    session.setPostponed(true);
                    break;
                }
                if (outcome == Dispatcher.RUNS_AGAIN) {
                    break;
                }
                at = parser.next();
                if (session.isClosing()) {
                    closeAfterReplies();
                }
                if (reply.totalLength() >= FLUSH_BYTES) {
                    // Nobody who is inside waits for the disk.
                    dispatcher.leave();
                    flush(reply);
                    dispatcher.enter();
                }
            }
        } catch (RuntimeException | Error thrown) {
            loop.hooks().bug(thrown);
            reply.error(Errors.INTERNAL);
            closeAfterReplies();
        } finally {
            dispatcher.leave();
        }
        runningBytes = 0;
        keep(buffer, at, limit, isKept);
        chargeQuery();
        if (queryEnd - queryStart + (long) session.queuedBytes() > loop.settings().queryBufferBytesMax) {
            loop.hooks().log(true, "Closing client that reached max query buffer length: id=" + session.id());
            loop.stats().queryLimitDisconnections.incrementAndGet();
            close();
        }
        flush(reply);
        loop.memory().relieveIfDue(loop.nowMillis());
        holdReads(mustHoldReads());
        if (closesAfterReplies && pendingBytes == 0) {
            close();
        }
    }

    private boolean isClogged() {
        long bytes = pendingBytes;
        if (bytes <= STRANGERS_UNREAD_REPLIES_MAX || session.isReplica()) {
            // A replica's acknowledgements have to be heard however far behind it is; it has a limit of its own.
            return false;
        }
        if (bytes > TIGHT_UNREAD_REPLIES_MAX && loop.memory().isTight()) {
            return true;
        }
        // With a hard limit, Redis's way is to let replies grow to it.
        return limit().hardBytes() == 0 && (bytes > UNREAD_REPLIES_MAX || !session.isAuthenticated());
    }

    private boolean mustHoldReads() {
        return isSuspended
                && queryEnd - queryStart
                        > (session.isAuthenticated() ? WAITING_QUERY_MAX : STRANGERS_WAITING_QUERY_MAX);
    }

    private void holdReads(boolean on) {
        if (on == holdsReads) {
            return;
        }
        outputLock.lock();
        try {
            holdsReads = on;
            updateInterest();
        } finally {
            outputLock.unlock();
        }
    }

    private boolean isHttp() {
        byte[] buffer = parser.argBuffer();
        int start = parser.argStart(0);
        int length = parser.argLength(0);
        return equalsIgnoringCase(buffer, start, length, "post") || equalsIgnoringCase(buffer, start, length, "host:");
    }

    private static boolean equalsIgnoringCase(byte[] buffer, int start, int length, String word) {
        if (length != word.length()) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            if ((buffer[start + i] | 0x20) != (word.charAt(i) | 0x20)) {
                return false;
            }
        }
        return true;
    }

    private void keep(byte[] buffer, int at, int limit, boolean isKept) {
        if (at == limit) {
            query = null;
            queryStart = 0;
            queryEnd = 0;
        } else if (isKept) {
            queryStart = at;
        } else {
            query = Arrays.copyOfRange(buffer, at, limit);
            queryStart = 0;
            queryEnd = limit - at;
        }
    }

    // ---- Output ----

    private void flush(Reply reply) {
        if (reply.length() == 0) {
            return;
        }
        long due = loop.hooks().beforeReplies();
        outputLock.lock();
        try {
            if (reply.sharedCount() == 0) {
                if (send(reply.buffer(), reply.length(), reply.length() > SMALL_BYTES, due)) {
                    reply.release(); // The array waits to be sent; copying a large one would take it twice.
                }
            } else {
                sendPieces(reply, due);
            }
        } finally {
            outputLock.unlock();
        }
        reply.reset();
    }

    /** Sends bytes; what the socket does not take waits, in the array itself if that may be kept. Says if it is kept. */
    private boolean send(byte[] bytes, int length, boolean mayKeep, long due) {
        int sent = 0;
        if (pending.isEmpty() && !isClosed && isReleased(due)) {
            var out = loop.directOut;
            while (sent < length) {
                out.clear();
                out.put(bytes, sent, Math.min(out.capacity(), length - sent));
                out.flip();
                int count;
                try {
                    count = channel.write(out);
                } catch (IOException _) {
                    closeSoon(); // The peer is gone; the next read says so too.
                    return false;
                }
                countWrite(count);
                sent += count;
                if (out.hasRemaining()) {
                    break;
                }
            }
        }
        if (sent < length) {
            byte[] kept = mayKeep ? bytes : Arrays.copyOfRange(bytes, sent, length);
            addPending(mayKeep ? ByteBuffer.wrap(kept, sent, length - sent) : ByteBuffer.wrap(kept), false, due);
            outputIsWaiting();
            return mayKeep;
        }
        return false;
    }

    /** Sends replies that refer to values: what lies between goes as it is, values from where they are. */
    private void sendPieces(Reply reply, long due) {
        byte[] copy = Arrays.copyOf(reply.buffer(), reply.length());
        int from = 0;
        for (int i = 0; i <= reply.sharedCount(); i++) {
            int to = i < reply.sharedCount() ? reply.sharedAt(i) : copy.length;
            if (to > from) {
                // A slice, so that its capacity is what it takes.
                addPending(ByteBuffer.wrap(copy, from, to - from).slice(), false, due);
            }
            if (i < reply.sharedCount()) {
                addPending(
                        ByteBuffer.wrap(reply.shared(i), reply.sharedFrom(i), reply.sharedLength(i))
                                .slice(),
                        true,
                        due);
            }
            from = to;
        }
        if (!isClosed && !wantsWrites) {
            sendPending();
        }
        if (!pending.isEmpty()) {
            outputIsWaiting();
        }
    }

    private boolean isReleased(long due) {
        return due == 0 || due <= loop.hooks().releasedOffset();
    }

    /** Asks the loop to let us send when the first piece is released; false if it is. With the lock held, on the loop. */
    private boolean isWaitingForDisk() {
        var first = pending.peek();
        if (first == null || isReleased(first.dueOffset)) {
            return false;
        }
        if (!isHeld) {
            isHeld = true;
            loop.hold(this, first.dueOffset);
        }
        return true;
    }

    /** More of the append-only file is released. On the loop. */
    void sendHeld() {
        isHeld = false;
        if (!isClosed) {
            writeMore();
        }
    }

    private void addPending(ByteBuffer bytes, boolean isShared, long due) {
        if (isClosed) {
            return;
        }
        var piece = new Piece(bytes, isShared, due);
        pending.add(piece);
        addPendingBytes(bytes.remaining());
        charge(piece, 1);
    }

    private void charge(Piece piece, int sign) {
        if (piece.isShared) {
            loop.memory().addShared(sign * piece.footprint());
        } else {
            loop.memory().addOwned(sign * piece.footprint());
        }
    }

    /** Called with the lock held, on the loop or by whoever pushes. */
    private void outputIsWaiting() {
        if (isClosed) {
            return;
        }
        wantWrites(!loop.isHere() || !isWaitingForDisk());
        checkOutputLimit(loop.nowMillis());
    }

    /** Sends what waits as far as the socket takes it, through the loop's buffer; with the lock held, on the loop. */
    private boolean sendPending() {
        var out = loop.directOut;
        while (!pending.isEmpty() && !isClosed) {
            if (isWaitingForDisk()) {
                return false;
            }
            out.clear();
            fill(out);
            out.flip();
            int wanted = out.remaining();
            int count;
            try {
                count = channel.write(out);
            } catch (IOException _) {
                closeSoon();
                return false;
            }
            countWrite(count);
            sent(count);
            if (count < wanted) {
                return false;
            }
        }
        return !isClosed;
    }

    private void fill(ByteBuffer out) {
        for (var piece : pending) {
            if (!isReleased(piece.dueOffset)) {
                return;
            }
            int count = Math.min(out.remaining(), piece.bytes.remaining());
            out.put(out.position(), piece.bytes, piece.bytes.position(), count);
            out.position(out.position() + count);
            if (!out.hasRemaining()) {
                return;
            }
        }
    }

    private void sent(int count) {
        addPendingBytes(-count);
        int left = count;
        while (left > 0) {
            var piece = pending.element();
            int part = Math.min(left, piece.bytes.remaining());
            piece.bytes.position(piece.bytes.position() + part);
            left -= part;
            if (!piece.bytes.hasRemaining()) {
                charge(piece, -1);
                pending.remove();
            }
        }
    }

    /** Called with the lock held, which makes the two steps one. */
    private void addPendingBytes(int count) {
        long before = pendingBytes;
        pendingBytes = before + count;
    }

    private void wantWrites(boolean on) {
        wantsWrites = on;
        updateInterest();
    }

    /** Called with the lock held. */
    private void updateInterest() {
        if (key != null && key.isValid()) {
            // Who does not read replies is not read from: its requests wait in the sockets, not in our memory.
            int interest =
                    (holdsReads || isClogged() ? 0 : SelectionKey.OP_READ) | (wantsWrites ? SelectionKey.OP_WRITE : 0);
            if (key.interestOps() != interest) {
                key.interestOps(interest);
            }
        }
    }

    private NetSettings.OutputLimit limit() {
        if (session.isReplica()) {
            return loop.settings().replicaLimit;
        }
        return session.subscriptions() == null ? loop.settings().normalLimit : loop.settings().pubsubLimit;
    }

    private void checkOutputLimit(long nowMillis) {
        var limit = limit();
        long bytes = outputBytes();
        long hardBytes = limit.hardBytes();
        if (hardBytes > 0 && session.isReplica()) {
            // A replica that may fall behind by the backlog is not closed for less.
            hardBytes = Math.max(hardBytes, loop.hooks().backlogBytesMax());
        }
        if (hardBytes > 0 && bytes >= hardBytes) {
            outputLimitReached();
        } else if (limit.softBytes() > 0 && bytes >= limit.softBytes()) {
            if (softLimitSinceMillis == 0) {
                softLimitSinceMillis = nowMillis;
            } else if (nowMillis - softLimitSinceMillis > limit.softSeconds() * 1000) {
                outputLimitReached();
            }
        } else {
            softLimitSinceMillis = 0;
        }
    }

    private void outputLimitReached() {
        if (isLimitReached) {
            return;
        }
        isLimitReached = true;
        loop.hooks()
                .log(
                        true,
                        "Client id=" + session.id() + " scheduled to be closed ASAP for overcoming of output"
                                + " buffer limits.");
        loop.stats().outputLimitDisconnections.incrementAndGet(); // Who sees the figure finds the line.
        closeSoon();
    }

    private void closeSoon() {
        loop.execute(this::close);
    }

    private void writeMore() {
        outputLock.lock();
        try {
            if (!sendPending()) {
                if (!isClosed) {
                    // Bytes pushed by another thread come here without anybody waiting for room.
                    wantWrites(!isWaitingForDisk());
                }
                return;
            }
            if (follows != null) {
                pump();
                return;
            }
            wantWrites(false);
        } finally {
            outputLock.unlock();
        }
        if (closesAfterReplies) {
            close();
        } else if (query != null && !isSuspended) {
            runKept();
        }
    }

    /** Sends what was enqueued during the turn. */
    void sendNow() {
        isSentLater = false;
        if (!isClosed) {
            writeMore();
        }
    }

    /** Sends the stream as far as the socket takes it. From any thread. */
    void pump() {
        outputLock.lock();
        try {
            var reader = follows;
            if (reader == null || isClosed || !pending.isEmpty()) {
                return;
            }
            long sendable = loop.hooks().sendableStreamOffset();
            while (reader.advance()) {
                int available = (int) Math.min(reader.available(), sendable - reader.offset());
                if (available <= 0) {
                    break; // We are told when the rest is durable.
                }
                int count = channel.write(ByteBuffer.wrap(reader.bytes(), reader.position(), available));
                reader.skip(count);
                loop.stats().replicaBytesOut.addAndGet(count);
                session.used(loop.nowMillis());
                if (count < available) {
                    wantWrites(true);
                    key().selector().wakeup();
                    checkOutputLimit(loop.nowMillis());
                    return;
                }
            }
            wantWrites(false);
        } catch (IOException _) {
            closeSoon();
        } finally {
            outputLock.unlock();
        }
    }

    private void countWrite(int bytes) {
        boolean isToReplica = session.isReplica();
        loop.countWrite(isToReplica ? 0 : bytes);
        if (isToReplica) {
            loop.stats().replicaBytesOut.addAndGet(bytes);
        }
    }

    private SelectionKey key() {
        if (key == null) {
            throw new IllegalStateException("the connection is not open");
        }
        return key;
    }

    // ---- What the rest of the server asks for ----

    @Override
    public void follow(EffectStream.@Nullable Reader reader) {
        outputLock.lock();
        try {
            follows = reader;
        } finally {
            outputLock.unlock();
        }
        if (reader != null) {
            pump();
        }
    }

    @Override
    public void pumpStream() {
        pump();
    }

    @Override
    public void joinSmallPackets() {
        if (isUnixSocket()) {
            return;
        }
        try {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, false);
        } catch (IOException _) {
            // The packets are small then; or the peer is gone, and the next read says so.
        }
    }

    void tick(long nowMillis) {
        if (pendingBytes > 0 || follows != null) {
            outputLock.lock();
            try {
                checkOutputLimit(nowMillis);
            } finally {
                outputLock.unlock();
            }
        }
        int timeout = loop.settings().timeoutSeconds;
        if (timeout > 0
                && !session.isReplica()
                && !session.isMaster()
                && session.subscriptions() == null
                && !isSuspended
                && nowMillis - session.lastUseMillis() > timeout * 1000L) {
            loop.hooks().log(false, "Closing idle client");
            close();
        }
        if (isPostponed && !loop.hooks().isPaused()) {
            isPostponed = false;
            session.setPostponed(false);
            isSuspended = false;
            runKept();
        }
    }

    @Override
    public void suspend() {
        isSuspended = true;
    }

    @Override
    public void resume(Consumer<Reply> lateReply) {
        loop.execute(() -> {
            if (isClosed) {
                return;
            }
            isSuspended = false;
            cancelTimer();
            Reply reply = loop.reply;
            reply.reset();
            reply.setProtocol(session.protocol());
            lateReply.accept(reply);
            flush(reply);
            runKept();
        });
    }

    @Override
    public void callAt(long unixMillis, Runnable action) {
        cancelTimer();
        timer = loop.schedule(unixMillis, action);
    }

    private void cancelTimer() {
        if (timer != null) {
            loop.cancel(timer);
            timer = null;
        }
    }

    @Override
    public void push(byte[] bytes) {
        if (loop.isHere()) {
            outputLock.lock();
            try {
                send(bytes, bytes.length, true, loop.hooks().dueOffset());
            } finally {
                outputLock.unlock();
            }
        } else {
            outputLock.lock();
            try {
                addPending(ByteBuffer.wrap(bytes), false, loop.hooks().dueOffset());
                checkOutputLimit(loop.nowMillis());
            } finally {
                outputLock.unlock();
            }
            loop.execute(this::writeMore);
        }
    }

    @Override
    public void enqueue(byte[] bytes) {
        outputLock.lock();
        try {
            if (isClosed || isLimitReached || closesAfterReplies) {
                return;
            }
            addPending(ByteBuffer.wrap(bytes), true, loop.hooks().dueOffset());
            checkOutputLimit(loop.nowMillis());
            if (isSentLater || wantsWrites) {
                return; // Where the socket is full, it says itself when it has room.
            }
        } finally {
            outputLock.unlock();
        }
        isSentLater = true;
        loop.sendLater(this);
    }

    @Override
    public void closeAfterReplies() {
        closesAfterReplies = true;
        session.setClosing();
        loop.execute(() -> {
            if (pendingBytes == 0) {
                close();
            }
        });
    }

    @Override
    public void close() {
        if (!loop.isHere() && !isClosed) {
            loop.execute(this::close);
            return;
        }
        if (isClosed) {
            return;
        }
        isClosed = true;
        cancelTimer();
        session.setClosing();
        if (key != null) {
            key.cancel();
        }
        try {
            channel.close();
        } catch (IOException failure) {
            loop.hooks().log(false, "Closing a connection: " + failure.getMessage());
        }
        outputLock.lock();
        try {
            for (var piece : pending) {
                charge(piece, -1);
            }
            pending.clear();
            pendingBytes = 0;
            follows = null;
        } finally {
            outputLock.unlock();
        }
        query = null;
        chargeQuery();
        onGone.run();
        loop.hooks().disconnected(session);
    }

    @Override
    public String remoteAddress() {
        return remoteAddress;
    }

    @Override
    public String localAddress() {
        return localAddress;
    }

    @Override
    public boolean isLocal() {
        return isLocal;
    }

    @Override
    public boolean isUnixSocket() {
        return isUnix;
    }

    @Override
    public int queryBufferLength() {
        return Math.max(queryEnd - queryStart, runningBytes);
    }

    @Override
    public int queryBufferCapacity() {
        byte[] kept = query;
        return kept == null ? 0 : kept.length;
    }

    @Override
    public long outputBytes() {
        var reader = follows;
        return pendingBytes + (reader == null ? 0 : loop.hooks().streamOffset() - reader.offset());
    }

    @Override
    public int descriptor() {
        return (int) (session.id() + 7);
    }
}
