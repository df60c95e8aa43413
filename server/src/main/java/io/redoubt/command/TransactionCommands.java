package io.redoubt.command;

import static io.redoubt.command.ArgSpec.key;
import static io.redoubt.command.Category.TRANSACTION;
import static io.redoubt.command.CommandFlag.ALLOW_BUSY;
import static io.redoubt.command.CommandFlag.FAST;
import static io.redoubt.command.CommandFlag.LOADING;
import static io.redoubt.command.CommandFlag.NOSCRIPT;
import static io.redoubt.command.CommandFlag.NOT_QUEUED;
import static io.redoubt.command.CommandFlag.RUNS_QUEUE;
import static io.redoubt.command.CommandFlag.SKIP_SLOWLOG;
import static io.redoubt.command.CommandFlag.STALE;

import io.redoubt.store.KeyName;

/** Transactions: many commands that run as one, and only if the keys that they depend on have not changed. */
public final class TransactionCommands extends CommandFamily {
    private static final byte[] NESTED = Errors.line("ERR MULTI calls can not be nested");
    private static final byte[] WATCH_INSIDE = Errors.line("ERR WATCH inside MULTI is not allowed");
    private static final byte[] EXEC_WITHOUT_MULTI = Errors.line("ERR EXEC without MULTI");
    private static final byte[] DISCARD_WITHOUT_MULTI = Errors.line("ERR DISCARD without MULTI");
    private static final byte[] ABORTED = Errors.line("EXECABORT Transaction discarded because of previous errors.");

    private static final byte[] WRITTEN_BEFORE = Errors.line("EXECABORT Transaction discarded because of: MIGRATE sends"
            + " no key that may change in the same transaction before it");

    public TransactionCommands() {
        super("transactions");
    }

    private CommandSpec own(String name) {
        return command(name)
                .arity(1)
                .complexity("O(1)")
                .flags(NOSCRIPT, LOADING, STALE)
                .categories(TRANSACTION);
    }

    final CommandSpec multi = own("MULTI")
            .since("1.2.0")
            .summary("Begins a transaction: requests are queued until EXEC.")
            .flags(FAST, ALLOW_BUSY, NOT_QUEUED)
            .handler(TransactionCommands::multi);

    private static void multi(Call call) {
        var transaction = call.transaction();
        if (transaction.isOpen()) {
            call.reply().error(NESTED);
            return;
        }
        transaction.open();
        call.reply().ok();
    }

    final CommandSpec exec = own("EXEC")
            .since("1.2.0")
            .complexity("As the queued commands")
            .summary("Runs the queued requests as one, unless a watched key has changed.")
            .flags(SKIP_SLOWLOG, NOT_QUEUED, RUNS_QUEUE)
            .reveals(Reveals.VALUE)
            .handler(TransactionCommands::exec);

    private static void exec(Call call) {
        if (!call.session().isInTransaction()) {
            call.reply().error(EXEC_WITHOUT_MULTI);
            return;
        }
        var transaction = call.transaction();
        if (transaction.isBroken()) {
            call.reply().error(ABORTED);
        } else if (transaction.isDirty(call.unit())) {
            call.reply().nilArray();
        } else if (transaction.hasErrands() && call.writesWhatErrandsRead(transaction)) {
            call.reply().error(WRITTEN_BEFORE);
        } else if (transaction.hasErrands() && call.runErrands(transaction)) {
            return; // It comes again.
        } else {
            transaction.unwatch();
            call.runAll(transaction);
        }
        transaction.end();
    }

    final CommandSpec discard = own("DISCARD")
            .since("2.0.0")
            .complexity("O(N), N = queued requests")
            .summary("Ends a transaction without running anything, and forgets watched keys.")
            .flags(FAST, ALLOW_BUSY, NOT_QUEUED)
            .handler(TransactionCommands::discard);

    private static void discard(Call call) {
        if (!call.session().isInTransaction()) {
            call.reply().error(DISCARD_WITHOUT_MULTI);
            return;
        }
        call.transaction().end();
        call.reply().ok();
    }

    final CommandSpec watch = own("WATCH")
            .arity(-2)
            .since("2.2.0")
            .complexity("O(N), N = keys")
            .summary("Makes the next EXEC do nothing if one of the keys has changed until then.")
            .flags(FAST, ALLOW_BUSY, NOT_QUEUED)
            .keys(1, -1, 1, KeySpec.Flag.RO)
            .args(key("key").multiple())
            .handler(TransactionCommands::watch);

    private static void watch(Call call) {
        var transaction = call.transaction();
        if (transaction.isOpen()) {
            call.reply().error(WATCH_INSIDE);
            return;
        }
        var args = call.args();
        for (int i = 1; i < args.count(); i++) {
            transaction.watch(
                    call.unit(), KeyName.copyOf(call.database(), args.buffer(), args.start(i), args.length(i)));
        }
        call.reply().ok();
    }

    final CommandSpec unwatch = own("UNWATCH")
            .since("2.2.0")
            .complexity("O(N), N = watched keys")
            .summary("Forgets the keys that are watched.")
            .flags(FAST, ALLOW_BUSY)
            .handler(TransactionCommands::unwatch);

    private static void unwatch(Call call) {
        // Inside a transaction it comes too late to change anything, as in Redis.
        call.transaction().unwatch();
        call.reply().ok();
    }
}
