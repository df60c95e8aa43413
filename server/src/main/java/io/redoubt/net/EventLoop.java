package io.redoubt.net;

import io.redoubt.command.Dispatcher;
import io.redoubt.resp.Reply;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.Queue;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * One thread and its selector. A connection lives on one loop for its whole life; the loop reads, runs every request in
 * the buffer, and writes the replies with one call. Others talk to it by {@link #execute}, never by its channels.
 */
public final class EventLoop implements Executor, Runnable {
    static final int READ_BYTES = 64 * 1024;
    private static final int SLICES_PER_TURN = 4;

    private final int index;
    private final int loopCount;
    private final Selector selector;
    private final Thread thread;
    private final Dispatcher dispatcher;
    private final NetSettings settings;
    private final NetHooks hooks;
    private final NetStats stats;
    private final ClientMemory memory;
    private final Queue<Connection> evicted = new ConcurrentLinkedQueue<>();
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean isWoken = new AtomicBoolean();
    private final Consumer<SelectionKey> onSelected = this::ready;

    // Used by connections of this loop, one at a time.
    final ByteBuffer directIn = ByteBuffer.allocateDirect(READ_BYTES);
    final ByteBuffer directOut = ByteBuffer.allocateDirect(READ_BYTES);
    final byte[] inbox = new byte[READ_BYTES];
    final Reply reply = new Reply();
    /** Connections with messages that are sent at the end of the turn. */
    private final ArrayList<Connection> unsent = new ArrayList<>();
    /** Connections with output that waits until the append-only file is durable. */
    private ArrayList<Connection> held = new ArrayList<>();

    private volatile boolean hasHeld;

    private volatile boolean isStopping;
    private volatile long nowMillis = System.currentTimeMillis();
    private final TreeSet<Timer> timers = new TreeSet<>();
    private long lastTimer;
    private long nextTickMillis;
    private boolean hasMoreBackground;
    private long reads;
    private long writes;
    private long bytesIn;
    private long bytesOut;

    public EventLoop(
            int index,
            int loopCount,
            Dispatcher dispatcher,
            NetSettings settings,
            NetHooks hooks,
            NetStats stats,
            ClientMemory memory)
            throws IOException {
        this.index = index;
        this.loopCount = loopCount;
        this.dispatcher = dispatcher;
        this.settings = settings;
        this.hooks = hooks;
        this.stats = stats;
        this.memory = memory;
        reply.setRoom(this::mayGrowReply);
        selector = Selector.open();
        thread = Thread.ofPlatform().name("redoubt-loop-" + index).unstarted(this);
    }

    public void start() {
        thread.start();
    }

    /** Tells a listener of every error that is answered on this loop. Before it starts. */
    public void countErrors(Reply.ErrorListener listener) {
        reply.setErrorListener(listener);
    }

    /** How much the loop's own buffer takes. */
    public long replyBytes() {
        return reply.capacity();
    }

    /** Inside the keyspace, so clients that have to go for it close later. */
    private boolean mayGrowReply(long bytes) {
        if (!memory.hasRoomForReply(bytes)) {
            memory.relieve(bytes, nowMillis);
            if (!memory.hasRoomForReply(bytes)) {
                return false;
            }
        }
        memory.spend(bytes);
        return true;
    }

    /** Asks the loop to end and waits for it, unless it is the caller. */
    public void stop() {
        isStopping = true;
        selector.wakeup();
        if (Thread.currentThread() != thread) {
            try {
                thread.join(5000);
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Runs an action on this loop, soon. From any thread. */
    @Override
    public void execute(Runnable task) {
        tasks.add(task);
        if (Thread.currentThread() != thread && isWoken.compareAndSet(false, true)) {
            selector.wakeup();
        }
    }

    void evictSoon(Connection connection) {
        evicted.add(connection);
        execute(this::closeEvicted);
    }

    /** Closes the connections of this loop that have to go, so that their memory can be used; on this loop. */
    void closeEvicted() {
        Connection connection;
        while ((connection = evicted.poll()) != null) {
            connection.close();
        }
    }

    @Override
    public void run() {
        while (!isStopping) {
            try {
                turn();
            } catch (IOException failure) {
                hooks.log(true, "Event loop " + index + ": " + failure);
            } catch (RuntimeException | Error thrown) {
                hooks.bug(thrown);
            }
        }
        closeAll();
    }

    /** An action for later; the number tells apart those of the same time. */
    record Timer(long atMillis, long number, Runnable action) implements Comparable<Timer> {
        @Override
        public int compareTo(Timer other) {
            int byTime = Long.compare(atMillis, other.atMillis);
            return byTime != 0 ? byTime : Long.compare(number, other.number);
        }
    }

    /** Runs an action on this loop at a time. On this loop. */
    Timer schedule(long unixMillis, Runnable action) {
        var timer = new Timer(unixMillis, ++lastTimer, action);
        timers.add(timer);
        return timer;
    }

    /** Forgets an action; one that has run is forgotten already. On this loop. */
    void cancel(Timer timer) {
        timers.remove(timer);
    }

    private void runTimers() {
        while (!timers.isEmpty() && timers.first().atMillis() <= nowMillis) {
            timers.removeFirst().action().run();
        }
    }

    private long millisToWait() {
        long next = timers.isEmpty()
                ? nextTickMillis
                : Math.min(nextTickMillis, timers.first().atMillis());
        return hasMoreBackground ? 1 : Math.max(1, next - System.currentTimeMillis());
    }

    private void turn() throws IOException {
        long wait = millisToWait();
        if (tasks.isEmpty()) {
            selector.select(onSelected, wait);
        } else {
            selector.selectNow(onSelected);
        }
        nowMillis = System.currentTimeMillis();
        isWoken.set(false);
        Runnable task;
        while ((task = tasks.poll()) != null) {
            task.run();
        }
        runTimers();
        boolean isTick = nowMillis >= nextTickMillis;
        if (isTick || hasMoreBackground) {
            background();
        }
        if (isTick) {
            nextTickMillis = nowMillis + 1000 / Math.max(1, settings.hz);
            tick();
        }
        if (!unsent.isEmpty()) {
            sendUnsent();
        }
    }

    /** Lets a connection send at the end of this turn. On this loop. */
    void sendLater(Connection connection) {
        unsent.add(connection);
    }

    private void sendUnsent() {
        hooks.beforeReplies();
        // Sending may let waiting requests run, which may add to the list.
        for (int i = 0; i < unsent.size(); i++) {
            unsent.get(i).sendNow();
        }
        unsent.clear();
    }

    /** Lets a connection send again when more of the append-only file is durable. On this loop. */
    void hold(Connection connection, long offset) {
        held.add(connection);
        hasHeld = true;
        if (hooks.releasedOffset() >= offset) {
            execute(this::sendHeld); // Released between the look and here.
        }
    }

    /** More of the append-only file is durable than before. From any thread. */
    public void released() {
        if (hasHeld) {
            execute(this::sendHeld);
        }
    }

    private void sendHeld() {
        hasHeld = false;
        var all = held;
        held = new ArrayList<>();
        // What is still not released holds itself again.
        all.forEach(Connection::sendHeld);
    }

    private void ready(SelectionKey key) {
        nowMillis = System.currentTimeMillis();
        try {
            if (key.attachment() instanceof Connection connection) {
                connection.ready(key);
            }
        } catch (java.nio.channels.CancelledKeyException _) {
            // Another event of this turn closed it.
            key.cancel();
        }
    }

    private void background() {
        hasMoreBackground = false;
        for (int i = 0; i < SLICES_PER_TURN; i++) {
            hasMoreBackground = dispatcher.runBackgroundSlice(loopCount, nowMillis);
            if (!hasMoreBackground) {
                break;
            }
        }
        hooks.beforeReplies();
    }

    private void tick() {
        if (index == 0) {
            hooks.tick(nowMillis);
        }
        for (var key : selector.keys()) {
            if (key.attachment() instanceof Connection connection) {
                connection.tick(nowMillis);
            }
        }
    }

    private void closeAll() {
        for (var key : selector.keys().toArray(SelectionKey[]::new)) {
            if (key.attachment() instanceof Connection connection) {
                connection.close();
            }
        }
        try {
            selector.close();
        } catch (IOException failure) {
            hooks.log(true, failure.toString());
        }
    }

    /** Registers a channel's owner; on this loop. */
    SelectionKey register(java.nio.channels.SelectableChannel channel, int interest, Object owner) throws IOException {
        channel.configureBlocking(false);
        return channel.register(selector, interest, owner);
    }

    boolean isHere() {
        return Thread.currentThread() == thread;
    }

    int index() {
        return index;
    }

    Dispatcher dispatcher() {
        return dispatcher;
    }

    NetSettings settings() {
        return settings;
    }

    NetStats stats() {
        return stats;
    }

    ClientMemory memory() {
        return memory;
    }

    NetHooks hooks() {
        return hooks;
    }

    long nowMillis() {
        return nowMillis;
    }

    void countRead(int bytes) {
        reads++;
        bytesIn += bytes;
    }

    void countWrite(long bytes) {
        writes++;
        bytesOut += bytes;
    }

    /** How many reads this loop has done; figures of a running loop may be a little old. */
    public long reads() {
        return reads;
    }

    public long writes() {
        return writes;
    }

    public long bytesIn() {
        return bytesIn;
    }

    public long bytesOut() {
        return bytesOut;
    }

    public long commandCount() {
        return dispatcher.commandCount();
    }

    /** CONFIG RESETSTAT. */
    public void resetStats() {
        execute(() -> {
            reads = 0;
            writes = 0;
            bytesIn = 0;
            bytesOut = 0;
        });
    }
}
