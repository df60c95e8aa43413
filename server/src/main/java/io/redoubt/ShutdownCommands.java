package io.redoubt;

import static io.redoubt.command.CommandFlag.ADMIN;
import static io.redoubt.command.CommandFlag.ALLOW_BUSY;
import static io.redoubt.command.CommandFlag.LOADING;
import static io.redoubt.command.CommandFlag.NOSCRIPT;
import static io.redoubt.command.CommandFlag.NO_MULTI;
import static io.redoubt.command.CommandFlag.STALE;

import io.redoubt.command.ArgSpec;
import io.redoubt.command.Call;
import io.redoubt.command.ClientWait;
import io.redoubt.command.CommandFamily;
import io.redoubt.command.CommandSpec;
import io.redoubt.command.Errors;

/** SHUTDOWN. */
final class ShutdownCommands extends CommandFamily {
    private static final byte[] FAILED = Errors.line("ERR Errors trying to SHUTDOWN. Check logs.");
    private static final byte[] NONE_IN_PROGRESS = Errors.line("ERR No shutdown in progress.");

    private final Shutdown shutdown;

    ShutdownCommands(Shutdown shutdown) {
        super("server");
        this.shutdown = shutdown;
    }

    final CommandSpec command = command("SHUTDOWN")
            .arity(-1)
            .since("1.0.0")
            .complexity("O(N) when saving, where N is the total number of keys in all databases when saving data,"
                    + " otherwise O(1)")
            .summary("Saves the data set if asked to or configured so, and ends the server.")
            .history("7.0.0", "Added the `NOW`, `FORCE` and `ABORT` modifiers.")
            .flags(ADMIN, NOSCRIPT, LOADING, STALE, NO_MULTI, ALLOW_BUSY)
            .args(
                    ArgSpec.oneOf("nosave_save", ArgSpec.word("nosave", "NOSAVE"), ArgSpec.word("save", "SAVE"))
                            .optional(),
                    ArgSpec.word("now", "NOW").optional().since("7.0.0"),
                    ArgSpec.word("force", "FORCE").optional().since("7.0.0"),
                    ArgSpec.word("abort", "ABORT").optional().since("7.0.0"))
            .handler(this::run);

    private void run(Call call) {
        boolean saves = false;
        boolean savesNot = false;
        boolean isNow = false;
        boolean isForced = false;
        boolean aborts = false;
        for (int i = 1; i < call.argCount(); i++) {
            if (call.argIs(i, "NOSAVE")) {
                savesNot = true;
            } else if (call.argIs(i, "SAVE")) {
                saves = true;
            } else if (call.argIs(i, "NOW")) {
                isNow = true;
            } else if (call.argIs(i, "FORCE")) {
                isForced = true;
            } else if (call.argIs(i, "ABORT")) {
                aborts = true;
            } else {
                call.reply().error(Errors.SYNTAX);
                return;
            }
        }
        if (aborts && call.argCount() > 2 || saves && savesNot) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        if (aborts) {
            if (shutdown.abort()) {
                call.reply().ok();
            } else {
                call.reply().error(NONE_IN_PROGRESS);
            }
            return;
        }
        var session = call.session();
        var late = call.lateReply();
        call.suspend();
        session.setWaiter(new UntilTheEnd());
        shutdown.start(new Shutdown.Request("User requested shutdown...", saves, savesNot, isNow, isForced), () -> {
            session.setWaiter(null);
            late.send(reply -> reply.error(FAILED));
        });
    }

    /** Who has asked for the end can be given nothing else. */
    private static final class UntilTheEnd implements ClientWait {
        @Override
        public boolean endWithNothing() {
            return false;
        }

        @Override
        public boolean endWithError(byte[] line) {
            return false;
        }

        @Override
        public void gone() {
            // The server ends all the same.
        }
    }
}
