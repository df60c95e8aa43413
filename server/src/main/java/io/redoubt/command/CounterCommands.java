package io.redoubt.command;

import static io.redoubt.command.ArgSpec.integer;
import static io.redoubt.command.ArgSpec.key;
import static io.redoubt.command.ArgSpec.oneOf;
import static io.redoubt.command.ArgSpec.real;
import static io.redoubt.command.ArgSpec.string;
import static io.redoubt.command.ArgSpec.unixTime;
import static io.redoubt.command.ArgSpec.word;
import static io.redoubt.command.Category.STRING;
import static io.redoubt.command.CommandFlag.DENYOOM;
import static io.redoubt.command.CommandFlag.FAST;
import static io.redoubt.command.CommandFlag.WRITE;
import static io.redoubt.command.KeySpec.Flag.ACCESS;
import static io.redoubt.command.KeySpec.Flag.RW;
import static io.redoubt.command.KeySpec.Flag.UPDATE;

import io.redoubt.resp.Decimal;
import io.redoubt.resp.LongDouble;
import io.redoubt.store.Keyspace;
import io.redoubt.store.KeyspaceEvents.Event;
import io.redoubt.type.Encoding;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** INCREX of Redis 8.8: a counter within bounds that may expire, such as one of requests in a window of time. */
public final class CounterCommands extends CommandFamily {
    // Options of the form; slots hold where their arguments stand.
    private static final long BYINT = 1;
    private static final long BYFLOAT = 1 << 1;
    private static final long SATURATE = 1 << 2;
    private static final long LBOUND = 1 << 3;
    private static final long UBOUND = 1 << 4;
    private static final long EX = 1 << 5;
    private static final long PX = 1 << 6;
    private static final long EXAT = 1 << 7;
    private static final long PXAT = 1 << 8;
    private static final long PERSIST = 1 << 9;
    private static final long ENX = 1 << 10;

    private static final long STEPS = BYINT | BYFLOAT;
    private static final long TIMES = EX | PX | EXAT | PXAT;

    private static final int STEP_SLOT = 0;
    private static final int LOW_SLOT = 1;
    private static final int HIGH_SLOT = 2;
    private static final int TIME_SLOT = 3;

    private static final byte[] ENX_ALONE = Errors.line("ERR ENX flag requires an expiration");
    private static final byte[] BOUNDS_CROSS = Errors.line("ERR LBOUND can't be greater than UBOUND");
    private static final byte[] NOT_FINITE = Errors.line("ERR value or increment would produce Infinity");
    private static final byte[] BAD_TIME = Errors.line("ERR invalid expire time in 'increx' command");

    private static final byte[] SET = "SET".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] PXAT_WORD = "PXAT".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] DEL = "DEL".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] ZERO = {'0'};

    /** No time: the error is written. */
    private static final long BAD = -2;

    public CounterCommands() {
        super("string");
    }

    final CommandSpec increx = command("INCREX")
            .arity(-2)
            .since("8.8.0")
            .complexity("O(1)")
            .summary("Adds to the number at a key, within bounds, and sets the time when it expires.")
            .flags(WRITE, DENYOOM, FAST)
            .categories(STRING)
            .key(1, RW, ACCESS, UPDATE)
            .readsToo()
            .reveals(Reveals.VALUE)
            .args(
                    key("key"),
                    oneOf(
                                    "increment",
                                    integer("integer").token("BYINT"),
                                    real("float").token("BYFLOAT"))
                            .optional(),
                    word("saturate", "SATURATE").optional(),
                    string("lower-bound").token("LBOUND").optional(),
                    string("upper-bound").token("UBOUND").optional(),
                    oneOf(
                                    "expiration",
                                    integer("seconds").token("EX"),
                                    integer("milliseconds").token("PX"),
                                    unixTime("unix-time-seconds").token("EXAT"),
                                    unixTime("unix-time-milliseconds").token("PXAT"),
                                    word("persist", "PERSIST"))
                            .optional(),
                    word("enx", "ENX").optional())
            .form(CounterCommands::parse)
            .handler(this::increx);

    private static void parse(Args args, Form form) {
        form.addKey(1, Form.READ | Form.WRITE);
        for (int arg = 2; arg < args.count(); arg++) {
            long option = optionAt(args, arg);
            if (option == 0 || (form.options & excludedBy(option)) != 0) {
                form.error = Errors.SYNTAX;
                return;
            }
            int slot = slotOf(option);
            if (slot >= 0) {
                if (++arg == args.count()) {
                    form.error = Errors.SYNTAX;
                    return;
                }
                form.slots[slot] = arg;
            }
            form.options |= option;
        }
        if ((form.options & ENX) != 0 && (form.options & TIMES) == 0) {
            form.error = ENX_ALONE;
        }
    }

    private static long optionAt(Args args, int arg) {
        return switch (args.length(arg)) {
            case 2 -> args.is(arg, "EX") ? EX : args.is(arg, "PX") ? PX : 0;
            case 3 -> args.is(arg, "ENX") ? ENX : 0;
            case 4 -> args.is(arg, "EXAT") ? EXAT : args.is(arg, "PXAT") ? PXAT : 0;
            case 5 -> args.is(arg, "BYINT") ? BYINT : 0;
            case 6 -> args.is(arg, "LBOUND") ? LBOUND : args.is(arg, "UBOUND") ? UBOUND : 0;
            case 7 -> args.is(arg, "BYFLOAT") ? BYFLOAT : args.is(arg, "PERSIST") ? PERSIST : 0;
            case 8 -> args.is(arg, "SATURATE") ? SATURATE : 0;
            default -> 0;
        };
    }

    private static long excludedBy(long option) {
        if ((option & STEPS) != 0) {
            return STEPS;
        }
        if ((option & TIMES) != 0) {
            return TIMES | PERSIST;
        }
        return option == PERSIST ? TIMES | PERSIST | ENX : option == ENX ? PERSIST | ENX : option;
    }

    private static int slotOf(long option) {
        if ((option & STEPS) != 0) {
            return STEP_SLOT;
        }
        if ((option & TIMES) != 0) {
            return TIME_SLOT;
        }
        return option == LBOUND ? LOW_SLOT : option == UBOUND ? HIGH_SLOT : -1;
    }

    private void increx(Call call) {
        var form = call.form();
        if ((form.options & BYFLOAT) != 0) {
            addFloat(call);
        } else {
            addInteger(call);
        }
    }

    // ---- Integers ----

    private static void addInteger(Call call) {
        var form = call.form();
        long step = 1;
        long low = Long.MIN_VALUE;
        long high = Long.MAX_VALUE;
        if ((form.options & BYINT) != 0) {
            if (!call.parseLong(form.slots[STEP_SLOT])) {
                return;
            }
            step = call.parsed();
        }
        if ((form.options & LBOUND) != 0) {
            if (!call.parseLong(form.slots[LOW_SLOT])) {
                return;
            }
            low = call.parsed();
        }
        if ((form.options & UBOUND) != 0) {
            if (!call.parseLong(form.slots[HIGH_SLOT])) {
                return;
            }
            high = call.parsed();
        }
        if (low > high) {
            call.reply().error(BOUNDS_CROSS);
            return;
        }
        long time = timeOf(call);
        if (time == BAD) {
            return;
        }
        boolean isFound = call.find(1);
        var entry = call.entry();
        if (isFound && !entry.isString()) {
            call.reply().error(Errors.WRONG_TYPE);
            return;
        }
        long old = 0;
        if (isFound && entry.isInteger()) {
            old = entry.integer();
        } else if (isFound) {
            if (!Decimal.isLong(entry.valueBuffer(), entry.valueStart(), entry.valueLength())) {
                call.reply().error(Errors.NOT_AN_INTEGER);
                return;
            }
            old = Decimal.parseLong(entry.valueBuffer(), entry.valueStart(), entry.valueLength(), 0);
        }
        long sum = old + step;
        boolean overflows = ((old ^ sum) & (step ^ sum)) < 0;
        if (overflows || sum < low || sum > high) {
            if ((form.options & SATURATE) == 0) {
                replyIntegers(call, old, 0);
                return;
            }
            boolean isAbove = overflows ? step > 0 : sum > high;
            sum = isAbove ? high : low;
            step = sum - old;
            if (((sum ^ old) & (sum ^ step)) < 0) {
                call.reply().error(Errors.OVERFLOW);
                return;
            }
        }
        long expiry = expiryOf(call, isFound, time);
        if (isGone(call, expiry)) {
            remove(call, isFound);
        } else {
            call.setInteger(1, sum, expiry);
            byte[] digits = call.numberScratch();
            written(call, Event.INCRBY, digits, Decimal.format(sum, digits, 0), expiry);
        }
        replyIntegers(call, sum, step);
    }

    private static void replyIntegers(Call call, long value, long step) {
        call.reply().arrayHeader(2);
        call.reply().integer(value);
        call.reply().integer(step);
    }

    // ---- Decimal numbers ----

    private static void addFloat(Call call) {
        var form = call.form();
        byte[] step = numberAt(call, form.slots[STEP_SLOT]);
        if (step == null) {
            return;
        }
        byte[] low = null;
        byte[] high = null;
        if ((form.options & LBOUND) != 0) {
            low = numberAt(call, form.slots[LOW_SLOT]);
            if (low == null) {
                return;
            }
        }
        if ((form.options & UBOUND) != 0) {
            high = numberAt(call, form.slots[HIGH_SLOT]);
            if (high == null) {
                return;
            }
        }
        if (low != null && high != null && compare(low, high) > 0) {
            call.reply().error(BOUNDS_CROSS);
            return;
        }
        long time = timeOf(call);
        if (time == BAD) {
            return;
        }
        boolean isFound = call.find(1);
        byte[] old = valueOf(call, isFound);
        if (old == null) {
            return;
        }
        byte[] sum = LongDouble.add(old, 0, old.length, step, 0, step.length);
        if (sum == null) {
            call.reply().error(NOT_FINITE);
            return;
        }
        boolean isAbove = high != null && compare(sum, high) > 0;
        if (isAbove || low != null && compare(sum, low) < 0) {
            if ((form.options & SATURATE) == 0) {
                replyNumbers(call, old, ZERO);
                return;
            }
            sum = isAbove ? high : low;
            byte[] negated = negated(old);
            step = sum == null ? null : LongDouble.add(sum, 0, sum.length, negated, 0, negated.length);
            if (sum == null || step == null) {
                call.reply().error(NOT_FINITE);
                return;
            }
        }
        long expiry = expiryOf(call, isFound, time);
        if (isGone(call, expiry)) {
            remove(call, isFound);
        } else {
            int encoding = sum.length <= Encoding.EMBSTR_MAX ? Encoding.EMBSTR : Encoding.RAW;
            call.setString(1, encoding, sum, 0, sum.length, expiry);
            written(call, Event.INCRBYFLOAT, sum, sum.length, expiry);
        }
        replyNumbers(call, sum, step);
    }

    /** A number of the request in its shortest form; null when it is none and the error is written. */
    private static byte @Nullable [] numberAt(Call call, int arg) {
        var args = call.args();
        return normalized(call, args.buffer(), args.start(arg), args.length(arg));
    }

    private static byte @Nullable [] normalized(Call call, byte[] buffer, int start, int length) {
        if (!LongDouble.isValid(buffer, start, length)) {
            call.reply().error(Errors.NOT_A_FLOAT);
            return null;
        }
        byte[] number = LongDouble.add(ZERO, 0, 1, buffer, start, length);
        if (number == null) {
            call.reply().error(NOT_FINITE);
        }
        return number;
    }

    private static byte @Nullable [] valueOf(Call call, boolean isFound) {
        var entry = call.entry();
        if (!isFound) {
            return ZERO;
        }
        if (!entry.isString()) {
            call.reply().error(Errors.WRONG_TYPE);
            return null;
        }
        if (entry.isInteger()) {
            return Long.toString(entry.integer()).getBytes(StandardCharsets.US_ASCII);
        }
        return normalized(call, entry.valueBuffer(), entry.valueStart(), entry.valueLength());
    }

    private static byte[] negated(byte[] number) {
        if (number[0] == '-') {
            return Arrays.copyOfRange(number, 1, number.length);
        }
        byte[] negated = new byte[number.length + 1];
        negated[0] = '-';
        System.arraycopy(number, 0, negated, 1, number.length);
        return negated;
    }

    private static int compare(byte[] a, byte[] b) {
        return Double.compare(toDouble(a), toDouble(b));
    }

    private static double toDouble(byte[] number) {
        return Decimal.parseDouble(number, 0, number.length);
    }

    private static void replyNumbers(Call call, byte[] value, byte[] step) {
        var reply = call.reply();
        reply.arrayHeader(2);
        if (reply.protocol() > 2) {
            reply.real(toDouble(value));
            reply.real(toDouble(step));
        } else {
            reply.bulk(value);
            reply.bulk(step);
        }
    }

    // ---- When it expires ----

    /** The time that the request names; {@link Keyspace#NO_EXPIRY} if none, {@link #BAD} if the error is written. */
    private static long timeOf(Call call) {
        var form = call.form();
        if ((form.options & TIMES) == 0) {
            return Keyspace.NO_EXPIRY;
        }
        if (!call.parseLong(form.slots[TIME_SLOT])) {
            return BAD;
        }
        long given = call.parsed();
        long unitMillis = (form.options & (EX | EXAT)) != 0 ? 1000 : 1;
        long base = (form.options & (EX | PX)) != 0 ? call.nowMillis() : 0;
        if (given <= 0 || given > Long.MAX_VALUE / unitMillis || given * unitMillis > Long.MAX_VALUE - base) {
            call.reply().error(BAD_TIME);
            return BAD;
        }
        return given * unitMillis + base;
    }

    private static long expiryOf(Call call, boolean isFound, long time) {
        long options = call.form().options;
        long current = isFound ? call.entry().expiryMillis() : Keyspace.NO_EXPIRY;
        if ((options & PERSIST) != 0) {
            return Keyspace.NO_EXPIRY;
        }
        boolean keeps = (options & TIMES) == 0 || (options & ENX) != 0 && current != Keyspace.NO_EXPIRY;
        return keeps ? current : time;
    }

    /** Whether it expires at once. Who follows a master leaves that to it. */
    private static boolean isGone(Call call, long expiry) {
        return expiry != Keyspace.NO_EXPIRY
                && expiry <= call.nowMillis()
                && !call.keyspace().expiry().isReplica
                && !call.unit().isFromMaster();
    }

    private static void remove(Call call, boolean isFound) {
        if (isFound) {
            call.delete(1);
            call.changed(1, Event.DEL);
            var effects = call.ownEffects();
            effects.command(call.database(), 2);
            effects.arg(DEL);
            call.effectArg(1);
        }
    }

    private static void written(Call call, Event event, byte[] value, int length, long expiry) {
        long options = call.form().options;
        call.changed(1, event);
        if ((options & TIMES) != 0) {
            call.notify(1, call.database(), Event.EXPIRE);
        } else if ((options & PERSIST) != 0) {
            call.notify(1, call.database(), Event.PERSIST);
        }
        boolean expires = expiry != Keyspace.NO_EXPIRY;
        var effects = call.ownEffects();
        effects.command(call.database(), expires ? 5 : 3);
        effects.arg(SET);
        call.effectArg(1);
        effects.arg(value, 0, length);
        if (expires) {
            effects.arg(PXAT_WORD);
            effects.arg(expiry);
        }
    }
}
