package io.redoubt.command;

import static io.redoubt.command.Category.STRING;
import static io.redoubt.command.CommandFlag.DENYOOM;
import static io.redoubt.command.CommandFlag.FAST;
import static io.redoubt.command.CommandFlag.MOVABLEKEYS;
import static io.redoubt.command.CommandFlag.READONLY;
import static io.redoubt.command.CommandFlag.WRITE;
import static io.redoubt.command.KeySpec.Flag.ACCESS;
import static io.redoubt.command.KeySpec.Flag.DELETE;
import static io.redoubt.command.KeySpec.Flag.INSERT;
import static io.redoubt.command.KeySpec.Flag.OW;
import static io.redoubt.command.KeySpec.Flag.RO;
import static io.redoubt.command.KeySpec.Flag.RW;
import static io.redoubt.command.KeySpec.Flag.UPDATE;
import static io.redoubt.command.KeySpec.Flag.VARIABLE_FLAGS;

import io.redoubt.resp.Decimal;
import io.redoubt.resp.LongDouble;
import io.redoubt.store.Entry;
import io.redoubt.store.Keyspace;
import io.redoubt.store.KeyspaceEvents.Event;
import io.redoubt.type.Encoding;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.LongSupplier;

/** The string commands. Each field declares a command; the method below it handles it. */
public final class StringCommands extends CommandFamily {
    // Options of SET, GETEX, MSETEX and DELEX, as bits of Form.options.
    private static final long NX = 1;
    private static final long XX = 1 << 1;
    private static final long IFEQ = 1 << 2;
    private static final long IFNE = 1 << 3;
    private static final long GET = 1 << 4;
    private static final long EX = 1 << 5;
    private static final long PX = 1 << 6;
    private static final long EXAT = 1 << 7;
    private static final long PXAT = 1 << 8;
    private static final long KEEPTTL = 1 << 9;
    private static final long PERSIST = 1 << 10;
    private static final long IFDEQ = 1 << 11;
    private static final long IFDNE = 1 << 12;

    private static final long COMPARES = IFEQ | IFNE | IFDEQ | IFDNE;
    private static final long CONDITIONS = NX | XX | COMPARES;
    private static final long EXPIRES = EX | PX | EXAT | PXAT;
    private static final long LIFETIMES = EXPIRES | KEEPTTL | PERSIST;

    /** Slot of the form: the position of the time of EX, PX, EXAT or PXAT. */
    private static final int TIME_SLOT = 0;
    /** Slot of the form: the position of the value to compare with. */
    private static final int COMPARED_SLOT = 1;

    private static final int DIGEST_LENGTH = 16;
    private static final long NO_TIME = 0; // No valid expiry is 0: times are positive.

    private static final byte[] DECREMENT_OVERFLOW = Errors.line("ERR decrement would overflow");
    private static final byte[] OFFSET_OUT_OF_RANGE = Errors.line("ERR offset is out of range");
    private static final byte[] INVALID_KEY_COUNT = Errors.line("ERR invalid numkeys value or out of range");
    private static final byte[] NOT_STRINGS = Errors.line("ERR The specified keys must contain string values");
    private static final byte[] LENGTH_AND_INDEXES =
            Errors.line("ERR If you want both the length and indexes, please just use IDX.");
    private static final byte[] TOO_LARGE_TO_COMPARE =
            Errors.line("ERR Insufficient memory, failed allocating transient memory for LCS");
    private static final byte[] MSET_ARITY = arityError("mset");
    private static final byte[] MSETNX_ARITY = arityError("msetnx");
    private static final byte[] DELEX_ARITY = arityError("delex");
    private static final byte[] SET_TIME = timeError("set");
    private static final byte[] SETEX_TIME = timeError("setex");
    private static final byte[] PSETEX_TIME = timeError("psetex");
    private static final byte[] GETEX_TIME = timeError("getex");
    private static final byte[] MSETEX_TIME = timeError("msetex");

    // Words of effects.
    private static final byte[] SET_WORD = word("SET");
    private static final byte[] MSET_WORD = word("MSET");
    private static final byte[] DEL_WORD = word("DEL");
    private static final byte[] UNLINK_WORD = word("UNLINK");
    private static final byte[] PXAT_WORD = word("PXAT");
    private static final byte[] KEEPTTL_WORD = word("KEEPTTL");
    private static final byte[] PERSIST_WORD = word("PERSIST");
    private static final byte[] PEXPIREAT_WORD = word("PEXPIREAT");

    private static final byte[] ZERO = {'0'};
    private static final byte[] NO_BYTES = {};
    private static final byte[] MATCHES = word("matches");
    private static final byte[] LEN = word("len");

    private final LongSupplier valueBytesMax;

    /** @param valueBytesMax {@code proto-max-bulk-len}: the longest value that APPEND and SETRANGE may make */
    public StringCommands(LongSupplier valueBytesMax) {
        super("string");
        this.valueBytesMax = valueBytesMax;
    }

    private static byte[] word(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static byte[] arityError(String command) {
        return Errors.line("ERR wrong number of arguments for '" + command + "' command");
    }

    private static byte[] timeError(String command) {
        return Errors.line("ERR invalid expire time in '" + command + "' command");
    }

    // ---- One value, read ----

    final CommandSpec get = command("GET")
            .arity(2)
            .since("1.0.0")
            .complexity("O(1)")
            .summary("Returns the string at a key.")
            .flags(READONLY, FAST)
            .categories(STRING)
            .key(1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(ArgSpec.key("key"))
            .handler(this::get);

    private void get(Call call) {
        if (!call.findToRead(1)) {
            call.reply().nil();
        } else if (!call.entry().isString()) {
            call.reply().error(Errors.WRONG_TYPE);
        } else {
            call.replyString(call.entry());
        }
    }

    final CommandSpec strlen = command("STRLEN")
            .arity(2)
            .since("2.2.0")
            .complexity("O(1)")
            .summary("Returns how many bytes the string at a key has.")
            .flags(READONLY, FAST)
            .categories(STRING)
            .key(1, RO)
            .reveals(Reveals.LENGTH)
            .args(ArgSpec.key("key"))
            .handler(this::strlen);

    private void strlen(Call call) {
        if (!call.findToRead(1)) {
            call.reply().integer(0);
        } else if (!call.entry().isString()) {
            call.reply().error(Errors.WRONG_TYPE);
        } else {
            call.reply().integer(StringBytes.length(call.entry()));
        }
    }

    final CommandSpec getrange = command("GETRANGE")
            .arity(4)
            .since("2.4.0")
            .complexity("O(N), N = bytes returned")
            .summary("Returns a part of the string at a key, given by its first and last byte.")
            .flags(READONLY)
            .categories(STRING)
            .key(1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(ArgSpec.key("key"), ArgSpec.integer("start"), ArgSpec.integer("end"))
            .handler(this::getrange);

    final CommandSpec substr = command("SUBSTR")
            .arity(4)
            .since("1.0.0")
            .deprecated("2.0.0", "`GETRANGE`")
            .complexity("O(N), N = bytes returned")
            .summary("The old name of GETRANGE.")
            .flags(READONLY)
            .categories(STRING)
            .key(1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(ArgSpec.key("key"), ArgSpec.integer("start"), ArgSpec.integer("end"))
            .handler(this::getrange);

    private void getrange(Call call) {
        if (!call.parseLong(2)) {
            return;
        }
        long start = call.parsed();
        if (!call.parseLong(3)) {
            return;
        }
        long end = call.parsed();
        var reply = call.reply();
        if (!call.findToRead(1)) {
            reply.bulk(NO_BYTES);
            return;
        }
        var entry = call.entry();
        if (!entry.isString()) {
            reply.error(Errors.WRONG_TYPE);
            return;
        }
        int length = StringBytes.length(entry);
        boolean isBackwards = start < 0 && end < 0 && start > end; // Both clamp to 0 below, yet nothing is meant.
        long first = start < 0 ? Math.max(0, start + length) : start;
        long last = Math.min(end < 0 ? Math.max(0, end + length) : end, length - 1L);
        if (isBackwards || first > last || length == 0) {
            reply.bulk(NO_BYTES);
            return;
        }
        int count = (int) (last - first) + 1;
        if (entry.isInteger()) {
            byte[] digits = call.numberScratch();
            Decimal.format(entry.integer(), digits, 0);
            reply.bulk(digits, (int) first, count);
        } else {
            call.replyBytes(entry, entry.valueStart() + (int) first, count);
        }
    }

    final CommandSpec digest = command("DIGEST")
            .arity(2)
            .since("8.4.0")
            .complexity("O(N), N = bytes of the string")
            .summary("Returns the XXH3 hash of the string at a key, as 16 hexadecimal digits.")
            .flags(READONLY, FAST)
            .categories(STRING)
            .key(1, RO, ACCESS)
            .reveals(Reveals.DERIVED)
            .args(ArgSpec.key("key"))
            .handler(this::digest);

    private void digest(Call call) {
        if (!call.findToRead(1)) {
            call.reply().nil();
        } else if (!call.entry().isString()) {
            call.reply().error(Errors.WRONG_TYPE);
        } else {
            long hash = digestOf(call, call.entry());
            byte[] digits = call.numberScratch();
            for (int i = 0; i < DIGEST_LENGTH; i++) {
                digits[i] = (byte) hexDigit(hash, i);
            }
            call.reply().bulk(digits, 0, DIGEST_LENGTH);
        }
    }

    // ---- One value, written ----

    final CommandSpec set = command("SET")
            .arity(-3)
            .since("1.0.0")
            .complexity("O(1)")
            .summary("Makes a key hold a string, whatever it held before, unless a condition forbids it.")
            .history("2.6.12", "Options EX, PX, NX and XX.")
            .history("6.0.0", "Option KEEPTTL.")
            .history("6.2.0", "Options GET, EXAT and PXAT.")
            .history("7.0.0", "NX and GET together.")
            .history("8.4.0", "Options IFEQ, IFNE, IFDEQ and IFDNE.")
            .flags(WRITE, DENYOOM)
            .categories(STRING)
            .key(1, RW, ACCESS, UPDATE, VARIABLE_FLAGS)
            .mayReadToo()
            .reveals(Reveals.VALUE)
            .args(
                    ArgSpec.key("key"),
                    ArgSpec.string("value"),
                    ArgSpec.oneOf(
                                    "condition",
                                    ArgSpec.word("nx", "NX"),
                                    ArgSpec.word("xx", "XX"),
                                    ArgSpec.string("ifeq-value").token("IFEQ").since("8.4.0"),
                                    ArgSpec.string("ifne-value").token("IFNE").since("8.4.0"),
                                    ArgSpec.string("ifdeq-digest")
                                            .token("IFDEQ")
                                            .since("8.4.0"),
                                    ArgSpec.string("ifdne-digest")
                                            .token("IFDNE")
                                            .since("8.4.0"))
                            .since("2.6.12")
                            .optional(),
                    ArgSpec.word("get", "GET").since("6.2.0").optional(),
                    ArgSpec.oneOf(
                                    "expiration",
                                    ArgSpec.integer("seconds").token("EX").since("2.6.12"),
                                    ArgSpec.integer("milliseconds").token("PX").since("2.6.12"),
                                    ArgSpec.unixTime("unix-time-seconds")
                                            .token("EXAT")
                                            .since("6.2.0"),
                                    ArgSpec.unixTime("unix-time-milliseconds")
                                            .token("PXAT")
                                            .since("6.2.0"),
                                    ArgSpec.word("keepttl", "KEEPTTL").since("6.0.0"))
                            .optional())
            .form(StringCommands::parseSet)
            .handler(this::set);

    private static void parseSet(Args args, Form form) {
        form.addKey(1, Form.WRITE);
        if (args.count() > 3) {
            parseOptions(args, form, 3, CONDITIONS | GET | EXPIRES | KEEPTTL);
            // A malformed request is judged by the word GET wherever it stands, as in Redis: NOPERM comes before the
            // error.
            if ((form.options & (GET | COMPARES)) != 0 || mentionsGet(args)) {
                form.readsToo = true;
                form.setKeyAccess(0, Form.READ | Form.WRITE);
            }
        }
    }

    private static boolean mentionsGet(Args args) {
        for (int arg = 3; arg < args.count(); arg++) {
            if (args.is(arg, "GET")) {
                return true;
            }
        }
        return false;
    }

    private void set(Call call) {
        if (call.form().options != 0) {
            setWithOptions(call);
            return;
        }
        setToArg(call, 1, 2, Keyspace.NO_EXPIRY);
        call.changed(1, Event.SET);
        call.reply().ok();
    }

    private static void setWithOptions(Call call) {
        long options = call.form().options;
        boolean answersOld = (options & GET) != 0;
        boolean expires = (options & EXPIRES) != 0;
        long expiry = Keyspace.NO_EXPIRY;
        if (expires) {
            expiry = timeAt(call, call.form().slots[TIME_SLOT], options, SET_TIME);
            if (expiry == NO_TIME) {
                return;
            }
        }
        var reply = call.reply();
        boolean isFound = answersOld ? call.findToRead(1) : call.find(1);
        var entry = call.entry();
        if (isFound && (options & (GET | COMPARES)) != 0 && !entry.isString()) {
            reply.error(Errors.WRONG_TYPE);
            return;
        }
        if (answersOld) {
            if (isFound) {
                call.replyString(entry);
            } else {
                reply.nil();
            }
        }
        if (!holds(call, options, isFound)) {
            if (!answersOld) {
                reply.nil();
            }
            return;
        }
        if ((options & KEEPTTL) != 0 && isFound) {
            expiry = entry.expiryMillis();
        }
        setToArg(call, 1, 2, expiry);
        call.changed(1, Event.SET);
        if (expires) {
            call.notify(1, call.database(), Event.EXPIRE);
            logSet(call, 1, 2, expiry);
        } else if ((options & COMPARES) != 0) {
            // The comparison was made here; a replica may not know it.
            logSet(call, 1, 2, (options & KEEPTTL) != 0);
        } else if (answersOld) {
            logWithoutGet(call);
        }
        if (!answersOld) {
            reply.ok();
        }
    }

    /** Whether the condition among the options is met by the key at position 1, which is the call's entry. */
    private static boolean holds(Call call, long options, boolean isFound) {
        if ((options & CONDITIONS) == 0) {
            return true;
        }
        if ((options & NX) != 0) {
            return !isFound;
        }
        if ((options & XX) != 0) {
            return isFound;
        }
        if (!isFound) {
            return (options & (IFNE | IFDNE)) != 0;
        }
        int compared = call.form().slots[COMPARED_SLOT];
        boolean isEqual = (options & (IFEQ | IFNE)) != 0
                ? equalsArg(call, call.entry(), compared)
                : digestEqualsArg(call, call.entry(), compared);
        return isEqual == ((options & (IFEQ | IFDEQ)) != 0);
    }

    /** Logs SET as it was sent, but for the word GET: a replica's reply is of no use. */
    private static void logWithoutGet(Call call) {
        int count = call.argCount();
        int kept = 3;
        for (int arg = 3; arg < count; arg++) {
            kept += call.argIs(arg, "GET") ? 0 : 1;
        }
        call.ownEffects().command(call.database(), kept);
        for (int arg = 0; arg < count; arg++) {
            if (arg < 3 || !call.argIs(arg, "GET")) {
                call.effectArg(arg);
            }
        }
    }

    final CommandSpec setnx = command("SETNX")
            .arity(3)
            .since("1.0.0")
            .complexity("O(1)")
            .summary("Sets a string only where there is no key yet.")
            .flags(WRITE, DENYOOM, FAST)
            .categories(STRING)
            .key(1, OW, INSERT)
            .reveals(Reveals.EXISTENCE)
            .args(ArgSpec.key("key"), ArgSpec.string("value"))
            .handler(this::setnx);

    private void setnx(Call call) {
        if (call.find(1)) {
            call.reply().integer(0);
            return;
        }
        setToArg(call, 1, 2, Keyspace.NO_EXPIRY);
        call.changed(1, Event.SET);
        call.reply().integer(1);
    }

    final CommandSpec setex = command("SETEX")
            .arity(4)
            .since("2.0.0")
            .complexity("O(1)")
            .summary("Sets a string that lives for some seconds.")
            .flags(WRITE, DENYOOM)
            .categories(STRING)
            .key(1, OW, UPDATE)
            .args(ArgSpec.key("key"), ArgSpec.integer("seconds"), ArgSpec.string("value"))
            .handler(this::setex);

    private void setex(Call call) {
        setForAWhile(call, EX, SETEX_TIME);
    }

    final CommandSpec psetex = command("PSETEX")
            .arity(4)
            .since("2.6.0")
            .complexity("O(1)")
            .summary("Sets a string that lives for some milliseconds.")
            .flags(WRITE, DENYOOM)
            .categories(STRING)
            .key(1, OW, UPDATE)
            .args(ArgSpec.key("key"), ArgSpec.integer("milliseconds"), ArgSpec.string("value"))
            .handler(this::psetex);

    private void psetex(Call call) {
        setForAWhile(call, PX, PSETEX_TIME);
    }

    private static void setForAWhile(Call call, long unit, byte[] timeError) {
        long expiry = timeAt(call, 2, unit, timeError);
        if (expiry == NO_TIME) {
            return;
        }
        setToArg(call, 1, 3, expiry);
        call.changed(1, Event.SET);
        call.notify(1, call.database(), Event.EXPIRE);
        logSet(call, 1, 3, expiry);
        call.reply().ok();
    }

    // ---- Read and written at once ----

    final CommandSpec getset = command("GETSET")
            .arity(3)
            .since("1.0.0")
            .deprecated("6.2.0", "`SET` with the `!GET` argument")
            .complexity("O(1)")
            .summary("Sets a string and returns the one that was there.")
            .flags(WRITE, DENYOOM, FAST)
            .categories(STRING)
            .key(1, RW, ACCESS, UPDATE)
            .readsToo()
            .reveals(Reveals.VALUE)
            .args(ArgSpec.key("key"), ArgSpec.string("value"))
            .heardAfterReply()
            .handler(this::getset);

    private void getset(Call call) {
        if (!call.findToRead(1)) {
            call.reply().nil();
        } else if (!call.entry().isString()) {
            call.reply().error(Errors.WRONG_TYPE);
            return;
        } else {
            call.replyString(call.entry());
        }
        setToArg(call, 1, 2, Keyspace.NO_EXPIRY);
        call.changed(1, Event.SET);
        logSet(call, 1, 2, false);
    }

    final CommandSpec getdel = command("GETDEL")
            .arity(2)
            .since("6.2.0")
            .complexity("O(1)")
            .summary("Returns the string at a key and deletes the key.")
            .flags(WRITE, FAST)
            .categories(STRING)
            .key(1, RW, ACCESS, DELETE)
            .readsToo()
            .reveals(Reveals.VALUE)
            .args(ArgSpec.key("key"))
            .heardAfterReply()
            .handler(this::getdel);

    private void getdel(Call call) {
        if (!call.findToRead(1)) {
            call.reply().nil();
        } else if (!call.entry().isString()) {
            call.reply().error(Errors.WRONG_TYPE);
        } else {
            call.replyString(call.entry());
            deleteFound(call, DEL_WORD);
        }
    }

    final CommandSpec getex = command("GETEX")
            .arity(-2)
            .since("6.2.0")
            .complexity("O(1)")
            .summary("Returns the string at a key and sets or removes the time when it expires.")
            .flags(WRITE, FAST)
            .categories(STRING)
            .key(1, RW, ACCESS, UPDATE)
            .readsToo()
            .reveals(Reveals.VALUE)
            .args(
                    ArgSpec.key("key"),
                    ArgSpec.oneOf(
                                    "expiration",
                                    ArgSpec.integer("seconds").token("EX"),
                                    ArgSpec.integer("milliseconds").token("PX"),
                                    ArgSpec.unixTime("unix-time-seconds").token("EXAT"),
                                    ArgSpec.unixTime("unix-time-milliseconds").token("PXAT"),
                                    ArgSpec.word("persist", "PERSIST"))
                            .optional())
            .form(StringCommands::parseGetex)
            .heardAfterReply()
            .handler(this::getex);

    private static void parseGetex(Args args, Form form) {
        form.addKey(1, Form.READ | Form.WRITE);
        parseOptions(args, form, 2, EXPIRES | PERSIST);
    }

    private void getex(Call call) {
        if (!call.findToRead(1)) {
            call.reply().nil(); // Even where the time is bad.
            return;
        }
        var entry = call.entry();
        if (!entry.isString()) {
            call.reply().error(Errors.WRONG_TYPE);
            return;
        }
        long options = call.form().options;
        long expiry = Keyspace.NO_EXPIRY;
        if ((options & EXPIRES) != 0) {
            expiry = timeAt(call, call.form().slots[TIME_SLOT], options, GETEX_TIME);
            if (expiry == NO_TIME) {
                return;
            }
        }
        call.replyString(entry);
        if ((options & PERSIST) != 0) {
            if (entry.expiryMillis() != Keyspace.NO_EXPIRY) {
                call.setExpiry(1, Keyspace.NO_EXPIRY);
                call.changed(1, Event.PERSIST);
                call.ownEffects().command(call.database(), 2);
                call.ownEffects().arg(PERSIST_WORD);
                call.effectArg(1);
            }
        } else if ((options & (EXAT | PXAT)) != 0 && expiry <= call.nowMillis() && decidesOnExpiry(call)) {
            deleteFound(call, call.keyspace().expiry().unlinks ? UNLINK_WORD : DEL_WORD);
        } else if ((options & EXPIRES) != 0) {
            call.setExpiry(1, expiry);
            call.changed(1, Event.EXPIRE);
            var effects = call.ownEffects();
            effects.command(call.database(), 3);
            effects.arg(PEXPIREAT_WORD);
            call.effectArg(1);
            effects.arg(expiry);
        }
    }

    /** Whether we may delete what has expired: a replica waits for its master. */
    private static boolean decidesOnExpiry(Call call) {
        return !call.unit().isFromMaster() && !call.keyspace().expiry().isReplica;
    }

    // ---- Many values ----

    final CommandSpec mget = command("MGET")
            .arity(-2)
            .since("1.0.0")
            .complexity("O(N), N = keys")
            .summary("Returns the strings at several keys.")
            .tips("request_policy:multi_shard")
            .flags(READONLY, FAST)
            .categories(STRING)
            .keys(1, -1, 1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(ArgSpec.key("key").multiple())
            .handler(this::mget);

    private void mget(Call call) {
        int count = call.argCount();
        call.reply().arrayHeader(count - 1L);
        for (int arg = 1; arg < count; arg++) {
            if (call.findToRead(arg) && call.entry().isString()) {
                call.replyString(call.entry());
            } else {
                call.reply().nil();
            }
        }
    }

    final CommandSpec mset = command("MSET")
            .arity(-3)
            .since("1.0.1")
            .complexity("O(N), N = keys")
            .summary("Sets strings at several keys at once.")
            .tips("request_policy:multi_shard", "response_policy:all_succeeded")
            .flags(WRITE, DENYOOM)
            .categories(STRING)
            .keys(1, -1, 2, OW, UPDATE)
            .args(ArgSpec.block("key_value", ArgSpec.key("key"), ArgSpec.string("value"))
                    .multiple())
            .handler(this::mset);

    private void mset(Call call) {
        if ((call.argCount() & 1) == 0) {
            call.reply().error(MSET_ARITY);
            return;
        }
        setPairs(call);
        call.reply().ok();
    }

    final CommandSpec msetnx = command("MSETNX")
            .arity(-3)
            .since("1.0.1")
            .complexity("O(N), N = keys")
            .summary("Sets strings at several keys at once, only where none of the keys exists.")
            .tips("request_policy:multi_shard", "response_policy:agg_min")
            .flags(WRITE, DENYOOM)
            .categories(STRING)
            .keys(1, -1, 2, OW, INSERT)
            .reveals(Reveals.EXISTENCE)
            .args(ArgSpec.block("key_value", ArgSpec.key("key"), ArgSpec.string("value"))
                    .multiple())
            .handler(this::msetnx);

    private void msetnx(Call call) {
        int count = call.argCount();
        if ((count & 1) == 0) {
            call.reply().error(MSETNX_ARITY);
            return;
        }
        for (int arg = 1; arg < count; arg += 2) {
            if (call.find(arg)) {
                call.reply().integer(0);
                return;
            }
        }
        setPairs(call);
        call.reply().integer(1);
    }

    private static void setPairs(Call call) {
        for (int arg = 1; arg < call.argCount(); arg += 2) {
            setToArg(call, arg, arg + 1, Keyspace.NO_EXPIRY);
            call.changed(arg, Event.SET);
        }
    }

    final CommandSpec msetex = command("MSETEX")
            .arity(-4)
            .since("8.4.0")
            .complexity("O(N), N = keys")
            .summary("Sets strings at several keys at once with one time when all expire, or none of them.")
            .flags(WRITE, DENYOOM, MOVABLEKEYS)
            .categories(STRING)
            .countedKeys(1, 2, OW, UPDATE)
            .reveals(Reveals.EXISTENCE)
            .args(
                    ArgSpec.integer("numkeys"),
                    ArgSpec.block("data", ArgSpec.key("key"), ArgSpec.string("value"))
                            .multiple(),
                    ArgSpec.oneOf("condition", ArgSpec.word("nx", "NX"), ArgSpec.word("xx", "XX"))
                            .optional(),
                    ArgSpec.oneOf(
                                    "expiration",
                                    ArgSpec.integer("seconds").token("EX"),
                                    ArgSpec.integer("milliseconds").token("PX"),
                                    ArgSpec.unixTime("unix-time-seconds").token("EXAT"),
                                    ArgSpec.unixTime("unix-time-milliseconds").token("PXAT"),
                                    ArgSpec.word("keepttl", "KEEPTTL"))
                            .optional())
            .form(StringCommands::parseMsetex)
            .handler(this::msetex);

    private static void parseMsetex(Args args, Form form) {
        long keyCount = Decimal.parseLong(args.buffer(), args.start(1), args.length(1), 0);
        if (keyCount < 1 || keyCount > Integer.MAX_VALUE) {
            form.error = INVALID_KEY_COUNT;
            return;
        }
        long end = 2 + 2 * keyCount;
        for (int arg = 2; arg < args.count() && arg < end; arg += 2) {
            form.addKey(arg, Form.WRITE);
        }
        if (end > args.count()) {
            form.error = Errors.SYNTAX;
            return;
        }
        parseOptions(args, form, (int) end, NX | XX | EXPIRES | KEEPTTL);
    }

    private void msetex(Call call) {
        var form = call.form();
        long options = form.options;
        boolean expires = (options & EXPIRES) != 0;
        boolean keepsTime = (options & KEEPTTL) != 0;
        long expiry = Keyspace.NO_EXPIRY;
        if (expires) {
            expiry = timeAt(call, form.slots[TIME_SLOT], options, MSETEX_TIME);
            if (expiry == NO_TIME) {
                return;
            }
        }
        int count = form.keyCount();
        if ((options & (NX | XX)) != 0) {
            boolean mustExist = (options & XX) != 0;
            for (int i = 0; i < count; i++) {
                if (call.find(form.keyArg(i)) != mustExist) {
                    call.reply().integer(0);
                    return;
                }
            }
        }
        for (int i = 0; i < count; i++) {
            int arg = form.keyArg(i);
            if (keepsTime) {
                expiry = call.find(arg) ? call.entry().expiryMillis() : Keyspace.NO_EXPIRY;
            }
            setToArg(call, arg, arg + 1, expiry);
            call.changed(arg, Event.SET);
            if (expires) {
                call.notify(arg, call.database(), Event.EXPIRE);
                logSet(call, arg, arg + 1, expiry);
            } else if (keepsTime) {
                logSet(call, arg, arg + 1, true);
            }
        }
        if (!expires && !keepsTime) {
            logMset(call, count);
        }
        call.reply().integer(1);
    }

    /** Logs MSETEX without its options, once all is set: a replica may not know it. */
    private static void logMset(Call call, int keyCount) {
        var effects = call.ownEffects();
        effects.command(call.database(), 1 + 2 * keyCount);
        effects.arg(MSET_WORD);
        for (int arg = 2; arg < 2 + 2 * keyCount; arg++) {
            call.effectArg(arg);
        }
    }

    // ---- Parts of a value ----

    final CommandSpec append = command("APPEND")
            .arity(3)
            .since("2.0.0")
            .complexity("O(1) on average for a large string, O(N) for one of up to 32 KiB")
            .summary("Adds bytes to the end of the string at a key, which is made where there is none.")
            .flags(WRITE, DENYOOM, FAST)
            .categories(STRING)
            .key(1, RW, INSERT)
            .reveals(Reveals.LENGTH)
            .args(ArgSpec.key("key"), ArgSpec.string("value"))
            .handler(this::append);

    private void append(Call call) {
        int added = call.args().length(2);
        int length = 0;
        if (!call.find(1)) {
            setToArg(call, 1, 2, Keyspace.NO_EXPIRY);
        } else {
            if (!call.entry().isString()) {
                call.reply().error(Errors.WRONG_TYPE);
                return;
            }
            length = StringBytes.length(call.entry());
            if (isTooLong(call, length, added)) {
                call.reply().error(Errors.TOO_LONG);
                return;
            }
            overwrite(call, true, length, length, 2);
        }
        call.changed(1, Event.APPEND);
        call.reply().integer(length + added);
    }

    final CommandSpec setrange = command("SETRANGE")
            .arity(4)
            .since("2.2.0")
            .complexity("O(M), M = bytes written, for a large string; O(N) for one of up to 32 KiB")
            .summary("Overwrites a part of the string at a key; what lies between its end and the part becomes zero.")
            .flags(WRITE, DENYOOM)
            .categories(STRING)
            .key(1, RW, UPDATE)
            .reveals(Reveals.LENGTH)
            .args(ArgSpec.key("key"), ArgSpec.integer("offset"), ArgSpec.string("value"))
            .handler(this::setrange);

    private void setrange(Call call) {
        if (!call.parseLong(2)) {
            return;
        }
        long offset = call.parsed();
        var reply = call.reply();
        if (offset < 0) {
            reply.error(OFFSET_OUT_OF_RANGE);
            return;
        }
        boolean isFound = call.find(1);
        if (isFound && !call.entry().isString()) {
            reply.error(Errors.WRONG_TYPE);
            return;
        }
        int length = isFound ? StringBytes.length(call.entry()) : 0;
        int added = call.args().length(3);
        if (added == 0) {
            reply.integer(length);
            return;
        }
        if (isTooLong(call, offset, added)) {
            reply.error(Errors.TOO_LONG);
            return;
        }
        overwrite(call, isFound, length, (int) offset, 3);
        call.changed(1, Event.SETRANGE);
        reply.integer(Math.max(length, (int) offset + added));
    }

    private boolean isTooLong(Call call, long before, int added) {
        long total = before + added;
        if (total < 0 || total > StringBytes.LENGTH_MAX) {
            return true;
        }
        return !call.unit().isFromMaster() && total > valueBytesMax.getAsLong(); // The master has judged already.
    }

    /**
     * Writes an argument into the string at position 1, from {@code offset} on. The result is raw, as in Redis.
     *
     * @param length of the present value, which is the call's entry when {@code isFound}
     */
    private static void overwrite(Call call, boolean isFound, int length, int offset, int valueArg) {
        var args = call.args();
        int added = args.length(valueArg);
        int total = Math.max(length, offset + added);
        var entry = call.entry();
        byte[] bytes = isFound ? call.keyspace().growLarge(entry, total) : null;
        if (bytes != null) {
            System.arraycopy(args.buffer(), args.start(valueArg), bytes, offset, added);
            call.keyspace().touch(call.unit(), entry);
            return;
        }
        bytes = StringBytes.area(call, total);
        if (isFound) {
            StringBytes.copy(entry, bytes);
        }
        if (offset > length) {
            Arrays.fill(bytes, length, offset, (byte) 0);
        }
        System.arraycopy(args.buffer(), args.start(valueArg), bytes, offset, added);
        call.setString(1, Encoding.RAW, bytes, 0, total, isFound ? entry.expiryMillis() : Keyspace.NO_EXPIRY);
    }

    // ---- Numbers ----

    final CommandSpec incr = command("INCR")
            .arity(2)
            .since("1.0.0")
            .complexity("O(1)")
            .summary("Adds one to the integer at a key; a missing key counts as 0.")
            .flags(WRITE, DENYOOM, FAST)
            .categories(STRING)
            .key(1, RW, ACCESS, UPDATE)
            .reveals(Reveals.VALUE)
            .args(ArgSpec.key("key"))
            .handler(this::incr);

    private void incr(Call call) {
        add(call, 1);
    }

    final CommandSpec decr = command("DECR")
            .arity(2)
            .since("1.0.0")
            .complexity("O(1)")
            .summary("Subtracts one from the integer at a key; a missing key counts as 0.")
            .flags(WRITE, DENYOOM, FAST)
            .categories(STRING)
            .key(1, RW, ACCESS, UPDATE)
            .reveals(Reveals.VALUE)
            .args(ArgSpec.key("key"))
            .handler(this::decr);

    private void decr(Call call) {
        add(call, -1);
    }

    final CommandSpec incrby = command("INCRBY")
            .arity(3)
            .since("1.0.0")
            .complexity("O(1)")
            .summary("Adds a number to the integer at a key; a missing key counts as 0.")
            .flags(WRITE, DENYOOM, FAST)
            .categories(STRING)
            .key(1, RW, ACCESS, UPDATE)
            .readsToo()
            .reveals(Reveals.VALUE)
            .args(ArgSpec.key("key"), ArgSpec.integer("increment"))
            .handler(this::incrby);

    private void incrby(Call call) {
        if (call.parseLong(2)) {
            add(call, call.parsed());
        }
    }

    final CommandSpec decrby = command("DECRBY")
            .arity(3)
            .since("1.0.0")
            .complexity("O(1)")
            .summary("Subtracts a number from the integer at a key; a missing key counts as 0.")
            .flags(WRITE, DENYOOM, FAST)
            .categories(STRING)
            .key(1, RW, ACCESS, UPDATE)
            .readsToo()
            .reveals(Reveals.VALUE)
            .args(ArgSpec.key("key"), ArgSpec.integer("decrement"))
            .handler(this::decrby);

    private void decrby(Call call) {
        if (!call.parseLong(2)) {
            return;
        }
        if (call.parsed() == Long.MIN_VALUE) {
            call.reply().error(DECREMENT_OVERFLOW); // It has no negative.
            return;
        }
        add(call, -call.parsed());
    }

    private static void add(Call call, long step) {
        var entry = call.entry();
        var reply = call.reply();
        boolean isFound = call.find(1);
        boolean isInteger = isFound && entry.isInteger();
        long old = 0;
        if (isInteger) {
            old = entry.integer();
        } else if (isFound) {
            if (!entry.isString()) {
                reply.error(Errors.WRONG_TYPE);
                return;
            }
            byte[] buffer = entry.valueBuffer();
            if (!Decimal.isLong(buffer, entry.valueStart(), entry.valueLength())) {
                reply.error(Errors.NOT_AN_INTEGER);
                return;
            }
            old = Decimal.parseLong(buffer, entry.valueStart(), entry.valueLength(), 0);
        }
        long sum = old + step;
        if (((old ^ sum) & (step ^ sum)) < 0) {
            reply.error(Errors.OVERFLOW);
            return;
        }
        if (isInteger && entry.putInteger(sum)) {
            call.keyspace().touch(call.unit(), entry);
        } else {
            call.setInteger(1, sum, isFound ? entry.expiryMillis() : Keyspace.NO_EXPIRY);
        }
        call.changed(1, Event.INCRBY);
        reply.integer(sum);
    }

    final CommandSpec incrbyfloat = command("INCRBYFLOAT")
            .arity(3)
            .since("2.6.0")
            .complexity("O(1)")
            .summary("Adds a decimal number to the number at a key; a missing key counts as 0.")
            .flags(WRITE, DENYOOM, FAST)
            .categories(STRING)
            .key(1, RW, ACCESS, UPDATE)
            .readsToo()
            .reveals(Reveals.VALUE)
            .args(ArgSpec.key("key"), ArgSpec.real("increment"))
            .handler(this::incrbyfloat);

    private void incrbyfloat(Call call) {
        var args = call.args();
        var entry = call.entry();
        var reply = call.reply();
        boolean isFound = call.find(1);
        if (isFound && !entry.isString()) {
            reply.error(Errors.WRONG_TYPE);
            return;
        }
        byte[] old = ZERO;
        int start = 0;
        int length = 1;
        if (isFound && entry.isInteger()) {
            old = call.numberScratch();
            length = Decimal.format(entry.integer(), old, 0);
        } else if (isFound) {
            old = entry.valueBuffer();
            start = entry.valueStart();
            length = entry.valueLength();
        }
        if (!LongDouble.isValid(old, start, length)
                || !LongDouble.isValid(args.buffer(), args.start(2), args.length(2))) {
            reply.error(Errors.NOT_A_FLOAT);
            return;
        }
        byte[] sum = LongDouble.add(old, start, length, args.buffer(), args.start(2), args.length(2));
        if (sum == null) {
            reply.error(Errors.NOT_FINITE);
            return;
        }
        // The sum stays a string even where it is an integer.
        int encoding = sum.length <= Encoding.EMBSTR_MAX ? Encoding.EMBSTR : Encoding.RAW;
        call.setString(1, encoding, sum, 0, sum.length, isFound ? entry.expiryMillis() : Keyspace.NO_EXPIRY);
        call.changed(1, Event.INCRBYFLOAT);
        var effects = call.ownEffects();
        effects.command(call.database(), 4);
        effects.arg(SET_WORD);
        call.effectArg(1);
        effects.arg(sum);
        effects.arg(KEEPTTL_WORD);
        reply.bulk(sum);
    }

    // ---- Deletion under a condition ----

    final CommandSpec delex = command("DELEX")
            .arity(-2)
            .since("8.4.0")
            .complexity("O(1)")
            .summary("Deletes a key if its string, or the digest of its string, equals or does not equal a value.")
            .flags(WRITE, FAST)
            .categories(STRING)
            .key(1, RW, ACCESS, DELETE, VARIABLE_FLAGS)
            .mayReadToo()
            .reveals(Reveals.DERIVED)
            .args(
                    ArgSpec.key("key"),
                    ArgSpec.oneOf(
                                    "condition",
                                    ArgSpec.string("ifeq-value").token("IFEQ"),
                                    ArgSpec.string("ifne-value").token("IFNE"),
                                    ArgSpec.string("ifdeq-digest").token("IFDEQ"),
                                    ArgSpec.string("ifdne-digest").token("IFDNE"))
                            .optional())
            .form(StringCommands::parseDelex)
            .handler(this::delex);

    private static void parseDelex(Args args, Form form) {
        form.addKey(1, Form.WRITE);
        if (args.count() == 2) {
            return;
        }
        form.readsToo = true;
        form.setKeyAccess(0, Form.READ | Form.WRITE);
        if (args.count() != 4) {
            form.error = DELEX_ARITY;
            return;
        }
        parseOptions(args, form, 2, COMPARES);
    }

    private void delex(Call call) {
        deleteIf(call, call.form().options);
    }

    final CommandSpec delifeq = command("DELIFEQ")
            .arity(3)
            .since("9.0.0")
            .complexity("O(1)")
            .summary("Deletes a key if its string equals a value.")
            .flags(WRITE, FAST)
            .categories(STRING)
            .key(1, RW, ACCESS, DELETE)
            .readsToo()
            .reveals(Reveals.DERIVED)
            .args(ArgSpec.key("key"), ArgSpec.string("value"))
            .form(StringCommands::parseDelifeq)
            .handler(this::delifeq);

    private static void parseDelifeq(Args args, Form form) {
        form.addKey(1, Form.READ | Form.WRITE);
        form.slots[COMPARED_SLOT] = 2;
    }

    private void delifeq(Call call) {
        deleteIf(call, IFEQ);
    }

    private static void deleteIf(Call call, long condition) {
        if (!call.find(1)) {
            call.reply().integer(0);
            return;
        }
        if (condition != 0 && !call.entry().isString()) {
            call.reply().error(Errors.WRONG_TYPE);
            return;
        }
        if (!holds(call, condition, true)) {
            call.reply().integer(0);
            return;
        }
        deleteFound(call, DEL_WORD);
        call.reply().integer(1);
    }

    // ---- Comparing two values ----

    final CommandSpec lcs = command("LCS")
            .arity(-3)
            .since("7.0.0")
            .complexity("O(N*M), N and M = bytes of the two strings")
            .summary("Finds the longest bytes that two strings have in common in the same order, with gaps.")
            .flags(READONLY)
            .categories(STRING)
            .keys(1, 1, 1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(
                    ArgSpec.key("key1"),
                    ArgSpec.key("key2"),
                    ArgSpec.word("len", "LEN").optional(),
                    ArgSpec.word("idx", "IDX").optional(),
                    ArgSpec.integer("len").token("MINMATCHLEN").optional(),
                    ArgSpec.word("withmatchlen", "WITHMATCHLEN").optional())
            .handler(this::lcs);

    private void lcs(Call call) {
        var reply = call.reply();
        // Types are checked before options, so the options are read here and not by a form's parser.
        boolean areStrings = true;
        byte[] first = NO_BYTES;
        byte[] second = NO_BYTES;
        if (call.findToRead(1)) {
            areStrings = call.entry().isString();
            first = areStrings ? StringBytes.copyOf(call, call.entry()) : NO_BYTES;
        }
        if (call.findToRead(2)) {
            areStrings &= call.entry().isString();
            second = areStrings ? StringBytes.copyOf(call, call.entry()) : NO_BYTES;
        }
        if (!areStrings) {
            reply.error(NOT_STRINGS);
            return;
        }
        boolean wantsLength = false;
        boolean wantsIndexes = false;
        boolean withLengths = false;
        long lengthMin = 0;
        for (int arg = 3; arg < call.argCount(); arg++) {
            if (call.argIs(arg, "IDX")) {
                wantsIndexes = true;
            } else if (call.argIs(arg, "LEN")) {
                wantsLength = true;
            } else if (call.argIs(arg, "WITHMATCHLEN")) {
                withLengths = true;
            } else if (call.argIs(arg, "MINMATCHLEN") && arg + 1 < call.argCount()) {
                if (!call.parseLong(++arg)) {
                    return;
                }
                lengthMin = call.parsed();
            } else {
                reply.error(Errors.SYNTAX);
                return;
            }
        }
        if (wantsLength && wantsIndexes) {
            reply.error(LENGTH_AND_INDEXES);
        } else if (LongestCommonSubsequence.isTooLarge(first, second)) {
            reply.error(TOO_LARGE_TO_COMPARE);
        } else if (wantsLength) {
            reply.integer(new LongestCommonSubsequence(first, second, false).length());
        } else if (wantsIndexes) {
            replyRuns(call, new LongestCommonSubsequence(first, second, true), lengthMin, withLengths);
        } else {
            reply.bulk(new LongestCommonSubsequence(first, second, true).bytes());
        }
    }

    private static void replyRuns(Call call, LongestCommonSubsequence common, long lengthMin, boolean withLengths) {
        var reply = call.reply();
        reply.mapHeader(2);
        reply.bulk(MATCHES);
        int mark = reply.beginArray();
        int count = 0;
        while (common.nextRun()) {
            int length = common.runLength();
            if (length < lengthMin) {
                continue;
            }
            count++;
            reply.arrayHeader(withLengths ? 3 : 2);
            replyRange(call, common.runStartInFirst(), length);
            replyRange(call, common.runStartInSecond(), length);
            if (withLengths) {
                reply.integer(length);
            }
        }
        reply.endArray(mark, count);
        reply.bulk(LEN);
        reply.integer(common.length());
    }

    private static void replyRange(Call call, int start, int length) {
        call.reply().arrayHeader(2);
        call.reply().integer(start);
        call.reply().integer(start + length - 1L);
    }

    // ---- Options ----

    /** Reads the options from a position on into the form; stops at the first that is not allowed there. */
    private static void parseOptions(Args args, Form form, int from, long allowed) {
        for (int arg = from; arg < args.count(); arg++) {
            long option = optionAt(args, arg) & allowed;
            if (option == 0 || (form.options & excludedBy(option)) != 0) {
                form.error = Errors.SYNTAX;
                return;
            }
            if ((option & (EXPIRES | COMPARES)) != 0) {
                if (++arg == args.count()) {
                    form.error = Errors.SYNTAX;
                    return;
                }
                form.slots[(option & EXPIRES) != 0 ? TIME_SLOT : COMPARED_SLOT] = arg;
            }
            form.options |= option;
        }
    }

    private static long optionAt(Args args, int arg) {
        return switch (args.length(arg)) {
            case 2 -> optionOfTwoLetters(args, arg);
            case 3 -> args.is(arg, "GET") ? GET : 0;
            case 4 -> optionOfFourLetters(args, arg);
            case 5 -> args.is(arg, "IFDEQ") ? IFDEQ : args.is(arg, "IFDNE") ? IFDNE : 0;
            case 7 -> args.is(arg, "KEEPTTL") ? KEEPTTL : args.is(arg, "PERSIST") ? PERSIST : 0;
            default -> 0;
        };
    }

    private static long optionOfTwoLetters(Args args, int arg) {
        if (args.is(arg, "EX")) {
            return EX;
        }
        if (args.is(arg, "PX")) {
            return PX;
        }
        return args.is(arg, "NX") ? NX : args.is(arg, "XX") ? XX : 0;
    }

    private static long optionOfFourLetters(Args args, int arg) {
        if (args.is(arg, "EXAT")) {
            return EXAT;
        }
        if (args.is(arg, "PXAT")) {
            return PXAT;
        }
        return args.is(arg, "IFEQ") ? IFEQ : args.is(arg, "IFNE") ? IFNE : 0;
    }

    /** Options that must not stand before one. The same word twice is no error in Redis, unless it compares. */
    private static long excludedBy(long option) {
        if ((option & COMPARES) != 0) {
            return CONDITIONS;
        }
        if ((option & CONDITIONS) != 0) {
            return CONDITIONS & ~option;
        }
        return (option & LIFETIMES) != 0 ? LIFETIMES & ~option : 0;
    }

    /**
     * Reads a time that an option gives.
     *
     * @param unit has the bit of EX, PX, EXAT or PXAT
     * @return Unix time in milliseconds, positive; {@link #NO_TIME} when an error was written
     */
    private static long timeAt(Call call, int arg, long unit, byte[] error) {
        if (!call.parseLong(arg)) {
            return NO_TIME;
        }
        long time = call.parsed();
        boolean isInSeconds = (unit & (EX | EXAT)) != 0;
        boolean isRelative = (unit & (EX | PX)) != 0;
        if (time <= 0 || isInSeconds && time > Long.MAX_VALUE / 1000) {
            call.reply().error(error);
            return NO_TIME;
        }
        long millis = isInSeconds ? time * 1000 : time;
        if (isRelative) {
            if (millis > Long.MAX_VALUE - call.nowMillis()) {
                call.reply().error(error);
                return NO_TIME;
            }
            millis += call.nowMillis();
        }
        return millis;
    }

    // ---- Values ----

    private static void setToArg(Call call, int keyArg, int valueArg, long expiryMillis) {
        var args = call.args();
        call.setValue(keyArg, args.buffer(), args.start(valueArg), args.length(valueArg), expiryMillis);
    }

    /** Deletes the key at position 1, which was just found; the effect is the given word and the key. */
    private static void deleteFound(Call call, byte[] effectWord) {
        call.delete(1);
        call.changed(1, Event.DEL);
        var effects = call.ownEffects();
        effects.command(call.database(), 2);
        effects.arg(effectWord);
        call.effectArg(1);
    }

    /** Logs {@code SET key value PXAT time}. */
    private static void logSet(Call call, int keyArg, int valueArg, long expiryMillis) {
        var effects = call.ownEffects();
        effects.command(call.database(), 5);
        effects.arg(SET_WORD);
        call.effectArg(keyArg);
        call.effectArg(valueArg);
        effects.arg(PXAT_WORD);
        effects.arg(expiryMillis);
    }

    /** Logs {@code SET key value}, with or without KEEPTTL. */
    private static void logSet(Call call, int keyArg, int valueArg, boolean keepsTime) {
        var effects = call.ownEffects();
        effects.command(call.database(), keepsTime ? 4 : 3);
        effects.arg(SET_WORD);
        call.effectArg(keyArg);
        call.effectArg(valueArg);
        if (keepsTime) {
            effects.arg(KEEPTTL_WORD);
        }
    }

    private static boolean equalsArg(Call call, Entry entry, int arg) {
        var args = call.args();
        int start = args.start(arg);
        int end = start + args.length(arg);
        if (entry.isInteger()) {
            byte[] digits = call.numberScratch();
            int length = Decimal.format(entry.integer(), digits, 0);
            return Arrays.equals(digits, 0, length, args.buffer(), start, end);
        }
        int valueStart = entry.valueStart();
        return Arrays.equals(
                entry.valueBuffer(), valueStart, valueStart + entry.valueLength(), args.buffer(), start, end);
    }

    private static long digestOf(Call call, Entry entry) {
        if (!entry.isInteger()) {
            return Xxh3.hash(entry.valueBuffer(), entry.valueStart(), entry.valueLength());
        }
        byte[] digits = call.numberScratch();
        return Xxh3.hash(digits, 0, Decimal.format(entry.integer(), digits, 0));
    }

    private static char hexDigit(long hash, int index) {
        return Character.forDigit((int) (hash >>> 60 - 4 * index) & 15, 16);
    }

    private static boolean digestEqualsArg(Call call, Entry entry, int arg) {
        var args = call.args();
        if (args.length(arg) != DIGEST_LENGTH) {
            return false;
        }
        long hash = digestOf(call, entry);
        for (int i = 0; i < DIGEST_LENGTH; i++) {
            if (Character.digit(args.buffer()[args.start(arg) + i], 16) != Character.digit(hexDigit(hash, i), 16)) {
                return false;
            }
        }
        return true;
    }
}
