package io.redoubt.observe;

import static io.redoubt.command.CommandFlag.ADMIN;
import static io.redoubt.command.CommandFlag.LOADING;
import static io.redoubt.command.CommandFlag.NOSCRIPT;
import static io.redoubt.command.CommandFlag.STALE;

import io.redoubt.command.ArgSpec;
import io.redoubt.command.Call;
import io.redoubt.command.CommandFamily;
import io.redoubt.command.CommandSpec;
import io.redoubt.command.Errors;
import io.redoubt.command.Reveals;
import io.redoubt.command.SubcommandHelp;

/** SLOWLOG, which shows commands that took long, and MONITOR, which shows all of them. */
public final class SlowLogCommands extends CommandFamily {
    private static final long COUNT_DEFAULT = 10;
    private static final byte[] BAD_COUNT = Errors.line("ERR count should be greater than or equal to -1");

    private final SlowLog slowLog;
    private final Monitors monitors;

    public SlowLogCommands(SlowLog slowLog, Monitors monitors) {
        super("server");
        this.slowLog = slowLog;
        this.monitors = monitors;
    }

    final CommandSpec container = command("SLOWLOG")
            .arity(-2)
            .since("2.2.12")
            .complexity("Depends on subcommand")
            .summary("Groups the commands about the log of slow commands.");

    final CommandSpec get = subcommand(container, "GET")
            .arity(-2)
            .since("2.2.12")
            .complexity("O(N), N = entries returned")
            .summary("Returns the newest entries of the slow log.")
            .history("4.0.0", "Shows the client's address and name.")
            .tips("request_policy:all_nodes", "nondeterministic_output")
            .flags(ADMIN, LOADING, STALE)
            .reveals(Reveals.VALUE)
            .args(ArgSpec.integer("count").optional())
            .handler(this::get);

    private void get(Call call) {
        if (call.argCount() > 3) {
            call.reply()
                    .error("ERR unknown subcommand or wrong number of arguments for '"
                            + call.args().text(1) + "'. Try SLOWLOG HELP.");
            return;
        }
        long count = COUNT_DEFAULT;
        if (call.argCount() == 3) {
            if (!call.parseLong(2, BAD_COUNT)) {
                return;
            }
            count = call.parsed();
            if (count < -1) {
                call.reply().error(BAD_COUNT);
                return;
            }
        }
        var entries = slowLog.newest(count == -1 ? Long.MAX_VALUE : count);
        var reply = call.reply();
        reply.arrayHeader(entries.size());
        for (var entry : entries) {
            reply.arrayHeader(6);
            reply.integer(entry.id());
            reply.integer(entry.seconds());
            reply.integer(entry.micros());
            reply.arrayHeader(entry.arguments().size());
            for (byte[] argument : entry.arguments()) {
                reply.bulk(argument);
            }
            reply.bulk(entry.address());
            reply.bulk(entry.clientName());
        }
    }

    final CommandSpec len = subcommand(container, "LEN")
            .arity(2)
            .since("2.2.12")
            .complexity("O(1)")
            .summary("Returns how many entries the slow log has.")
            .tips("request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output")
            .flags(ADMIN, LOADING, STALE)
            .handler(this::len);

    private void len(Call call) {
        call.reply().integer(slowLog.length());
    }

    final CommandSpec reset = subcommand(container, "RESET")
            .arity(2)
            .since("2.2.12")
            .complexity("O(N), N = entries of the slow log")
            .summary("Empties the slow log.")
            .tips("request_policy:all_nodes", "response_policy:all_succeeded")
            .flags(ADMIN, LOADING, STALE)
            .handler(this::reset);

    private void reset(Call call) {
        slowLog.reset();
        call.reply().ok();
    }

    final CommandSpec help = subcommand(container, "HELP")
            .arity(2)
            .since("6.2.0")
            .complexity("O(1)")
            .summary("Explains the subcommands of SLOWLOG.")
            .flags(LOADING, STALE)
            .handler(this::help);

    private void help(Call call) {
        SubcommandHelp.reply(
                call.reply(),
                "SLOWLOG",
                "GET [<count>]",
                "    Show the newest entries: 10 of them, or <count>, or all with -1. An entry is",
                "    its number, when it ran, how many microseconds it took, its arguments, and",
                "    address and name of the client.",
                "LEN",
                "    Show how many entries there are.",
                "RESET",
                "    Forget all entries.");
    }

    final CommandSpec monitor = command("MONITOR")
            .arity(1)
            .since("1.0.0")
            .summary("Shows every command of all clients from now on.")
            .flags(ADMIN, NOSCRIPT, LOADING, STALE)
            .reveals(Reveals.VALUE)
            .handler(this::monitor);

    private void monitor(Call call) {
        monitors.add(call.session());
        call.reply().ok();
    }
}
