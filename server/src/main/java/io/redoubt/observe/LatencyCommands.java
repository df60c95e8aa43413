package io.redoubt.observe;

import static io.redoubt.command.CommandFlag.ADMIN;
import static io.redoubt.command.CommandFlag.LOADING;
import static io.redoubt.command.CommandFlag.NOSCRIPT;
import static io.redoubt.command.CommandFlag.STALE;

import io.redoubt.command.ArgSpec;
import io.redoubt.command.Call;
import io.redoubt.command.CommandFamily;
import io.redoubt.command.CommandSpec;
import io.redoubt.command.CommandTable;
import io.redoubt.command.LatencyHistogram;
import io.redoubt.command.SubcommandHelp;
import io.redoubt.resp.Reply;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.function.Supplier;

/**
 * LATENCY. Durations of commands are recorded (HISTOGRAM); single slow events are not yet, so that the subcommands
 * about them answer what Redis does when none was seen.
 */
public final class LatencyCommands extends CommandFamily {
    private static final long FIRST_BUCKET_NANOS = 1024;

    private final Supplier<CommandTable> table;

    /** @param table the table, which is made after the families */
    public LatencyCommands(Supplier<CommandTable> table) {
        super("server");
        this.table = table;
    }

    final CommandSpec container = command("LATENCY")
            .arity(-2)
            .since("2.8.13")
            .complexity("Depends on subcommand")
            .summary("Groups the commands about how long things took.");

    private CommandSpec admin(String name) {
        return subcommand(container, name).since("2.8.13").flags(ADMIN, NOSCRIPT, LOADING, STALE);
    }

    final CommandSpec doctor = admin("DOCTOR")
            .arity(2)
            .complexity("O(1)")
            .summary("Explains in words what was slow and why.")
            .tips("nondeterministic_output", "request_policy:all_nodes", "response_policy:special")
            .handler(this::doctor);

    private void doctor(Call call) {
        String text = "No latency event was recorded, so there is nothing to explain. SLOWLOG GET and LATENCY HISTOGRAM"
                + " show how long commands took.\n";
        call.reply().verbatim("txt", text.getBytes(StandardCharsets.US_ASCII));
    }

    final CommandSpec graph = admin("GRAPH")
            .arity(3)
            .complexity("O(1)")
            .summary("Draws the durations of an event over time.")
            .tips("nondeterministic_output", "request_policy:all_nodes", "response_policy:special")
            .args(ArgSpec.string("event"))
            .handler(this::graph);

    private void graph(Call call) {
        byte[] text = ("ERR No samples available for event '" + call.args().text(2) + "'")
                .getBytes(StandardCharsets.ISO_8859_1);
        call.reply().error(text, 0, text.length);
    }

    final CommandSpec histogram = admin("HISTOGRAM")
            .arity(-2)
            .since("7.0.0")
            .complexity("O(N), N = commands shown")
            .summary("Shows for each command how many calls took up to how long.")
            .tips("nondeterministic_output", "request_policy:all_nodes", "response_policy:special")
            .args(ArgSpec.string("command").optional().multiple())
            .handler(this::histogram);

    private void histogram(Call call) {
        var commands = table.get();
        var wanted = new LinkedHashSet<CommandSpec>();
        if (call.argCount() == 2) {
            wanted.addAll(commands.declared());
        }
        for (int i = 2; i < call.argCount(); i++) {
            var spec = commands.byFullName(call.args().text(i));
            if (spec != null) {
                wanted.add(spec);
                wanted.addAll(spec.subcommands());
            }
        }
        var reply = call.reply();
        int mark = reply.beginArray();
        int shown = 0;
        for (var spec : wanted) {
            var latency = spec.stats().latency();
            if (latency.count() > 0) {
                reply.bulk(spec.fullName());
                show(latency, reply);
                shown++;
            }
        }
        reply.endMap(mark, shown);
    }

    /** Buckets end at powers of two of 1,024 ns, as in Redis; those in which nothing is new are left out. */
    private static void show(LatencyHistogram latency, Reply reply) {
        long total = latency.count();
        reply.mapHeader(2);
        reply.bulk("calls");
        reply.integer(total);
        reply.bulk("histogram_usec");
        int mark = reply.beginArray();
        int buckets = 0;
        long seen = 0;
        for (long end = FIRST_BUCKET_NANOS; seen < total && end > 0; end <<= 1) {
            long count = Math.min(latency.countUpToNanos(end), total);
            if (count > seen) {
                // Redis names a bucket by the largest duration that two digits cannot tell from its end.
                reply.integer((end + (end >> 7) - 1) / 1000);
                reply.integer(count);
                seen = count;
                buckets++;
            }
        }
        reply.endMap(mark, buckets);
    }

    final CommandSpec history = admin("HISTORY")
            .arity(3)
            .complexity("O(1)")
            .summary("Lists the durations of an event over time.")
            .tips("nondeterministic_output", "request_policy:all_nodes", "response_policy:special")
            .args(ArgSpec.string("event"))
            .handler(this::nothing);

    final CommandSpec latest = admin("LATEST")
            .arity(2)
            .complexity("O(1)")
            .summary("Lists the last slow event of each kind.")
            .tips("nondeterministic_output", "request_policy:all_nodes", "response_policy:special")
            .handler(this::nothing);

    private void nothing(Call call) {
        call.reply().emptyArray();
    }

    final CommandSpec reset = admin("RESET")
            .arity(-2)
            .complexity("O(1)")
            .summary("Forgets recorded events.")
            .tips("request_policy:all_nodes", "response_policy:all_succeeded")
            .args(ArgSpec.string("event").optional().multiple())
            .handler(this::reset);

    private void reset(Call call) {
        call.reply().integer(0);
    }

    final CommandSpec help = subcommand(container, "HELP")
            .arity(2)
            .since("2.8.13")
            .complexity("O(1)")
            .summary("Explains the subcommands of LATENCY.")
            .flags(LOADING, STALE)
            .handler(this::help);

    private void help(Call call) {
        SubcommandHelp.reply(
                call.reply(),
                "LATENCY",
                "DOCTOR",
                "    Explain in words what was slow.",
                "GRAPH <event>",
                "    Draw the durations of <event> over time.",
                "HISTOGRAM [COMMAND ...]",
                "    Show how many calls took up to how many microseconds, for all commands or those named.",
                "HISTORY <event>",
                "    List the durations of <event> over time.",
                "LATEST",
                "    List the last slow event of each kind.",
                "RESET [<event> ...]",
                "    Forget events of all kinds or of those named.");
    }
}
