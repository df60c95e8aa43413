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
import io.redoubt.type.SetValue;
import org.jspecify.annotations.Nullable;

/**
 * One run of a command: what a handler reads, changes and answers. One per loop, reused, so a handler keeps nothing of
 * it. Key arguments are named by their position; the database is the session's unless another is given.
 */
public final class Call {
    private final Keyspace keyspace;
    private final Unit unit;
    private final Args args = new Args();
    private final Form form = new Form();
    private final Entry entry = new Entry();
    private final Entry other = new Entry();
    private final Element element = new Element();
    private final SetValue set = new SetValue();
    private final byte[] number = new byte[32];
    private byte[] scratch = new byte[256];
    private @Nullable Reply reply;
    private @Nullable Session session;
    private @Nullable CommandSpec spec;
    private Presence presence = Presence.ABSENT;
    private boolean hasOwnEffects;
    private boolean isSuspended;
    private long parsed;

    public Call(Keyspace keyspace, Unit unit) {
        this.keyspace = keyspace;
        this.unit = unit;
    }

    void begin(Session newSession, Reply newReply) {
        session = newSession;
        reply = newReply;
    }

    void beginCommand(CommandSpec newSpec) {
        spec = newSpec;
        hasOwnEffects = false;
        isSuspended = false;
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
            keyspace.events()
                    .on(
                            KeyspaceEvents.Event.KEYMISS,
                            database(),
                            args.buffer(),
                            args.start(keyArg),
                            args.length(keyArg));
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

    private Presence require(Encoding.Type type) {
        if (Encoding.type(entry.encoding()) == type) {
            return Presence.PRESENT;
        }
        reply().error(Errors.WRONG_TYPE);
        return Presence.WRONG_TYPE;
    }

    /** Adds a key that is not there, for a value that the caller makes of the entry at once, such as by `bindNew`. */
    public Entry create(int keyArg) {
        keyspace.create(
                unit, database(), args.buffer(), args.start(keyArg), args.length(keyArg), Encoding.RAW, 0, entry);
        notify(keyArg, database(), KeyspaceEvents.Event.NEW);
        return entry;
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
        keyspace.setString(
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
        keyspace.setInteger(
                unit, database(), args.buffer(), args.start(keyArg), args.length(keyArg), value, expiryMillis);
    }

    /** Deletes the key at a position; says whether it was there. No event, no change is counted. */
    public boolean delete(int keyArg) {
        return keyspace.delete(unit, database(), args.buffer(), args.start(keyArg), args.length(keyArg), entry);
    }

    public void setExpiry(int keyArg, long expiryMillis) {
        keyspace.setExpiry(database(), args.buffer(), args.start(keyArg), args.length(keyArg), expiryMillis);
    }

    /** The key at a position was changed: counts it and tells those who follow. */
    public void changed(int keyArg, KeyspaceEvents.Event event) {
        changed(keyArg, database(), event);
    }

    /** As {@link #changed(int, KeyspaceEvents.Event)}, in a database. */
    public void changed(int keyArg, int database, KeyspaceEvents.Event event) {
        unit.changed();
        notify(keyArg, database, event);
    }

    /** The key at a position was changed so many times, by one command. */
    public void changed(int keyArg, KeyspaceEvents.Event event, long count) {
        unit.changed(count);
        notify(keyArg, database(), event);
    }

    /** Tells those who follow, without counting a change. */
    public void notify(int keyArg, int database, KeyspaceEvents.Event event) {
        keyspace.events().on(event, database, args.buffer(), args.start(keyArg), args.length(keyArg));
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

    /** Adds an argument of the request to the effect being written. */
    public void effectArg(int arg) {
        unit.effects().arg(args.buffer(), args.start(arg), args.length(arg));
    }

    // ---- Replies ----

    /** Answers an integer, unless the look-up before found another type and its error is written. */
    public void replyIfAbsent(long value) {
        if (presence == Presence.ABSENT) {
            reply().integer(value);
        }
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
            reply().bulk(of.valueBuffer(), of.valueStart(), of.valueLength());
        }
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
     * The reply comes later, by {@link Session.Link#resume}: no further request of this connection runs until then.
     * The handler writes nothing.
     */
    public void suspend() {
        isSuspended = true;
        session().link().suspend();
    }

    boolean isSuspended() {
        return isSuspended;
    }
}
