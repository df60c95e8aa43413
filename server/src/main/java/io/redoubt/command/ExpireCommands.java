package io.redoubt.command;

import static io.redoubt.command.ArgSpec.integer;
import static io.redoubt.command.ArgSpec.key;
import static io.redoubt.command.ArgSpec.oneOf;
import static io.redoubt.command.ArgSpec.unixTime;
import static io.redoubt.command.ArgSpec.word;
import static io.redoubt.command.Category.KEYSPACE;
import static io.redoubt.command.CommandFlag.FAST;
import static io.redoubt.command.CommandFlag.READONLY;
import static io.redoubt.command.CommandFlag.WRITE;
import static io.redoubt.command.KeySpec.Flag.ACCESS;
import static io.redoubt.command.KeySpec.Flag.RO;
import static io.redoubt.command.KeySpec.Flag.RW;
import static io.redoubt.command.KeySpec.Flag.UPDATE;

import io.redoubt.store.Keyspace;
import io.redoubt.store.KeyspaceEvents.Event;
import java.nio.charset.StandardCharsets;

/** The commands about when keys expire. Whatever the unit, what is kept and replicated is a time in milliseconds. */
public final class ExpireCommands extends CommandFamily {
    private static final int NX = 1;
    private static final int XX = 1 << 1;
    private static final int GT = 1 << 2;
    private static final int LT = 1 << 3;
    private static final byte[] NX_EXCLUDES =
            Errors.line("ERR NX and XX, GT or LT options at the same time are not compatible");
    private static final byte[] GT_EXCLUDES_LT =
            Errors.line("ERR GT and LT options at the same time are not compatible");

    private static final byte[] PEXPIREAT = {'P', 'E', 'X', 'P', 'I', 'R', 'E', 'A', 'T'};
    private static final byte[] DEL = {'D', 'E', 'L'};
    private static final byte[] UNLINK = {'U', 'N', 'L', 'I', 'N', 'K'};

    private static final long SECOND = 1000;
    private static final long ABSENT = -2;

    public ExpireCommands() {
        super("generic");
    }

    // ---- Setting ----

    final CommandSpec expire = setter("EXPIRE", "1.0.0", integer("seconds"))
            .summary("Lets a key expire after so many seconds.")
            .handler(call -> setExpiry(call, SECOND, true));

    final CommandSpec pexpire = setter("PEXPIRE", "2.6.0", integer("milliseconds"))
            .summary("Lets a key expire after so many milliseconds.")
            .handler(call -> setExpiry(call, 1, true));

    final CommandSpec expireat = setter("EXPIREAT", "1.2.0", unixTime("unix-time-seconds"))
            .summary("Lets a key expire at a Unix time in seconds.")
            .handler(call -> setExpiry(call, SECOND, false));

    final CommandSpec pexpireat = setter("PEXPIREAT", "2.6.0", unixTime("unix-time-milliseconds"))
            .summary("Lets a key expire at a Unix time in milliseconds.")
            .handler(call -> setExpiry(call, 1, false));

    private CommandSpec setter(String name, String since, ArgSpec time) {
        var condition = oneOf("condition", word("nx", "NX"), word("xx", "XX"), word("gt", "GT"), word("lt", "LT"));
        return command(name)
                .arity(-3)
                .since(since)
                .history("7.0.0", "Takes NX, XX, GT and LT.")
                .complexity("O(1)")
                .flags(WRITE, FAST)
                .categories(KEYSPACE)
                .key(1, RW, UPDATE)
                .reveals(Reveals.EXISTENCE)
                .args(key("key"), time, condition.optional().since("7.0.0"))
                .form(ExpireCommands::parseConditions);
    }

    private static void parseConditions(Args args, Form form) {
        form.addKey(1, Form.WRITE);
        long options = 0;
        for (int arg = 3; arg < args.count(); arg++) {
            if (args.is(arg, "NX")) {
                options |= NX;
            } else if (args.is(arg, "XX")) {
                options |= XX;
            } else if (args.is(arg, "GT")) {
                options |= GT;
            } else if (args.is(arg, "LT")) {
                options |= LT;
            } else {
                form.error = unsupported(args.text(arg));
                return;
            }
        }
        if ((options & NX) != 0 && options != NX) {
            form.error = NX_EXCLUDES;
        } else if ((options & (GT | LT)) == (GT | LT)) {
            form.error = GT_EXCLUDES_LT;
        }
        form.options = options;
    }

    private static byte[] unsupported(String option) {
        String shown = option.replace('\r', ' ').replace('\n', ' ');
        return ("-ERR Unsupported option " + shown + "\r\n").getBytes(StandardCharsets.ISO_8859_1);
    }

    private static void setExpiry(Call call, long unitMillis, boolean isRelative) {
        if (!call.parseLong(2)) {
            return;
        }
        long given = call.parsed();
        long base = isRelative ? call.nowMillis() : 0;
        if (given > Long.MAX_VALUE / unitMillis
                || given < Long.MIN_VALUE / unitMillis
                || given * unitMillis > Long.MAX_VALUE - base) {
            call.reply().error("ERR invalid expire time in '" + call.spec().fullName() + "' command");
            return;
        }
        long when = given * unitMillis + base;
        if (!call.find(1) || !isWanted(call.form().options, call.entry().expiryMillis(), when)) {
            call.reply().integer(0);
            return;
        }
        var expiry = call.keyspace().expiry();
        // A replica leaves deleting to its master, whose DEL it will see.
        if (when <= call.nowMillis() && !expiry.isReplica && !call.unit().isFromMaster()) {
            call.delete(1);
            call.changed(1, Event.DEL);
            var effects = call.ownEffects();
            effects.command(call.database(), 2);
            effects.arg(expiry.unlinks ? UNLINK : DEL);
            call.effectArg(1);
            call.reply().integer(1);
        } else {
            call.setExpiry(1, when);
            call.reply().integer(1);
            call.changed(1, Event.EXPIRE);
            var effects = call.ownEffects();
            effects.command(call.database(), 3);
            effects.arg(PEXPIREAT);
            call.effectArg(1);
            effects.arg(when);
        }
    }

    /** Whether the conditions allow the new time; a key that never expires counts as later than any time. */
    private static boolean isWanted(long options, long current, long when) {
        boolean expires = current != Keyspace.NO_EXPIRY;
        if ((options & NX) != 0 && expires || (options & XX) != 0 && !expires) {
            return false;
        }
        if ((options & GT) != 0 && (!expires || when <= current)) {
            return false;
        }
        return (options & LT) == 0 || !expires || when < current;
    }

    final CommandSpec persist = command("PERSIST")
            .arity(2)
            .since("2.2.0")
            .complexity("O(1)")
            .summary("Takes a key's expiry away.")
            .flags(WRITE, FAST)
            .categories(KEYSPACE)
            .key(1, RW, UPDATE)
            .reveals(Reveals.EXISTENCE)
            .args(key("key"))
            .handler(this::persist);

    private void persist(Call call) {
        if (!call.find(1) || call.entry().expiryMillis() == Keyspace.NO_EXPIRY) {
            call.reply().integer(0);
            return;
        }
        call.setExpiry(1, Keyspace.NO_EXPIRY);
        call.changed(1, Event.PERSIST);
        call.reply().integer(1);
    }

    // ---- Asking ----

    final CommandSpec ttl = getter("TTL", "1.0.0")
            .history("2.8.0", "Tells a missing key (-2) from one without expiry (-1).")
            .tips("nondeterministic_output")
            .summary("Shows in how many seconds a key expires.")
            .handler(call -> replyExpiry(call, SECOND, true));

    final CommandSpec pttl = getter("PTTL", "2.6.0")
            .history("2.8.0", "Tells a missing key (-2) from one without expiry (-1).")
            .tips("nondeterministic_output")
            .summary("Shows in how many milliseconds a key expires.")
            .handler(call -> replyExpiry(call, 1, true));

    final CommandSpec expiretime = getter("EXPIRETIME", "7.0.0")
            .summary("Shows the Unix time in seconds at which a key expires.")
            .handler(call -> replyExpiry(call, SECOND, false));

    final CommandSpec pexpiretime = getter("PEXPIRETIME", "7.0.0")
            .summary("Shows the Unix time in milliseconds at which a key expires.")
            .handler(call -> replyExpiry(call, 1, false));

    private CommandSpec getter(String name, String since) {
        return command(name)
                .arity(2)
                .since(since)
                .complexity("O(1)")
                .flags(READONLY, FAST)
                .categories(KEYSPACE)
                .key(1, RO, ACCESS)
                .reveals(Reveals.DERIVED)
                .args(key("key"));
    }

    private static void replyExpiry(Call call, long unitMillis, boolean isRelative) {
        if (!KeyCommands.look(call, 1)) {
            call.reply().integer(ABSENT);
            return;
        }
        long when = call.entry().expiryMillis();
        if (when == Keyspace.NO_EXPIRY) {
            call.reply().integer(when);
            return;
        }
        // What a master keeps for its own reasons may have expired already.
        long millis = isRelative ? Math.max(0, when - call.nowMillis()) : when;
        // Rounded, without adding to what may be the greatest number.
        call.reply().integer(unitMillis == 1 ? millis : millis / SECOND + (millis % SECOND >= SECOND / 2 ? 1 : 0));
    }
}
