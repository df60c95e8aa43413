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
    private volatile boolean isPostponed;
    private volatile boolean isClosed;
    private volatile boolean closesAfterReplies;

    // Output is guarded by the lock: the stream's followers are written by any loop.
    private final ReentrantLock outputLock = new ReentrantLock();
    private final ArrayDeque<ByteBuffer> pending = new ArrayDeque<>();
    private volatile long pendingBytes;
    private boolean wantsWrites;
    private boolean holdsReads;
    private long softLimitSinceMillis;
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
            append(in, count);
            runKept();
        }
    }

    private void append(ByteBuffer in, int count) {
        byte[] kept = makeRoom(count);
        in.get(kept, queryEnd, count);
        queryEnd += count;
    }

    private byte[] makeRoom(int count) {
        byte[] kept = query == null ? new byte[Math.max(1024, count)] : query;
        int length = queryEnd - queryStart;
        if (queryEnd + count > kept.length) {
            // Grows with what has arrived, never with what a header claims; by half, so that a request of many small
            // arguments is not copied once per read.
            long grown = Math.max(length + (length >> 1), Math.min(parser.bytesWanted(), length * 2L));
            int wanted = Math.clamp(grown, length + count, Integer.MAX_VALUE - 8);
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
        if (queryEnd - queryStart > loop.settings().queryBufferBytesMax) {
            loop.hooks().log(true, "Closing client that reached max query buffer length: id=" + session.id());
            close();
        }
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
                    break;
                }
                at = parser.next();
                if (session.isClosing()) {
                    closeAfterReplies();
                }
                if (reply.length() >= FLUSH_BYTES) {
                    flush(reply);
                }
            }
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError thrown) {
            loop.hooks().bug(thrown);
            reply.error(Errors.INTERNAL);
            closeAfterReplies();
        } finally {
            dispatcher.leave();
        }
        runningBytes = 0;
        keep(buffer, at, limit, isKept);
        flush(reply);
        holdReads(mustHoldReads());
        if (closesAfterReplies && pendingBytes == 0) {
            close();
        }
    }

    private boolean isClogged() {
        // A replica's acknowledgements have to be heard however far behind it is; it has a limit of its own.
        return pendingBytes > (session.isAuthenticated() ? UNREAD_REPLIES_MAX : STRANGERS_UNREAD_REPLIES_MAX)
                && loop.settings().normalLimit.hardBytes() == 0
                && !session.isReplica();
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
        int length = reply.length();
        if (length == 0) {
            return;
        }
        loop.hooks().beforeReplies();
        outputLock.lock();
        try {
            send(reply.buffer(), length);
        } finally {
            outputLock.unlock();
        }
        reply.reset();
    }

    private void send(byte[] bytes, int length) {
        int sent = 0;
        if (pending.isEmpty() && !isClosed) {
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
                    return;
                }
                loop.countWrite(count);
                sent += count;
                if (out.hasRemaining()) {
                    break;
                }
            }
        }
        if (sent < length) {
            addPending(Arrays.copyOfRange(bytes, sent, length));
        }
    }

    private void addPending(byte[] bytes) {
        if (isClosed) {
            return;
        }
        pending.add(ByteBuffer.wrap(bytes));
        addPendingBytes(bytes.length);
        wantWrites(true);
        checkOutputLimit(loop.nowMillis());
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
        return session.isReplica() ? loop.settings().replicaLimit : loop.settings().normalLimit;
    }

    private void checkOutputLimit(long nowMillis) {
        var limit = limit();
        long bytes = outputBytes();
        if (limit.hardBytes() > 0 && bytes > limit.hardBytes()) {
            outputLimitReached();
        } else if (limit.softBytes() > 0 && bytes > limit.softBytes()) {
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
        loop.hooks()
                .log(
                        true,
                        "Client id=" + session.id() + " scheduled to be closed ASAP for overcoming of output"
                                + " buffer limits.");
        closeSoon();
    }

    private void closeSoon() {
        loop.execute(this::close);
    }

    private void writeMore() {
        outputLock.lock();
        try {
            while (!pending.isEmpty()) {
                var next = pending.peek();
                int count = channel.write(next);
                addPendingBytes(-count);
                loop.countWrite(count);
                if (next.hasRemaining()) {
                    wantWrites(true); // Bytes pushed by another thread come here without anybody waiting for room.
                    return;
                }
                pending.remove();
            }
            if (follows != null) {
                pump();
                return;
            }
            wantWrites(false);
        } catch (IOException _) {
            close();
            return;
        } finally {
            outputLock.unlock();
        }
        if (closesAfterReplies) {
            close();
        } else if (query != null && !isSuspended) {
            runKept();
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
            while (reader.advance()) {
                int available = reader.available();
                int count = channel.write(ByteBuffer.wrap(reader.bytes(), reader.position(), available));
                reader.skip(count);
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
                && !isSuspended
                && nowMillis - session.lastUseMillis() > timeout * 1000L) {
            loop.hooks().log(false, "Closing idle client");
            close();
        }
        if (isPostponed && !loop.hooks().isPaused()) {
            isPostponed = false;
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
            Reply reply = loop.reply;
            reply.reset();
            reply.setProtocol(session.protocol());
            lateReply.accept(reply);
            flush(reply);
            runKept();
        });
    }

    @Override
    public void push(byte[] bytes) {
        if (loop.isHere()) {
            outputLock.lock();
            try {
                send(bytes, bytes.length);
            } finally {
                outputLock.unlock();
            }
        } else {
            outputLock.lock();
            try {
                pending.add(ByteBuffer.wrap(bytes));
                addPendingBytes(bytes.length);
            } finally {
                outputLock.unlock();
            }
            loop.execute(this::writeMore);
        }
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
            pending.clear();
            pendingBytes = 0;
            follows = null;
        } finally {
            outputLock.unlock();
        }
        query = null;
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
