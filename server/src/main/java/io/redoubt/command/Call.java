package io.redoubt.command;

import io.redoubt.log.Effects;
import io.redoubt.resp.Decimal;
import io.redoubt.resp.Reply;
import io.redoubt.store.Entry;
import io.redoubt.store.Keyspace;
import io.redoubt.store.KeyspaceEvents;
import io.redoubt.store.Unit;
import io.redoubt.type.Element;
import io.redoubt.type.Encoding;
import io.redoubt.type.HashValue;
import io.redoubt.type.ListValue;
import io.redoubt.type.MemberValue;
import io.redoubt.type.SetValue;
import io.redoubt.type.Value;
import io.redoubt.type.ZSetValue;
import org.jspecify.annotations.Nullable;

/**
 * One run of a command: what a handler reads, changes and answers. One per loop, reused, so a handler keeps nothing of
 * it. Key arguments are named by their position; the database is the session's unless another is given.
 */
public final class Call {
    private static final byte[] DEL = {'D', 'E', 'L'};
    private static final byte[] PEXPIREAT = {'P', 'E', 'X', 'P', 'I', 'R', 'E', 'A', 'T'};

    private final Keyspace keyspace;
    private final Unit unit;
    private final Args args = new Args();
    private final Form form = new Form();
    private final Entry entry = new Entry();
    private final Entry other = new Entry();
    private final Element element = new Element();
    private final Element otherElement = new Element();
    private final SetValue set = new SetValue();
    private final ZSetValue sorted = new ZSetValue();
    private final HashValue hash = new HashValue();
    private final ListValue list = new ListValue();
    private @Nullable StreamScratch streams;
    private final byte[] number = new byte[32];
    private byte[] scratch = new byte[256];
    private @Nullable Reply reply;
    private @Nullable Session session;
    private @Nullable CommandSpec spec;
    private Presence presence = Presence.ABSENT;
    private boolean hasOwnEffects;
    private final @Nullable QueueRunner queueRunner;
    private boolean isServing;
    private boolean isWaiting;
    private long waitMillis;
    private Nothing nothing = Nothing.NIL;
    private boolean isSuspended;
    private boolean runsAgain;
    private @Nullable Errand errand;
    private int pushedEnd;
    /** The client may have caused messages to itself. */
    private boolean hasToHear;

    private int replyStart;
    private long parsed;

    /** @param queueRunner who runs what EXEC has to run; null for a call that runs in a transaction itself */
    Call(Keyspace keyspace, Unit unit, @Nullable QueueRunner queueRunner) {
        this.keyspace = keyspace;
        this.unit = unit;
        this.queueRunner = queueRunner;
    }

    void begin(Session newSession, Reply newReply) {
        session = newSession;
        reply = newReply;
        pushedEnd = 0;
        isServing = false;
    }

    void beginCommand(CommandSpec newSpec) {
        spec = newSpec;
        hasOwnEffects = false;
        isSuspended = false;
        runsAgain = false;
        isWaiting = false;
        hasToHear = false;
        replyStart = reply().mark();
    }

    // ---- The request ----

    public Args args() {
        return args;
    }

    public int argCount() {
        return args.count();
    }

    public Form form() {
        return form;
    }

    public CommandSpec spec() {
        if (spec == null) {
            throw new IllegalStateException("no command is running");
        }
        return spec;
    }

    public Session session() {
        if (session == null) {
            throw new IllegalStateException("no session is set");
        }
        return session;
    }

    public Reply reply() {
        if (reply == null) {
            throw new IllegalStateException("no reply is set");
        }
        return reply;
    }

    public long nowMillis() {
        return unit.nowMillis();
    }

    public int database() {
        return session().database();
    }

    /** Whether an argument is a word (given in capital letters), in any case. */
    public boolean argIs(int arg, String upperCaseWord) {
        return args.is(arg, upperCaseWord);
    }

    /**
     * Reads a signed 64-bit number; it is then {@link #parsed()}.
     *
     * @return false when it is none, and the error is written
     */
    public boolean parseLong(int arg, byte[] errorLine) {
        long value = Decimal.parseLong(args.buffer(), args.start(arg), args.length(arg), Long.MIN_VALUE);
        if (value == Long.MIN_VALUE && !Decimal.isLong(args.buffer(), args.start(arg), args.length(arg))) {
            reply().error(errorLine);
            return false;
        }
        parsed = value;
        return true;
    }

    /** Reads a signed 64-bit number with Redis's usual error. */
    public boolean parseLong(int arg) {
        return parseLong(arg, Errors.NOT_AN_INTEGER);
    }

    /**
     * Reads a signed 64-bit number that is at least so much.
     *
     * @param errorLine for what is no number, and for a smaller one
     * @return false when it is not, and the error is written
     */
    public boolean parseAtLeast(int arg, long least, byte[] errorLine) {
        if (!parseLong(arg, errorLine)) {
            return false;
        }
        if (parsed < least) {
            reply().error(errorLine);
            return false;
        }
        return true;
    }

    /** The number read last. */
    public long parsed() {
        return parsed;
    }

    // ---- Keys ----

    public Keyspace keyspace() {
        return keyspace;
    }

    public Unit unit() {
        return unit;
    }

    /** Looks up the key at a position for reading: counts a hit or a miss. The entry is then {@link #entry()}. */
    public boolean findToRead(int keyArg) {
        boolean found = find(keyArg, database(), entry);
        if (found) {
            keyspace.countLookup(unit, true);
            if (!session().isNoTouch()) {
                keyspace.touch(unit, entry);
            }
        } else {
            keyspace.countLookup(unit, false);
            notify(keyArg, database(), KeyspaceEvents.Event.KEYMISS);
        }
        return found;
    }

    /** Looks up the key at a position to change it. The entry is then {@link #entry()}. */
    public boolean find(int keyArg) {
        return find(keyArg, database(), entry);
    }

    /** Looks up the key at a position in a database. */
    public boolean find(int keyArg, int database, Entry into) {
        return keyspace.find(unit, database, args.buffer(), args.start(keyArg), args.length(keyArg), into);
    }

    /** Looks up the key at a position for reading, which must hold a type. */
    public Presence findToRead(int keyArg, Encoding.Type type) {
        presence = findToRead(keyArg) ? require(type) : Presence.ABSENT;
        return presence;
    }

    /** Looks up the key at a position to change it; it must hold a type. */
    public Presence find(int keyArg, Encoding.Type type) {
        presence = find(keyArg) ? require(type) : Presence.ABSENT;
        return presence;
    }

    /**
     * Finds the first key of a range of arguments that is there, for commands that pop from one of several; the entry
     * then shows it. For who has waited, a key of another type is none.
     *
     * @return the argument; 0 if no key is there, -1 if one is of another type and the error is written
     */
    public int findFirst(int from, int to, Encoding.Type type) {
        for (int arg = from; arg < to; arg++) {
            if (find(arg)) {
                if (Encoding.type(entry.encoding()) == type) {
                    return arg;
                }
                if (!isServing) {
                    reply().error(Errors.WRONG_TYPE);
                    return -1;
                }
            }
        }
        return 0;
    }

    private Presence require(Encoding.Type type) {
        if (Encoding.type(entry.encoding()) == type) {
            return Presence.PRESENT;
        }
        reply().error(Errors.WRONG_TYPE);
        return Presence.WRONG_TYPE;
    }

    /** Adds a key that is not there, for a value that the caller makes of the entry at once, such as by `bindNew`. */
    public Entry create(int keyArg) {
        createSilently(keyArg);
        notify(keyArg, database(), KeyspaceEvents.Event.NEW);
        return entry;
    }

    /** As {@link #create}; the handler notifies later that the key is new. */
    Entry createSilently(int keyArg) {
        keyspace.create(
                unit, database(), args.buffer(), args.start(keyArg), args.length(keyArg), Encoding.RAW, 0, entry);
        return entry;
    }

    /** Begins a value for the key at a position that replaces what is there: see {@link Keyspace#createDetached}. */
    public Entry createDetached(int keyArg, Entry into) {
        keyspace.createDetached(
                unit, database(), args.buffer(), args.start(keyArg), args.length(keyArg), Encoding.RAW, 0, into);
        return into;
    }

    /** Removes the members that the arguments behind the first key name, and answers how many were there. */
    public void removeMembers(MemberValue value, KeyspaceEvents.Event event) {
        int removed = 0;
        boolean isEmpty = false;
        for (int arg = 2; arg < args.count() && !isEmpty; arg++) {
            if (value.remove(element(arg))) {
                removed++;
                isEmpty = value.isEmpty();
            }
        }
        if (removed > 0) {
            changed(1, event, removed);
            deleteIf(isEmpty, 1);
        }
        reply().integer(removed);
    }

    /** What was to be stored at a position is empty: what is there goes, and the answer is 0. */
    public void storeNothing(int keyArg) {
        if (delete(keyArg)) {
            changed(keyArg, KeyspaceEvents.Event.DEL);
        }
        reply().integer(0);
    }

    /** Deletes a key whose value has become empty; the change was counted already. */
    public void deleteIf(boolean isEmpty, int keyArg) {
        if (isEmpty) {
            delete(keyArg);
            notify(keyArg, database(), KeyspaceEvents.Event.DEL);
        }
    }

    /** The set of this call, to be bound to the entry. */
    public SetValue set() {
        return set;
    }

    /** The sorted set of this call, to be bound to the entry. */
    public ZSetValue sorted() {
        return sorted;
    }

    /** The hash of this call, to be bound to the entry. */
    public HashValue hash() {
        return hash;
    }

    /** The list of this call, to be bound to the entry. */
    public ListValue list() {
        return list;
    }

    /** What the commands of streams need for a while. Made when it is first needed. */
    StreamScratch streams() {
        if (streams == null) {
            streams = new StreamScratch();
        }
        return streams;
    }

    /** A second element, showing an argument. */
    public Element otherElement(int arg) {
        otherElement.set(args.buffer(), args.start(arg), args.length(arg));
        return otherElement;
    }

    /** A second element, showing what it was given last. */
    public Element otherElement() {
        return otherElement;
    }

    /** The element of this call, showing an argument. */
    public Element element(int arg) {
        element.set(args.buffer(), args.start(arg), args.length(arg));
        return element;
    }

    /** The element of this call, showing what it was given last. */
    public Element element() {
        return element;
    }

    /** The entry of the last look-up. */
    public Entry entry() {
        return entry;
    }

    /** A second entry, for commands that look at two keys. */
    public Entry otherEntry() {
        return other;
    }

    /** Sets a string that is to be kept as bytes (raw or embstr by {@code encoding}). */
    public void setString(int keyArg, int encoding, byte[] value, int offset, int length, long expiryMillis) {
        boolean isNew = keyspace.setString(
                unit,
                database(),
                args.buffer(),
                args.start(keyArg),
                args.length(keyArg),
                encoding,
                value,
                offset,
                length,
                expiryMillis);
        if (isNew) {
            notify(keyArg, database(), KeyspaceEvents.Event.NEW);
        }
    }

    /** Sets a string as Redis's SET does: as an integer where it is the canonical form of one, else embstr or raw. */
    public void setValue(int keyArg, byte[] value, int offset, int length, long expiryMillis) {
        if (length <= Decimal.LONG_BYTES_MAX && length > 0) {
            long integer = Decimal.parseLong(value, offset, length, Long.MIN_VALUE);
            if (integer != Long.MIN_VALUE || Decimal.isLong(value, offset, length)) {
                setInteger(keyArg, integer, expiryMillis);
                return;
            }
        }
        int encoding = length <= Encoding.EMBSTR_MAX ? Encoding.EMBSTR : Encoding.RAW;
        setString(keyArg, encoding, value, offset, length, expiryMillis);
    }

    /** Sets an integer. */
    public void setInteger(int keyArg, long value, long expiryMillis) {
        boolean isNew = keyspace.setInteger(
                unit, database(), args.buffer(), args.start(keyArg), args.length(keyArg), value, expiryMillis);
        if (isNew) {
            notify(keyArg, database(), KeyspaceEvents.Event.NEW);
        }
    }

    /** Deletes the key at a position; says whether it was there. No event, no change is counted. */
    public boolean delete(int keyArg) {
        return keyspace.delete(unit, database(), args.buffer(), args.start(keyArg), args.length(keyArg), entry);
    }

    public void setExpiry(int keyArg, long expiryMillis) {
        keyspace.setExpiry(unit, database(), args.buffer(), args.start(keyArg), args.length(keyArg), expiryMillis);
    }

    /** The key at a position was changed: counts it and tells those who follow. */
    public void changed(int keyArg, KeyspaceEvents.Event event) {
        changed(keyArg, database(), event);
    }

    /** As {@link #changed(int, KeyspaceEvents.Event)}, in a database. */
    public void changed(int keyArg, int database, KeyspaceEvents.Event event) {
        unit.changed();
        keyspace.changed(unit, database, args.buffer(), args.start(keyArg), args.length(keyArg));
        notify(keyArg, database, event);
    }

    /** The key at a position was changed so many times, by one command. */
    public void changed(int keyArg, KeyspaceEvents.Event event, long count) {
        unit.changed(count);
        notifyChanged(keyArg, event);
    }

    /** Another key of the same command was changed, too: tells who follows it, without counting a change. */
    public void notifyChanged(int keyArg, KeyspaceEvents.Event event) {
        keyspace.changed(unit, database(), args.buffer(), args.start(keyArg), args.length(keyArg));
        notify(keyArg, database(), event);
    }

    /** Tells those who follow, without counting a change. */
    public void notify(int keyArg, int database, KeyspaceEvents.Event event) {
        keyspace.events().on(event, database, args.buffer(), args.start(keyArg), args.length(keyArg));
        if (session().subscriptions() != null) {
            hearOwn(event);
        }
    }

    /** The client listens itself: as in Redis it hears of the event where the event happens, but never within a reply. */
    private void hearOwn(KeyspaceEvents.Event event) {
        hasToHear = true;
        boolean comesFirst = event == KeyspaceEvents.Event.NEW || !spec().isHeardAfterReply();
        if (comesFirst && reply().mark() == replyStart) {
            deliverOwn();
            replyStart = reply().mark();
        }
    }

    /** The handler has replied: what it has caused follows. */
    void deliverLeft() {
        if (hasToHear) {
            deliverOwn();
        }
    }

    private void deliverOwn() {
        hasToHear = false;
        var subscriptions = session().subscriptions();
        // Who waited lives on another loop maybe; whose replies are off has none to keep in order.
        if (subscriptions != null
                && session().protocol() == 3
                && session().replyMode() == Session.ReplyMode.ON
                && !isServing
                && !session().isMaster()) {
            subscriptions.deliverTo(reply());
        }
    }

    /** Where the reply of this command begins: behind what came before it. */
    int replyStart() {
        return replyStart;
    }

    // ---- Effects. A command that changed something and logged no effect of its own is logged as it was sent. ----

    /** The effects, for a command whose deterministic form differs from what was sent. */
    public Effects ownEffects() {
        hasOwnEffects = true;
        return unit.effects();
    }

    boolean hasOwnEffects() {
        return hasOwnEffects;
    }

    /** Logs the request as it was sent. */
    public void logAsSent() {
        hasOwnEffects = true;
        var effects = unit.effects();
        effects.command(database(), args.count());
        for (int i = 0; i < args.count(); i++) {
            effects.arg(args.buffer(), args.start(i), args.length(i));
        }
    }

    /**
     * Brings in order what a request leaves that failed when some of its changes were made: a value without elements
     * goes, who follows its keys is told, and replicas get what the keys hold.
     */
    void settleWrittenKeys() {
        var effects = ownEffects();
        unit.changed();
        for (int i = 0; i < form.keyCount(); i++) {
            if ((form.keyAccess(i) & Form.WRITE) != 0) {
                int arg = form.keyArg(i);
                int database = form.keyDatabase(i) == Form.CURRENT_DATABASE ? database() : form.keyDatabase(i);
                if (find(arg, database, entry) && entry.isEmptyCollection()) {
                    keyspace.delete(unit, database, args.buffer(), args.start(arg), args.length(arg), entry);
                }
                keyspace.changed(unit, database, args.buffer(), args.start(arg), args.length(arg));
                // No commands make a stream with its groups as it is, so replicas keep the one they have.
                boolean isStream =
                        find(arg, database, entry) && Encoding.type(entry.encoding()) == Encoding.Type.STREAM;
                if (effects.isWanted() && !isStream) {
                    logContent(arg, database);
                }
            }
        }
    }

    private void logContent(int keyArg, int database) {
        var effects = unit.effects();
        effects.command(database, 2);
        effects.arg(DEL);
        effectArg(keyArg);
        if (!find(keyArg, database, entry)) {
            return;
        }
        var value = new Value();
        entry.show(value);
        value.sendTo(new ValueEffects(effects, database, args.buffer(), args.start(keyArg), args.length(keyArg)));
        if (entry.expiryMillis() != Keyspace.NO_EXPIRY) {
            effects.command(database, 3);
            effects.arg(PEXPIREAT);
            effectArg(keyArg);
            effects.arg(entry.expiryMillis());
        }
    }

    /** Adds an argument of the request to the effect being written. */
    public void effectArg(int arg) {
        unit.effects().arg(args.buffer(), args.start(arg), args.length(arg));
    }

    // ---- Waiting for keys ----

    /** What a command answers when it has waited in vain. */
    public enum Nothing {
        NIL,
        NIL_ARRAY;

        void write(Reply reply) {
            if (this == NIL) {
                reply.nil();
            } else {
                reply.nilArray();
            }
        }
    }

    /**
     * Reads how long to wait, in seconds with a fraction; it is then {@link #parsed()} in milliseconds, 0 for ever.
     *
     * @return false when it is none, and the error is written
     */
    public boolean parseWaitSeconds(int arg) {
        double seconds = Decimal.parseDouble(args.buffer(), args.start(arg), args.length(arg));
        if (Double.isNaN(seconds)) {
            reply().error(Errors.TIMEOUT_NO_FLOAT);
            return false;
        }
        return setWaitMillis(Math.ceil(seconds * 1000));
    }

    /** Reads how long to wait, in milliseconds, as {@link #parseWaitSeconds} does. */
    public boolean parseWaitMillis(int arg) {
        return parseLong(arg, Errors.TIMEOUT_NO_INTEGER) && setWaitMillis(parsed);
    }

    private boolean setWaitMillis(double millis) {
        if (millis < 0) {
            reply().error(Errors.TIMEOUT_NEGATIVE);
            return false;
        }
        if (millis > 0x1p63 || millis > Long.MAX_VALUE - nowMillis()) {
            reply().error(Errors.TIMEOUT_OUT_OF_RANGE);
            return false;
        }
        parsed = (long) millis;
        return true;
    }

    /**
     * There is nothing for this command yet: it is run again, from its beginning, whenever one of the keys changes that
     * its form says are read, until it answers. The handler has changed and written nothing, and does nothing more.
     * Where nobody may wait (in a transaction, on the link to a master) the answer is the one for a wait in vain.
     *
     * @param millis how long, 0 for ever
     * @param inVain what is answered when the time is over
     */
    public void waitForKeys(long millis, Nothing inVain) {
        if (isServing) {
            isWaiting = true;
        } else if (!maySuspend() || session().isMaster()) {
            inVain.write(reply());
        } else {
            suspend();
            isWaiting = true;
            waitMillis = millis;
            nothing = inVain;
        }
    }

    /** Waits for keys or, if {@code millis} is negative because the command never waits, answers at once. */
    public void waitOrReplyNilArray(long millis) {
        if (millis < 0) {
            reply().nilArray();
        } else {
            waitForKeys(millis, Nothing.NIL_ARRAY);
        }
    }

    /**
     * Whether the command runs on behalf of a client that waits already. A key of another type then is none yet, where
     * it would have been an error before.
     */
    public boolean isServing() {
        return isServing;
    }

    void serve() {
        isServing = true;
    }

    boolean isWaiting() {
        return isWaiting;
    }

    long waitMillis() {
        return waitMillis;
    }

    Nothing nothing() {
        return nothing;
    }

    // ---- Transactions ----

    /** What MULTI and WATCH have begun on this connection, or begin now. */
    Transaction transaction() {
        return session().transaction(keyspace);
    }

    /** Runs queued requests as part of this one, and answers an array of their replies. */
    void runAll(Transaction transaction) {
        hasOwnEffects = true; // Those of the requests that it runs.
        queueRunner().runAll(session(), transaction, reply());
    }

    private QueueRunner queueRunner() {
        if (queueRunner == null) {
            throw new IllegalStateException("a transaction runs no other");
        }
        return queueRunner;
    }

    /** Whether an earlier request of the transaction writes what a later one needs before it runs. */
    boolean writesWhatErrandsRead(Transaction transaction) {
        return queueRunner().writesWhatErrandsRead(session(), transaction);
    }

    /** Lets a thread run the errands that are due; whether there are any, and the request runs again. */
    boolean runErrands(Transaction transaction) {
        var due = queueRunner().errandsDue(session(), transaction, reply());
        if (due.isEmpty()) {
            return false;
        }
        var link = session().link();
        suspendToRunAgain();
        Thread.ofVirtual().name("redoubt-errands").start(() -> {
            try {
                due.forEach(Errand::run);
            } finally {
                link.resume(_ -> {});
            }
        });
        return true;
    }

    /** What was done for this request before its transaction; null outside of one. */
    public @Nullable Errand errand() {
        return errand;
    }

    void setErrand(@Nullable Errand newErrand) {
        errand = newErrand;
    }

    // ---- Replies ----

    /**
     * What is written so far are messages, not the reply: CLIENT REPLY does not silence them.
     */
    public void pushed() {
        pushedEnd = reply().length();
    }

    int pushedEnd() {
        return pushedEnd;
    }

    /** Answers an integer, unless the look-up before found another type and its error is written. */
    public void replyIfAbsent(long value) {
        if (presence == Presence.ABSENT) {
            reply().integer(value);
        }
    }

    /** Writes an argument as a bulk. */
    public void replyArg(int arg) {
        reply().bulk(args.buffer(), args.start(arg), args.length(arg));
    }

    /** Writes an element as a bulk. */
    public void reply(Element of) {
        if (of.isKnownInteger()) {
            reply().bulkInteger(of.integer());
        } else {
            reply().bulk(of.buffer(), of.offset(), of.length());
        }
    }

    /** Writes the value of a string entry as a bulk. */
    public void replyString(Entry of) {
        if (of.isInteger()) {
            reply().bulkInteger(of.integer());
        } else {
            replyBytes(of, of.valueStart(), of.valueLength());
        }
    }

    /** Writes a part of {@link Entry#valueBuffer()} as a bulk; most of a large value goes by reference. */
    public void replyBytes(Entry of, int from, int count) {
        byte[] bytes = of.valueBuffer();
        if (count >= Encoding.LARGE_MIN && count >= bytes.length >> 1 && of.shareValue()) {
            reply().bulkShared(bytes, from, count);
        } else {
            reply().bulk(bytes, from, count);
        }
    }

    /** An array for a large value, which the keyspace will keep. Before anything has changed: the heap may be full. */
    public byte[] newValue(int size) {
        var heap = keyspace.heap();
        heap.requireForData(heap.footprint(size));
        return new byte[size];
    }

    /** A scratch area of at least so many bytes, for a value on its way into the keyspace; it has any content. */
    public byte[] scratch(int size) {
        if (scratch.length < size) {
            scratch = new byte[Math.max(size, scratch.length * 2)];
        }
        return scratch;
    }

    /** A small scratch area for numbers. */
    public byte[] numberScratch() {
        return number;
    }

    /**
     * The reply comes later, by {@link #lateReply}: no further request of this connection runs until then. The handler
     * writes nothing.
     */
    public void suspend() {
        if (!maySuspend()) {
            throw new IllegalStateException("a transaction cannot wait");
        }
        isSuspended = true;
        session().link().suspend();
    }

    /** Says who writes the reply of this command when it comes later. To be asked for in the handler. */
    public LateReply lateReply() {
        return new LateReply(session());
    }

    /**
     * As {@link #suspend}, but when the connection is resumed the same request runs once more, from the gate on, and
     * then replies. What it needs to know then it leaves by {@link Session#setContinuation}.
     */
    public void suspendToRunAgain() {
        suspend();
        runsAgain = true;
    }

    boolean runsAgain() {
        return runsAgain;
    }

    /** Whether the reply may come later; not in a transaction. */
    public boolean maySuspend() {
        return queueRunner != null;
    }

    boolean isSuspended() {
        return isSuspended;
    }
}
