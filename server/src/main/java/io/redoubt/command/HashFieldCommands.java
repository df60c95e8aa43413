package io.redoubt.command;

import static io.redoubt.command.ArgSpec.block;
import static io.redoubt.command.ArgSpec.integer;
import static io.redoubt.command.ArgSpec.key;
import static io.redoubt.command.ArgSpec.oneOf;
import static io.redoubt.command.ArgSpec.string;
import static io.redoubt.command.ArgSpec.unixTime;
import static io.redoubt.command.ArgSpec.word;
import static io.redoubt.command.Category.HASH;
import static io.redoubt.command.CommandFlag.DENYOOM;
import static io.redoubt.command.CommandFlag.FAST;
import static io.redoubt.command.CommandFlag.READONLY;
import static io.redoubt.command.CommandFlag.WRITE;
import static io.redoubt.command.KeySpec.Flag.ACCESS;
import static io.redoubt.command.KeySpec.Flag.DELETE;
import static io.redoubt.command.KeySpec.Flag.RO;
import static io.redoubt.command.KeySpec.Flag.RW;
import static io.redoubt.command.KeySpec.Flag.UPDATE;

import io.redoubt.memory.Table;
import io.redoubt.resp.Decimal;
import io.redoubt.store.KeyspaceEvents.Event;
import io.redoubt.type.Encoding.Type;
import io.redoubt.type.HashValue;
import java.nio.charset.StandardCharsets;

/**
 * The commands about fields of hashes that expire, as Redis 8 has them. Whatever the unit, what is kept and replicated
 * is a time in milliseconds. What a request says is kept in its form: {@link #FIRST} and {@link #COUNT} of the fields,
 * {@link #TIME}, and the options.
 */
public final class HashFieldCommands extends CommandFamily {
    // Slots of the form.
    private static final int FIRST = 0;
    private static final int COUNT = 1;
    private static final int TIME = 2;

    // Options of the form.
    private static final long NX = 1;
    private static final long XX = 1 << 1;
    private static final long GT = 1 << 2;
    private static final long LT = 1 << 3;
    private static final long FNX = 1 << 4;
    private static final long FXX = 1 << 5;
    private static final long EX = 1 << 6;
    private static final long PX = 1 << 7;
    private static final long EXAT = 1 << 8;
    private static final long PXAT = 1 << 9;
    private static final long KEEPTTL = 1 << 10;
    private static final long PERSIST = 1 << 11;

    private static final long CONDITIONS = NX | XX | GT | LT;
    private static final long TIMES = EX | PX | EXAT | PXAT;
    private static final long LIFETIMES = TIMES | KEEPTTL | PERSIST;

    private static final long SECOND = 1000;
    /** No field expires later. */
    private static final long LATEST = (1L << 46) - 1;
    /** The error is written. */
    private static final long REFUSED = -1;

    // Answers for one field.
    private static final int NO_FIELD = -2;
    private static final int NO_TIME = -1;
    private static final int NOT_WANTED = 0;
    private static final int DONE = 1;
    private static final int DELETED = 2;

    private static final byte[] TIME_NEGATIVE = Errors.line("ERR invalid expire time, must be >= 0");
    private static final byte[] TIME_MISSING = Errors.line("ERR missing expire time");
    private static final byte[] NO_COUNT = Errors.line("ERR Parameter `numFields` should be greater than 0");
    private static final byte[] BAD_COUNT = Errors.line("ERR invalid number of fields");
    private static final byte[] COUNT_NOT_POSITIVE = Errors.line("ERR Number of fields must be a positive integer");
    private static final byte[] COUNT_DIFFERS =
            Errors.line("ERR The `numfields` parameter must match the number of arguments");
    private static final byte[] FIELDS_TWICE = Errors.line("ERR FIELDS keyword specified multiple times");
    private static final byte[] FIELDS_MISSING = Errors.line("ERR missing FIELDS argument");
    private static final byte[] FIELDS_MISPLACED =
            Errors.line("ERR Mandatory argument FIELDS is missing or not at the right position");
    private static final byte[] FIELDS_TOO_SHORT =
            Errors.line("ERR FIELDS requires at least numfields and one field argument");
    private static final byte[] SEVERAL_CONDITIONS = Errors.line("ERR Multiple condition flags specified");
    private static final byte[] FNX_EXCLUDES_FXX = Errors.line("ERR Only one of FXX or FNX arguments can be specified");
    private static final byte[] SEVERAL_TIMES_TO_SET =
            Errors.line("ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified");
    private static final byte[] SEVERAL_TIMES_TO_GET =
            Errors.line("ERR Only one of EX, PX, EXAT, PXAT or PERSIST arguments can be specified");

    // Words of effects.
    private static final byte[] HPEXPIREAT = effectWord("HPEXPIREAT");
    private static final byte[] HPERSIST = effectWord("HPERSIST");
    private static final byte[] HDEL = effectWord("HDEL");
    private static final byte[] HSET = effectWord("HSET");
    private static final byte[] HSETEX = effectWord("HSETEX");
    private static final byte[] PXAT_WORD = effectWord("PXAT");
    private static final byte[] KEEPTTL_WORD = effectWord("KEEPTTL");
    private static final byte[] FIELDS = effectWord("FIELDS");

    public HashFieldCommands() {
        super("hash");
    }

    private static byte[] effectWord(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static ArgSpec fields() {
        return block("fields", integer("numfields"), string("field").multiple()).token("FIELDS");
    }

    // ---- Setting when fields expire ----

    final CommandSpec hexpire = setter("HEXPIRE", integer("seconds"))
            .summary("Lets fields of a hash expire after so many seconds.")
            .handler(call -> setExpiry(call, SECOND, true));

    final CommandSpec hpexpire = setter("HPEXPIRE", integer("milliseconds"))
            .summary("Lets fields of a hash expire after so many milliseconds.")
            .handler(call -> setExpiry(call, 1, true));

    final CommandSpec hexpireat = setter("HEXPIREAT", unixTime("unix-time-seconds"))
            .summary("Lets fields of a hash expire at a Unix time in seconds.")
            .handler(call -> setExpiry(call, SECOND, false));

    final CommandSpec hpexpireat = setter("HPEXPIREAT", unixTime("unix-time-milliseconds"))
            .summary("Lets fields of a hash expire at a Unix time in milliseconds.")
            .handler(call -> setExpiry(call, 1, false));

    private CommandSpec setter(String name, ArgSpec time) {
        var condition = oneOf("condition", word("nx", "NX"), word("xx", "XX"), word("gt", "GT"), word("lt", "LT"));
        return command(name)
                .arity(-6)
                .since("7.4.0")
                .complexity("O(1) for each field")
                .flags(WRITE, DENYOOM, FAST)
                .categories(HASH)
                .key(1, RW, UPDATE)
                .reveals(Reveals.MEMBERSHIP)
                .args(key("key"), time, condition.optional(), fields());
    }

    private static void setExpiry(Call call, long unitMillis, boolean isRelative) {
        var presence = call.find(1, Type.HASH);
        if (presence == Presence.WRONG_TYPE) {
            return;
        }
        long when = parseTime(call, 2, unitMillis, isRelative);
        if (when == REFUSED || !parseOptions(call, 3, CONDITIONS, 1)) {
            return;
        }
        var form = call.form();
        int count = form.slots[COUNT];
        if (presence == Presence.ABSENT) {
            replyNoField(call, count);
            return;
        }
        var hash = call.hash().bind(call.entry());
        boolean deletes = isOver(call, when);
        byte[] answers = call.scratch(count);
        call.reply().arrayHeader(count);
        int done = 0;
        for (int i = 0; i < count; i++) {
            int answer = setExpiry(call, hash, form.slots[FIRST] + i, when, deletes);
            answers[i] = (byte) (answer > 0 ? 1 : 0);
            done += answers[i];
            call.reply().integer(answer);
        }
        if (done > 0) {
            if (deletes) {
                deleted(call, hash, answers, done);
            } else {
                call.changed(1, Event.HEXPIRE, done);
                logExpiry(call, when, answers, done);
            }
        }
    }

    private static int setExpiry(Call call, HashValue hash, int fieldArg, long when, boolean deletes) {
        var field = call.element(fieldArg);
        long current = hash.expiry(field);
        if (current == Long.MIN_VALUE) {
            return NO_FIELD;
        }
        if (!isWanted(call.form().options, current, when)) {
            return NOT_WANTED;
        }
        if (deletes) {
            hash.remove(field);
            return DELETED;
        }
        hash.setExpiry(field, when);
        return DONE;
    }

    /** Whether the conditions allow the new time. A field that never expires does so later than any other. */
    private static boolean isWanted(long options, long current, long when) {
        if (current == Table.NO_EXPIRY) {
            return (options & (XX | GT)) == 0;
        }
        return (options & NX) == 0
                && ((options & GT) == 0 || when > current)
                && ((options & LT) == 0 || when < current);
    }

    /** Whether what shall expire then has expired already. Who follows a master leaves that to it. */
    private static boolean isOver(Call call, long when) {
        return when <= call.nowMillis()
                && !call.keyspace().expiry().isReplica
                && !call.unit().isFromMaster();
    }

    private static void replyNoField(Call call, int count) {
        call.reply().arrayHeader(count);
        for (int i = 0; i < count; i++) {
            call.reply().integer(NO_FIELD);
        }
    }

    // ---- What was changed ----

    /** Fields were removed, of which each has a 1 among the answers: the hash may go, and the effect is HDEL. */
    private static void deleted(Call call, HashValue hash, byte[] answers, int done) {
        var effects = call.ownEffects();
        effects.command(call.database(), 2 + done);
        effects.arg(HDEL);
        call.effectArg(1);
        logFields(call, answers);
        call.changed(1, Event.HDEL, done);
        call.deleteIf(hash.isEmpty(), 1);
    }

    private static void logExpiry(Call call, long when, byte[] answers, int done) {
        var effects = call.ownEffects();
        effects.command(call.database(), 5 + done);
        effects.arg(HPEXPIREAT);
        call.effectArg(1);
        effects.arg(when);
        effects.arg(FIELDS);
        effects.arg(done);
        logFields(call, answers);
    }

    private static void logFields(Call call, byte[] answers) {
        var form = call.form();
        for (int i = 0; i < form.slots[COUNT]; i++) {
            if (answers[i] != 0) {
                call.effectArg(form.slots[FIRST] + i);
            }
        }
    }

    // ---- Taking times away ----

    final CommandSpec hpersist = command("HPERSIST")
            .arity(-5)
            .since("7.4.0")
            .complexity("O(1) for each field")
            .summary("Takes the expiry of fields of a hash away.")
            .flags(WRITE, FAST)
            .categories(HASH)
            .key(1, RW, UPDATE)
            .reveals(Reveals.MEMBERSHIP)
            .args(key("key"), fields())
            .handler(this::hpersist);

    private void hpersist(Call call) {
        var presence = call.find(1, Type.HASH);
        if (presence == Presence.WRONG_TYPE || !parseFields(call)) {
            return;
        }
        var form = call.form();
        int count = form.slots[COUNT];
        if (presence == Presence.ABSENT) {
            replyNoField(call, count);
            return;
        }
        var hash = call.hash().bind(call.entry());
        byte[] answers = call.scratch(count);
        call.reply().arrayHeader(count);
        int done = 0;
        for (int i = 0; i < count; i++) {
            int answer = persist(call, hash, form.slots[FIRST] + i);
            answers[i] = (byte) (answer > 0 ? 1 : 0);
            done += answers[i];
            call.reply().integer(answer);
        }
        persisted(call, answers, done);
    }

    private static int persist(Call call, HashValue hash, int fieldArg) {
        var field = call.element(fieldArg);
        long current = hash.expiry(field);
        if (current == Long.MIN_VALUE) {
            return NO_FIELD;
        }
        if (current == Table.NO_EXPIRY) {
            return NO_TIME;
        }
        hash.setExpiry(field, Table.NO_EXPIRY);
        return DONE;
    }

    private static void persisted(Call call, byte[] answers, int done) {
        if (done > 0) {
            call.changed(1, Event.HPERSIST, done);
            var effects = call.ownEffects();
            effects.command(call.database(), 4 + done);
            effects.arg(HPERSIST);
            call.effectArg(1);
            effects.arg(FIELDS);
            effects.arg(done);
            logFields(call, answers);
        }
    }

    // ---- Asking ----

    final CommandSpec httl = getter("HTTL")
            .tips("nondeterministic_output")
            .summary("Shows in how many seconds fields of a hash expire.")
            .handler(call -> replyExpiry(call, SECOND, true));

    final CommandSpec hpttl = getter("HPTTL")
            .tips("nondeterministic_output")
            .summary("Shows in how many milliseconds fields of a hash expire.")
            .handler(call -> replyExpiry(call, 1, true));

    final CommandSpec hexpiretime = getter("HEXPIRETIME")
            .summary("Shows the Unix time in seconds at which fields of a hash expire.")
            .handler(call -> replyExpiry(call, SECOND, false));

    final CommandSpec hpexpiretime = getter("HPEXPIRETIME")
            .summary("Shows the Unix time in milliseconds at which fields of a hash expire.")
            .handler(call -> replyExpiry(call, 1, false));

    private CommandSpec getter(String name) {
        return command(name)
                .arity(-5)
                .since("7.4.0")
                .complexity("O(1) for each field")
                .flags(READONLY, FAST)
                .categories(HASH)
                .key(1, RO, ACCESS)
                .reveals(Reveals.DERIVED)
                .args(key("key"), fields());
    }

    private static void replyExpiry(Call call, long unitMillis, boolean isRelative) {
        var presence = call.findToRead(1, Type.HASH);
        if (presence == Presence.WRONG_TYPE || !parseFields(call)) {
            return;
        }
        var form = call.form();
        if (presence == Presence.ABSENT) {
            replyNoField(call, form.slots[COUNT]);
            return;
        }
        var hash = call.hash().bind(call.entry());
        call.reply().arrayHeader(form.slots[COUNT]);
        for (int i = 0; i < form.slots[COUNT]; i++) {
            long when = hash.expiry(call.element(form.slots[FIRST] + i));
            if (when == Long.MIN_VALUE) {
                call.reply().integer(NO_FIELD);
            } else if (when == Table.NO_EXPIRY) {
                call.reply().integer(NO_TIME);
            } else {
                // What a master keeps for its own reasons may have expired already.
                long millis = isRelative ? Math.max(0, when - call.nowMillis()) : when;
                call.reply().integer(millis / unitMillis + (millis % unitMillis > 0 ? 1 : 0));
            }
        }
    }

    // ---- Reading and changing at once ----

    final CommandSpec hgetdel = command("HGETDEL")
            .arity(-5)
            .since("8.0.0")
            .complexity("O(1) for each field")
            .summary("Returns the values of fields of a hash and deletes them.")
            .flags(WRITE, FAST)
            .categories(HASH)
            .key(1, RW, ACCESS, DELETE)
            .readsToo()
            .reveals(Reveals.VALUE)
            .args(key("key"), fields())
            .handler(this::hgetdel);

    private void hgetdel(Call call) {
        var presence = call.find(1, Type.HASH);
        if (presence == Presence.WRONG_TYPE || !parseFields(call)) {
            return;
        }
        if (presence == Presence.ABSENT) {
            replyNils(call);
            return;
        }
        var form = call.form();
        var hash = call.hash().bind(call.entry());
        byte[] answers = call.scratch(form.slots[COUNT]);
        call.reply().arrayHeader(form.slots[COUNT]);
        int done = 0;
        for (int i = 0; i < form.slots[COUNT]; i++) {
            boolean isThere = replyValue(call, hash, form.slots[FIRST] + i);
            if (isThere) {
                hash.remove(call.element());
            }
            answers[i] = (byte) (isThere ? 1 : 0);
            done += answers[i];
        }
        if (done > 0) {
            deleted(call, hash, answers, done);
        }
    }

    private static void replyNils(Call call) {
        int count = call.form().slots[COUNT];
        call.reply().arrayHeader(count);
        for (int i = 0; i < count; i++) {
            call.reply().nil();
        }
    }

    /** Answers the value of a field; the call's element then shows the field. */
    private static boolean replyValue(Call call, HashValue hash, int fieldArg) {
        var value = call.otherElement();
        if (!hash.get(call.element(fieldArg), value)) {
            call.reply().nil();
            return false;
        }
        call.reply(value);
        return true;
    }

    final CommandSpec hgetex = command("HGETEX")
            .arity(-5)
            .since("8.0.0")
            .complexity("O(1) for each field")
            .summary("Returns the values of fields of a hash and sets or removes the time when they expire.")
            .flags(WRITE, FAST)
            .categories(HASH)
            .key(1, RW, ACCESS, UPDATE)
            .readsToo()
            .reveals(Reveals.VALUE)
            .args(key("key"), lifetime(word("persist", "PERSIST")), fields())
            .handler(this::hgetex);

    private static ArgSpec lifetime(ArgSpec last) {
        return oneOf(
                        "expiration",
                        integer("seconds").token("EX"),
                        integer("milliseconds").token("PX"),
                        unixTime("unix-time-seconds").token("EXAT"),
                        unixTime("unix-time-milliseconds").token("PXAT"),
                        last)
                .optional();
    }

    private void hgetex(Call call) {
        var presence = call.find(1, Type.HASH);
        if (presence == Presence.WRONG_TYPE || !parseOptions(call, 2, TIMES | PERSIST, 1)) {
            return;
        }
        if (presence == Presence.ABSENT) {
            replyNils(call);
            return;
        }
        var form = call.form();
        int count = form.slots[COUNT];
        var hash = call.hash().bind(call.entry());
        byte[] answers = call.scratch(count);
        call.reply().arrayHeader(count);
        for (int i = 0; i < count; i++) {
            answers[i] = (byte) (replyValue(call, hash, form.slots[FIRST] + i) ? 1 : 0);
        }
        if ((form.options & TIMES) != 0) {
            expireRead(call, hash, answers, whenOf(call));
        } else if ((form.options & PERSIST) != 0) {
            int done = 0;
            for (int i = 0; i < count; i++) {
                answers[i] = (byte) (persist(call, hash, form.slots[FIRST] + i) == DONE ? 1 : 0);
                done += answers[i];
            }
            persisted(call, answers, done);
        }
    }

    /** Sets when the fields expire that were there; or removes them, if that is over. */
    private static void expireRead(Call call, HashValue hash, byte[] answers, long when) {
        var form = call.form();
        boolean deletes = isOver(call, when);
        int done = 0;
        for (int i = 0; i < form.slots[COUNT]; i++) {
            if (answers[i] != 0) {
                var field = call.element(form.slots[FIRST] + i);
                if (!deletes) {
                    hash.setExpiry(field, when);
                } else if (!hash.remove(field)) {
                    answers[i] = 0; // Named twice.
                }
                done += answers[i];
            }
        }
        if (done > 0 && deletes) {
            deleted(call, hash, answers, done);
        } else if (done > 0) {
            call.changed(1, Event.HEXPIRE, done);
            logExpiry(call, when, answers, done);
        }
    }

    // ---- Setting values ----

    final CommandSpec hsetex = command("HSETEX")
            .arity(-6)
            .since("8.0.0")
            .complexity("O(1) for each field")
            .summary("Sets fields of a hash and the time when they expire.")
            .flags(WRITE, DENYOOM, FAST)
            .categories(HASH)
            .key(1, RW, UPDATE)
            .reveals(Reveals.MEMBERSHIP)
            .args(
                    key("key"),
                    oneOf("condition", word("fnx", "FNX"), word("fxx", "FXX")).optional(),
                    lifetime(word("keepttl", "KEEPTTL")),
                    block(
                                    "fields",
                                    integer("numfields"),
                                    block("data", string("field"), string("value"))
                                            .multiple())
                            .token("FIELDS"))
            .handler(this::hsetex);

    private void hsetex(Call call) {
        if (!parseOptions(call, 2, TIMES | KEEPTTL | FNX | FXX, 2)) {
            return;
        }
        var presence = call.find(1, Type.HASH);
        if (presence == Presence.WRONG_TYPE) {
            return;
        }
        boolean isThere = presence == Presence.PRESENT;
        if (!fieldsAreAsWanted(call, isThere)) {
            call.reply().integer(0);
            return;
        }
        var form = call.form();
        long when = (form.options & TIMES) != 0 ? whenOf(call) : Table.NO_EXPIRY;
        if (when != Table.NO_EXPIRY && isOver(call, when)) {
            if (isThere) {
                removeNamed(call);
            }
        } else {
            setFields(
                    call, isThere ? call.hash().bind(call.entry()) : call.hash().bindNew(call.create(1)), when);
        }
        call.reply().integer(1);
    }

    private static boolean fieldsAreAsWanted(Call call, boolean isThere) {
        var form = call.form();
        if ((form.options & (FNX | FXX)) == 0) {
            return true;
        }
        boolean isWanted = (form.options & FXX) != 0;
        if (!isThere) {
            return !isWanted;
        }
        var hash = call.hash().bind(call.entry());
        for (int i = 0; i < form.slots[COUNT]; i++) {
            if (hash.contains(call.element(form.slots[FIRST] + 2 * i)) != isWanted) {
                return false;
            }
        }
        return true;
    }

    private static void setFields(Call call, HashValue hash, long when) {
        var form = call.form();
        boolean keepsTimes = (form.options & KEEPTTL) != 0;
        for (int arg = form.slots[FIRST]; arg < form.slots[FIRST] + 2 * form.slots[COUNT]; arg++) {
            int length = call.args().length(arg);
            hash.noteLengths(length, length);
        }
        for (int i = 0; i < form.slots[COUNT]; i++) {
            int arg = form.slots[FIRST] + 2 * i;
            if (keepsTimes) {
                HashCommands.dropExpired(call, hash, arg);
                hash.putKeepingExpiry(call.element(arg), call.otherElement(arg + 1));
            } else {
                hash.put(call.element(arg), call.otherElement(arg + 1));
            }
            if (when != Table.NO_EXPIRY) {
                hash.setExpiry(call.element(arg), when);
            }
        }
        call.changed(1, Event.HSET, form.slots[COUNT]);
        if (when != Table.NO_EXPIRY) {
            call.notify(1, call.database(), Event.HEXPIRE);
        }
        logSet(call, when, keepsTimes);
    }

    /** The effect names a time, not when it was set, and no conditions. Without times it is one that Redis 7.0 knows. */
    private static void logSet(Call call, long when, boolean keepsTimes) {
        var form = call.form();
        int pairs = form.slots[COUNT];
        var effects = call.ownEffects();
        boolean expires = when != Table.NO_EXPIRY;
        if (expires || keepsTimes) {
            effects.command(call.database(), (expires ? 6 : 5) + 2 * pairs);
            effects.arg(HSETEX);
            call.effectArg(1);
            effects.arg(expires ? PXAT_WORD : KEEPTTL_WORD);
            if (expires) {
                effects.arg(when);
            }
            effects.arg(FIELDS);
            effects.arg(pairs);
        } else {
            effects.command(call.database(), 2 + 2 * pairs);
            effects.arg(HSET);
            call.effectArg(1);
        }
        for (int arg = form.slots[FIRST]; arg < form.slots[FIRST] + 2 * pairs; arg++) {
            call.effectArg(arg);
        }
    }

    /** The fields would have expired when they were set: what is left is that they are gone. */
    private static void removeNamed(Call call) {
        var form = call.form();
        var hash = call.hash().bind(call.entry());
        int pairs = form.slots[COUNT];
        int done = 0;
        for (int i = 0; i < pairs; i++) {
            if (hash.remove(call.element(form.slots[FIRST] + 2 * i))) {
                done++;
            }
        }
        if (done > 0) {
            var effects = call.ownEffects();
            effects.command(call.database(), 2 + pairs);
            effects.arg(HDEL);
            call.effectArg(1);
            for (int i = 0; i < pairs; i++) {
                call.effectArg(form.slots[FIRST] + 2 * i);
            }
            call.changed(1, Event.HDEL, done);
            call.deleteIf(hash.isEmpty(), 1);
        }
    }

    // ---- What requests say ----

    /** FIELDS, their number and the fields, which are the rest of the request. */
    private static boolean parseFields(Call call) {
        if (!call.argIs(2, "FIELDS")) {
            call.reply().error(FIELDS_MISPLACED);
            return false;
        }
        if (!call.parseAtLeast(3, 1, COUNT_NOT_POSITIVE)) {
            return false;
        }
        if (call.parsed() != call.argCount() - 4) {
            call.reply().error(COUNT_DIFFERS);
            return false;
        }
        call.form().slots[FIRST] = 4;
        call.form().slots[COUNT] = (int) call.parsed();
        return true;
    }

    private static boolean unknown(Call call, int arg) {
        String shown = call.args().text(arg).replace('\r', ' ').replace('\n', ' ');
        call.reply().error(("-ERR unknown argument: " + shown + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
        return false;
    }

    /**
     * Reads the fields behind the word at a position.
     *
     * @param width arguments of each field
     * @param hasOptions as HGETEX and HSETEX, whose errors are others
     * @return the last argument of them; -1 when they are wrong and the error is written
     */
    private static int parseBlock(Call call, int arg, int width, boolean hasOptions) {
        var form = call.form();
        if (form.slots[COUNT] != 0) {
            call.reply().error(FIELDS_TWICE);
            return -1;
        }
        if (arg + 2 >= call.argCount()) {
            call.reply().error(FIELDS_TOO_SHORT);
            return -1;
        }
        if (!call.parseAtLeast(arg + 1, 1, hasOptions ? BAD_COUNT : NO_COUNT)) {
            return -1;
        }
        if (call.parsed() > (call.argCount() - arg - 2) / width) {
            String name = " for '" + call.spec().name() + "' command";
            call.reply().error("ERR wrong number of arguments" + (hasOptions ? name : ""));
            return -1;
        }
        form.slots[FIRST] = arg + 2;
        form.slots[COUNT] = (int) call.parsed();
        return arg + 1 + width * form.slots[COUNT];
    }

    /** The options that are allowed, and the fields, in any order from an argument on. */
    private static boolean parseOptions(Call call, int from, long allowed, int width) {
        var form = call.form();
        form.options = 0;
        form.slots[COUNT] = 0;
        for (int arg = from; arg < call.argCount(); arg++) {
            if (call.argIs(arg, "FIELDS")) {
                int last = parseBlock(call, arg, width, (allowed & CONDITIONS) == 0);
                if (last < 0) {
                    return false;
                }
                arg = last;
                continue;
            }
            long option = option(call, arg) & allowed;
            if (option == 0) {
                return unknown(call, arg);
            }
            if ((option & LIFETIMES) != 0 && (form.options & LIFETIMES) != 0) {
                call.reply().error((allowed & KEEPTTL) != 0 ? SEVERAL_TIMES_TO_SET : SEVERAL_TIMES_TO_GET);
                return false;
            }
            if ((option & (FNX | FXX)) != 0 && (form.options & (FNX | FXX)) != 0) {
                call.reply().error(FNX_EXCLUDES_FXX);
                return false;
            }
            form.options |= option;
            if ((option & TIMES) != 0) {
                arg++;
                if (arg >= call.argCount()) {
                    call.reply().error(TIME_MISSING);
                    return false;
                }
                form.slots[TIME] = arg;
                if (whenOf(call) == REFUSED) {
                    return false;
                }
            }
        }
        if (form.slots[COUNT] == 0) {
            call.reply().error(FIELDS_MISSING);
            return false;
        }
        if (Long.bitCount(form.options & CONDITIONS) > 1) {
            call.reply().error(SEVERAL_CONDITIONS);
            return false;
        }
        return true;
    }

    private static long option(Call call, int arg) {
        if (call.argIs(arg, "NX")) {
            return NX;
        }
        if (call.argIs(arg, "XX")) {
            return XX;
        }
        if (call.argIs(arg, "GT")) {
            return GT;
        }
        if (call.argIs(arg, "LT")) {
            return LT;
        }
        if (call.argIs(arg, "EX")) {
            return EX;
        }
        if (call.argIs(arg, "PX")) {
            return PX;
        }
        if (call.argIs(arg, "EXAT")) {
            return EXAT;
        }
        if (call.argIs(arg, "PXAT")) {
            return PXAT;
        }
        if (call.argIs(arg, "KEEPTTL")) {
            return KEEPTTL;
        }
        if (call.argIs(arg, "PERSIST")) {
            return PERSIST;
        }
        if (call.argIs(arg, "FNX")) {
            return FNX;
        }
        return call.argIs(arg, "FXX") ? FXX : 0;
    }

    /** When fields shall expire by the options; {@link #REFUSED} if that is no time and the error is written. */
    private static long whenOf(Call call) {
        var form = call.form();
        long unitMillis = (form.options & (EX | EXAT)) != 0 ? SECOND : 1;
        return parseTime(call, form.slots[TIME], unitMillis, (form.options & (EX | PX)) != 0);
    }

    private static long parseTime(Call call, int arg, long unitMillis, boolean isRelative) {
        var args = call.args();
        long given = Decimal.parseLong(args.buffer(), args.start(arg), args.length(arg), Long.MIN_VALUE);
        if (given == Long.MIN_VALUE && !Decimal.isLong(args.buffer(), args.start(arg), args.length(arg))) {
            call.reply().error(Errors.NOT_AN_INTEGER);
            return REFUSED;
        }
        if (given < 0) {
            call.reply().error(TIME_NEGATIVE);
            return REFUSED;
        }
        long base = isRelative ? call.nowMillis() : 0;
        if (given > LATEST / unitMillis || given * unitMillis > LATEST - base) {
            call.reply()
                    .error(Errors.line(
                            "ERR invalid expire time in '" + call.spec().name() + "' command"));
            return REFUSED;
        }
        return given * unitMillis + base;
    }
}
