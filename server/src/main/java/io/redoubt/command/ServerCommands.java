package io.redoubt.command;

import static io.redoubt.command.ArgSpec.integer;
import static io.redoubt.command.ArgSpec.oneOf;
import static io.redoubt.command.ArgSpec.pattern;
import static io.redoubt.command.ArgSpec.string;
import static io.redoubt.command.Category.CONNECTION;
import static io.redoubt.command.CommandFlag.FAST;
import static io.redoubt.command.CommandFlag.LOADING;
import static io.redoubt.command.CommandFlag.NO_MANDATORY_KEYS;
import static io.redoubt.command.CommandFlag.READONLY;
import static io.redoubt.command.CommandFlag.STALE;

import io.redoubt.resp.Glob;
import io.redoubt.resp.Reply;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Commands about the server as such: TIME, LOLWUT, and COMMAND, which shows what all others declare. */
public final class ServerCommands extends CommandFamily {
    private static final byte[] INVALID_COMMAND = Errors.line("ERR Invalid command specified");
    private static final byte[] NO_KEYS = Errors.line("ERR The command has no key arguments");
    private static final byte[] INVALID_COUNT = Errors.line("ERR Invalid number of arguments specified for command");
    private static final byte[] INVALID_ARGUMENTS = Errors.line("ERR Invalid arguments specified for command");
    /** A redoubt from above. */
    private static final String ART = """
                  /\\
             ____/  \\____
             \\          /
              \\  .--.  /
              /  '--'  \\
             /___    ___\\
                 \\  /
                  \\/
            """;

    private final InstantSource clock;
    private final String version;
    private @Nullable CommandTable table;

    /**
     * @param clock what TIME asks, since it shows microseconds
     * @param version the version of Redis that we answer as, such as {@code 7.0.15}
     */
    public ServerCommands(InstantSource clock, String version) {
        super("server");
        this.clock = clock;
        this.version = version;
    }

    /** Hands over the table, which is made of all families, this one included; before the first request runs. */
    public void useTable(CommandTable newTable) {
        table = newTable;
    }

    private CommandTable table() {
        if (table == null) {
            throw new IllegalStateException("no table was handed over");
        }
        return table;
    }

    final CommandSpec time = command("TIME")
            .arity(1)
            .since("2.6.0")
            .complexity("O(1)")
            .summary("Answers the server's clock: Unix time in seconds, and the microseconds of that second.")
            .flags(LOADING, STALE, FAST)
            .tips("nondeterministic_output")
            .handler(this::time);

    private void time(Call call) {
        var now = clock.instant();
        call.reply().arrayHeader(2);
        call.reply().bulkInteger(now.getEpochSecond());
        call.reply().bulkInteger(now.getNano() / 1000);
    }

    final CommandSpec lolwut = command("LOLWUT")
            .arity(-1)
            .since("5.0.0")
            .summary("Draws something, and names the version of Redis that the server answers as.")
            .flags(READONLY, FAST)
            .args(integer("version").token("VERSION").optional())
            .handler(this::lolwut);

    private void lolwut(Call call) {
        if (call.argCount() > 2 && call.argIs(1, "VERSION") && !call.parseLong(2)) {
            return;
        }
        String text = ART + "Redis ver. " + version + "\n";
        call.reply().verbatim("txt", text.getBytes(StandardCharsets.US_ASCII));
    }

    // ---- COMMAND ----

    final CommandSpec command = command("COMMAND")
            .arity(-1)
            .since("2.8.13")
            .complexity("O(N), N = commands of the server")
            .summary("Describes all commands.")
            .flags(LOADING, STALE)
            .categories(CONNECTION)
            .tips("nondeterministic_output_order")
            .handler(this::infoOfAll);

    private CommandSpec own(String name) {
        return subcommand(command, name).flags(LOADING, STALE).categories(CONNECTION);
    }

    private void infoOfAll(Call call) {
        var commands = table().commands();
        call.reply().arrayHeader(commands.size());
        for (var spec : commands) {
            CommandDescription.info(spec, call.reply());
        }
    }

    final CommandSpec count = own("COUNT")
            .arity(2)
            .since("2.8.13")
            .complexity("O(1)")
            .summary("Counts the commands of the server.")
            .handler(call -> call.reply().integer(table().commands().size()));

    final CommandSpec info = own("INFO")
            .arity(-2)
            .since("2.8.13")
            .complexity("O(N), N = commands that are named")
            .summary("Describes the commands that are named, or all.")
            .tips("nondeterministic_output_order")
            .history("7.0.0", "Without a name, all commands.")
            .args(string("command-name").optional().multiple())
            .handler(this::info);

    private void info(Call call) {
        if (call.argCount() == 2) {
            infoOfAll(call);
            return;
        }
        call.reply().arrayHeader(call.argCount() - 2L);
        for (int arg = 2; arg < call.argCount(); arg++) {
            var spec = named(call.args(), arg);
            if (spec == null) {
                call.reply().nil();
            } else {
                CommandDescription.info(spec, call.reply());
            }
        }
    }

    /** Returns the command that an argument names, {@code config|set} for a subcommand; or null. */
    private @Nullable CommandSpec named(Args args, int arg) {
        String name = args.text(arg);
        int bar = name.indexOf('|');
        if (bar < 0) {
            return table().find(args.buffer(), args.start(arg), args.length(arg));
        }
        var container = table().find(args.buffer(), args.start(arg), bar);
        return container == null ? null : container.subcommand(name.substring(bar + 1));
    }

    final CommandSpec docs = own("DOCS")
            .arity(-2)
            .since("7.0.0")
            .complexity("O(N), N = commands that are named")
            .summary("Documents the commands that are named, or all.")
            .tips("nondeterministic_output_order")
            .args(string("command-name").optional().multiple())
            .handler(this::docs);

    private void docs(Call call) {
        var reply = call.reply();
        if (call.argCount() == 2) {
            reply.mapHeader(table().commands().size());
            for (var spec : table().commands()) {
                CommandDescription.docs(spec, reply);
            }
            return;
        }
        int mark = reply.beginArray();
        int found = 0;
        for (int arg = 2; arg < call.argCount(); arg++) {
            var spec = named(call.args(), arg);
            if (spec != null) {
                CommandDescription.docs(spec, reply);
                found++;
            }
        }
        reply.endMap(mark, found);
    }

    final CommandSpec list = own("LIST")
            .arity(-2)
            .since("7.0.0")
            .complexity("O(N), N = commands of the server")
            .summary("Lists the names of commands and subcommands.")
            .tips("nondeterministic_output_order")
            .args(oneOf(
                            "filterby",
                            string("module-name").token("MODULE"),
                            string("category").token("ACLCAT"),
                            pattern("pattern").token("PATTERN"))
                    .token("FILTERBY")
                    .optional())
            .handler(this::list);

    private void list(Call call) {
        var filter = filter(call);
        if (filter == null) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        List<CommandSpec> listed = table().declared().stream().filter(filter).toList();
        call.reply().arrayHeader(listed.size());
        for (var spec : listed) {
            call.reply().bulk(spec.fullNameBytes());
        }
    }

    private static @Nullable Predicate<CommandSpec> filter(Call call) {
        if (call.argCount() == 2) {
            return spec -> true;
        }
        if (call.argCount() != 5 || !call.argIs(2, "FILTERBY")) {
            return null;
        }
        if (call.argIs(3, "MODULE")) {
            return spec -> false; // No command comes from a module.
        }
        if (call.argIs(3, "ACLCAT")) {
            var category = Category.of(call.args().text(4));
            return spec -> category != null && spec.categories().contains(category);
        }
        if (call.argIs(3, "PATTERN")) {
            byte[] glob = call.args().bytes(4);
            return spec -> {
                byte[] name = spec.fullNameBytes();
                return Glob.matches(glob, 0, glob.length, name, 0, name.length, true);
            };
        }
        return null;
    }

    final CommandSpec getkeys = own("GETKEYS")
            .arity(-4)
            .since("2.8.13")
            .complexity("O(N), N = arguments of the command")
            .summary("Finds the keys in a complete command.")
            .handler(call -> getkeys(call, false));

    final CommandSpec getkeysandflags = own("GETKEYSANDFLAGS")
            .arity(-4)
            .since("7.0.0")
            .complexity("O(N), N = arguments of the command")
            .summary("Finds the keys in a complete command, and what it does to each.")
            .handler(call -> getkeys(call, true));

    private void getkeys(Call call, boolean withFlags) {
        var args = new Args();
        args.setFrom(call.args(), 2);
        var spec = table().find(args.buffer(), args.start(0), args.length(0));
        if (spec != null && spec.isContainer() && args.count() > 1) {
            spec = spec.subcommandAt(args, 1);
        }
        if (spec == null) {
            call.reply().error(INVALID_COMMAND);
            return;
        }
        boolean hasKeys =
                spec.keySpecs().stream().anyMatch(keySpec -> !keySpec.flags().contains(KeySpec.Flag.NOT_KEY));
        if (!hasKeys) {
            call.reply().error(NO_KEYS);
            return;
        }
        if (!spec.accepts(args.count())) {
            call.reply().error(INVALID_COUNT);
            return;
        }
        var form = new Form();
        spec.parse(args, form);
        // A count of keys that is wrong leaves it open which arguments are keys.
        boolean isUnclear = form.error != null && spec.keySpecs().stream().anyMatch(KeySpec::byKeyCount);
        if (form.keyCount() == 0 || isUnclear) {
            if (spec.flags().contains(NO_MANDATORY_KEYS)) {
                call.reply().emptyArray();
            } else {
                call.reply().error(INVALID_ARGUMENTS);
            }
            return;
        }
        replyKeys(call.reply(), spec, args, form, withFlags);
    }

    private static void replyKeys(Reply reply, CommandSpec spec, Args args, Form form, boolean withFlags) {
        reply.arrayHeader(form.keyCount());
        for (int i = 0; i < form.keyCount(); i++) {
            int arg = form.keyArg(i);
            if (withFlags) {
                reply.arrayHeader(2);
            }
            reply.bulk(args.buffer(), args.start(arg), args.length(arg));
            if (withFlags) {
                var flags = keyFlags(spec, args, arg, form.keyAccess(i));
                reply.setHeader(flags.size());
                for (String flag : flags) {
                    reply.status(flag);
                }
            }
        }
    }

    /** Returns the flags of the specification that finds the key, unless the form is a variant of another kind. */
    private static List<String> keyFlags(CommandSpec spec, Args args, int keyArg, int access) {
        var found = new Form();
        for (var keySpec : spec.keySpecs()) {
            if (keySpec.beginKeyword() == null && keySpec.beginIndex() == 0) {
                continue; // Only the parser knows where these stand.
            }
            found.reset();
            CommandSpec.addKeys(keySpec, args, found);
            for (int i = 0; i < found.keyCount(); i++) {
                if (found.keyArg(i) == keyArg && !keySpec.flags().contains(KeySpec.Flag.VARIABLE_FLAGS)) {
                    return words(keySpec);
                }
            }
        }
        return switch (access) {
            case Form.READ -> List.of("RO", "access");
            case Form.WRITE -> List.of("OW", "update");
            default -> List.of("RW", "access", "update");
        };
    }

    private static List<String> words(KeySpec keySpec) {
        var words = new ArrayList<String>();
        for (var flag : keySpec.flags()) {
            if (flag != KeySpec.Flag.INCOMPLETE) {
                words.add(flag.word());
            }
        }
        return words;
    }

    final CommandSpec help = own("HELP")
            .arity(2)
            .since("5.0.0")
            .complexity("O(1)")
            .summary("Explains the subcommands.")
            .handler(ServerCommands::help);

    private static void help(Call call) {
        SubcommandHelp.reply(
                call.reply(),
                "COMMAND",
                "(no subcommand)",
                "    Describe all commands.",
                "COUNT",
                "    Count the commands.",
                "DOCS [<command-name> ...]",
                "    Document the commands that are named, or all.",
                "GETKEYS <full-command>",
                "    Find the keys in a complete command.",
                "GETKEYSANDFLAGS <full-command>",
                "    Find the keys in a complete command, and what it does to each.",
                "INFO [<command-name> ...]",
                "    Describe the commands that are named, or all.",
                "LIST [FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]",
                "    List the names of commands and subcommands.");
    }
}
