package io.redoubt.persist;

import static io.redoubt.command.CommandFlag.ADMIN;
import static io.redoubt.command.CommandFlag.EXCLUSIVE;
import static io.redoubt.command.CommandFlag.FAST;
import static io.redoubt.command.CommandFlag.LOADING;
import static io.redoubt.command.CommandFlag.NOSCRIPT;
import static io.redoubt.command.CommandFlag.NO_ASYNC_LOADING;
import static io.redoubt.command.CommandFlag.NO_MULTI;
import static io.redoubt.command.CommandFlag.STALE;

import io.redoubt.command.ArgSpec;
import io.redoubt.command.Call;
import io.redoubt.command.Category;
import io.redoubt.command.CommandFamily;
import io.redoubt.command.CommandSpec;
import io.redoubt.command.Errors;

/** SAVE, BGSAVE and LASTSAVE. */
public final class SaveCommands extends CommandFamily {
    private static final byte[] IN_PROGRESS = Errors.line("ERR Background save already in progress");
    private static final byte[] OTHER_ACTIVE =
            Errors.line("ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in"
                    + " order to schedule a BGSAVE whenever possible.");
    private static final byte[] FAILED = Errors.line("ERR");

    private final Persistence persistence;

    public SaveCommands(Persistence persistence) {
        super("server");
        this.persistence = persistence;
    }

    final CommandSpec save = command("SAVE")
            .arity(1)
            .since("1.0.0")
            .complexity("O(N) where N is the total number of keys in all databases")
            .summary("Saves the data set to its file and answers when that is done.")
            .flags(ADMIN, NOSCRIPT, NO_ASYNC_LOADING, NO_MULTI, EXCLUSIVE)
            .handler(this::save);

    /** Only this client waits; others go on, because the snapshot needs no pause. */
    private void save(Call call) {
        if (persistence.isSaving()) {
            call.reply().error(IN_PROGRESS);
            return;
        }
        var late = call.lateReply();
        boolean isStarted = persistence.startSavingFor(isGood -> late.send(reply -> {
            if (isGood) {
                reply.ok();
            } else {
                reply.error(FAILED);
            }
        }));
        if (isStarted) {
            call.suspend();
        } else {
            call.reply().error(OTHER_ACTIVE);
        }
    }

    final CommandSpec bgsave = command("BGSAVE")
            .arity(-1)
            .since("1.0.0")
            .complexity("O(1)")
            .summary("Starts to save the data set to its file.")
            .history("3.2.2", "Added the `SCHEDULE` option.")
            .flags(ADMIN, NOSCRIPT, NO_ASYNC_LOADING, EXCLUSIVE)
            .args(ArgSpec.word("schedule", "SCHEDULE").optional().since("3.2.2"))
            .handler(this::bgsave);

    private void bgsave(Call call) {
        boolean mayWait = call.argCount() > 1;
        if (call.argCount() > 2 || mayWait && !call.argIs(1, "SCHEDULE")) {
            call.reply().error(Errors.SYNTAX);
        } else if (persistence.isSaving()) {
            call.reply().error(IN_PROGRESS);
        } else if (persistence.startSaving(_ -> {})) {
            call.reply().status("Background saving started");
        } else if (mayWait) {
            persistence.schedule();
            call.reply().status("Background saving scheduled");
        } else {
            call.reply().error(OTHER_ACTIVE);
        }
    }

    final CommandSpec lastsave = command("LASTSAVE")
            .arity(1)
            .since("1.0.0")
            .complexity("O(1)")
            .summary("Returns the Unix time of the last save that went well.")
            .tips("nondeterministic_output")
            .flags(LOADING, STALE, FAST)
            .categories(Category.ADMIN, Category.DANGEROUS)
            .handler(this::lastsave);

    private void lastsave(Call call) {
        call.reply().integer(persistence.lastSaveSeconds());
    }
}
