package io.redoubt.command;

import io.redoubt.resp.Decimal;
import io.redoubt.resp.Glob;
import io.redoubt.resp.Reply;
import io.redoubt.type.Element;
import org.jspecify.annotations.Nullable;

/** The cursor of HSCAN, SSCAN and ZSCAN, and their options. One per call. */
final class ScanOptions {
    private static final byte[] INVALID_CURSOR = Errors.line("ERR invalid cursor");
    private static final long NO_CURSOR = -1;

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
        if (options.parseCursor()) {
            return options;
        }
        call.reply().error(INVALID_CURSOR);
        return null;
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

    private boolean parseCursor() {
        cursor = Decimal.parseUnsigned(args.buffer(), args.start(2), args.length(2), NO_CURSOR);
        // A number above the signed range is a cursor, but none of ours: the walk is at its end.
        return cursor != NO_CURSOR || args.length(2) == 20;
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
