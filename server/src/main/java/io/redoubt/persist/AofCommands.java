package io.redoubt.persist;

import static io.redoubt.command.CommandFlag.ADMIN;
import static io.redoubt.command.CommandFlag.EXCLUSIVE;
import static io.redoubt.command.CommandFlag.NOSCRIPT;
import static io.redoubt.command.CommandFlag.NO_ASYNC_LOADING;

import io.redoubt.command.Call;
import io.redoubt.command.CommandFamily;
import io.redoubt.command.CommandSpec;
import io.redoubt.command.Errors;

/** BGREWRITEAOF. */
public final class AofCommands extends CommandFamily {
    private static final byte[] IN_PROGRESS =
            Errors.line("ERR Background append only file rewriting already in progress");

    private static final byte[] CANNOT = Errors.line(
            "ERR Can't execute an AOF background rewriting. Please check the server logs for more" + " information.");

    private final AofRewriter rewriter;

    public AofCommands(AofRewriter rewriter) {
        super("server");
        this.rewriter = rewriter;
    }

    final CommandSpec bgrewriteaof = command("BGREWRITEAOF")
            .arity(1)
            .since("1.0.0")
            .complexity("O(1)")
            .summary("Starts to make the append-only file anew, as short as it can be.")
            .flags(ADMIN, NOSCRIPT, NO_ASYNC_LOADING, EXCLUSIVE)
            .handler(this::bgrewriteaof);

    /** The answer comes when its files are open, which nobody waits for who is inside. */
    private void bgrewriteaof(Call call) {
        var late = call.lateReply();
        var outcome = rewriter.request(
                call.maySuspend(),
                isPrepared -> late.send(reply -> {
                    if (isPrepared) {
                        reply.status("Background append only file rewriting started");
                    } else {
                        reply.error(CANNOT);
                    }
                }));
        switch (outcome) {
            case STARTED -> call.suspend();
            case SCHEDULED -> call.reply().status("Background append only file rewriting scheduled");
            case ALREADY_RUNNING -> call.reply().error(IN_PROGRESS);
        }
    }
}
