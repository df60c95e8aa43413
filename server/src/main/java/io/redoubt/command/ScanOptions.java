package io.redoubt.command;

import io.redoubt.resp.Glob;
import io.redoubt.resp.Reply;
import io.redoubt.type.Element;
import org.jspecify.annotations.Nullable;

/** The cursor of HSCAN, SSCAN and ZSCAN, and their options. One per call. */
final class ScanOptions {
    /** A cursor that no scan of ours has given. */
    static final long NO_CURSOR = -1;
    /** What cannot be read as a cursor. */
    static final long INVALID_CURSOR = -2;

    private final Args args;
    private long cursor;
    private long count = 10;
    private int patternArg = -1;
    private boolean hidesValues;

    private ScanOptions(Args args) {
        this.args = args;
    }

    /** Reads the cursor, which stands behind the key; null if it is none, and the error is written. */
    static @Nullable ScanOptions cursor(Call call) {
        var options = new ScanOptions(call.args());
        options.cursor = parseCursor(options.args, 2);
        if (options.cursor == INVALID_CURSOR) {
            call.reply().error(Errors.INVALID_CURSOR);
            return null;
        }
        return options;
    }

    /**
     * Reads the options.
     *
     * @param mayHideValues whether NOVALUES is one of them
     * @return false if they are wrong, and the error is written
     */
    boolean parse(Call call, boolean mayHideValues) {
        for (int arg = 3; arg < args.count(); arg++) {
            boolean hasValue = arg + 1 < args.count();
            if (args.is(arg, "COUNT") && hasValue) {
                if (!call.parseLong(++arg)) {
                    return false;
                }
                count = call.parsed();
                if (count < 1) {
                    call.reply().error(Errors.SYNTAX);
                    return false;
                }
            } else if (args.is(arg, "MATCH") && hasValue) {
                match(++arg);
            } else if (mayHideValues && args.is(arg, "NOVALUES")) {
                hidesValues = true;
            } else {
                call.reply().error(Errors.SYNTAX);
                return false;
            }
        }
        return true;
    }

    /** Answers a scan that found nothing and is over. */
    static void replyNothing(Call call) {
        call.reply().arrayHeader(2);
        call.reply().bulk("0");
        call.reply().arrayHeader(0);
    }

    /** Answers the next cursor and what was collected in a reply of its own. */
    static void reply(Call call, long next, long count, Reply collected) {
        call.reply().arrayHeader(2);
        call.reply().bulkInteger(next);
        call.reply().arrayHeader(count);
        call.reply().raw(collected.buffer(), 0, collected.length());
    }

    /**
     * Reads a cursor as C's {@code strtoul} does, which is how Redis reads it: nothing at all is 0, a sign is taken,
     * 64 bits at most. A cursor that we never gave becomes {@link #NO_CURSOR}: nothing lies behind it. What is none is {@link #INVALID_CURSOR}.
     */
    static long parseCursor(Args args, int arg) {
        byte[] buffer = args.buffer();
        int at = args.start(arg);
        int end = at + args.length(arg);
        boolean isNegative = at < end && buffer[at] == '-';
        if (isNegative || at < end && buffer[at] == '+') {
            at++;
            if (at == end) {
                return INVALID_CURSOR;
            }
        }
        long value = 0;
        for (; at < end; at++) {
            int digit = buffer[at] - '0';
            if (digit < 0 || digit > 9 || Long.compareUnsigned(value, Long.divideUnsigned(-1L, 10)) > 0) {
                return INVALID_CURSOR;
            }
            long next = value * 10 + digit;
            if (Long.compareUnsigned(next, value * 10) < 0) {
                return INVALID_CURSOR;
            }
            value = next;
        }
        value = isNegative ? -value : value;
        return value < 0 ? NO_CURSOR : value;
    }

    private void match(int arg) {
        boolean isStar = args.length(arg) == 1 && args.buffer()[args.start(arg)] == '*';
        patternArg = isStar ? -1 : arg;
    }

    long cursor() {
        return cursor;
    }

    int count() {
        return (int) Math.min(count, Integer.MAX_VALUE);
    }

    boolean hidesValues() {
        return hidesValues;
    }

    boolean matches(Element element) {
        return patternArg < 0
                || Glob.matches(
                        args.buffer(),
                        args.start(patternArg),
                        args.length(patternArg),
                        element.buffer(),
                        element.offset(),
                        element.length(),
                        false);
    }
}
