package io.redoubt.access;

import io.redoubt.command.ArgSpec;
import io.redoubt.command.Args;
import io.redoubt.command.Call;
import io.redoubt.command.Category;
import io.redoubt.command.CommandFamily;
import io.redoubt.command.CommandFlag;
import io.redoubt.command.CommandSpec;
import io.redoubt.command.Errors;
import io.redoubt.command.Form;
import io.redoubt.command.Gate;
import io.redoubt.command.Session;
import io.redoubt.command.SubcommandHelp;
import io.redoubt.resp.Reply;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/** AUTH, HELLO and ACL. */
public final class AclCommands extends CommandFamily {
    private static final int GENPASS_BITS_MAX = 4096;
    private static final int LOG_COUNT_DEFAULT = 10;
    private static final byte[] OPEN_DEFAULT = Errors.line("ERR AUTH <password> called without any password configured"
            + " for the default user. Are you sure your configuration is correct?");
    private static final byte[] HELLO_NO_AUTH = Errors.line("NOAUTH HELLO must be called with the client already"
            + " authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and"
            + " select the RESP protocol version at the same time");
    private static final byte[] BAD_PROTOCOL = Errors.line("ERR Protocol version is not an integer or out of range");
    private static final byte[] NO_PROTOCOL = Errors.line("NOPROTO unsupported protocol version");
    private static final byte[] BAD_NAME =
            Errors.line("ERR Client names cannot contain spaces, newlines or special characters.");
    private static final byte[] GENPASS_BITS = Errors.line("ERR ACL GENPASS argument must be the number of bits for the"
            + " output password, a positive number up to 4096");
    private static final byte[] NO_FILE =
            Errors.line("ERR This Redis instance is not configured to use an ACL file. You"
                    + " may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE"
                    + " (assuming you have"
                    + " a Redis configuration file set) in order to store users in the Redis configuration.");
    private static final byte[] NOT_SAVED = Errors.line(
            "ERR There was an error trying to save the ACLs. Please check the server logs for more information");
    private static final String[] HELP = {
        "CAT [<category>]",
        "    List the categories, or the commands of one.",
        "DELUSER <username> [<username> ...]",
        "    Delete users and end their connections.",
        "DRYRUN <username> <command> [<arg> ...]",
        "    Tell whether a user may run a command, without running it.",
        "GENPASS [<bits>]",
        "    Make a random password of 256 bits, or of as many as given.",
        "GETUSER <username>",
        "    Show what a user may do.",
        "LIST",
        "    Show all users as lines of a configuration file.",
        "LOAD",
        "    Read the users from the ACL file again.",
        "LOG [<count> | RESET]",
        "    Show what was refused lately, or forget it.",
        "SAVE",
        "    Write the users to the ACL file.",
        "SETUSER <username> <attribute> [<attribute> ...]",
        "    Create or change a user.",
        "USERS",
        "    List the names of the users.",
        "WHOAMI",
        "    Tell the name of the user of this connection.",
    };

    /**
     * What the family needs from others.
     *
     * @param version the version that HELLO tells
     * @param role master or replica
     * @param clientInfo the line of CLIENT LIST for a session
     * @param later runs late answers
     * @param log takes warnings about users
     */
    public record Surroundings(
            String version,
            Supplier<String> role,
            Function<Session, String> clientInfo,
            LateAnswers later,
            Consumer<String> log) {}

    /** Runs something later, on a thread that may call {@link Session.Link#resume}. */
    @FunctionalInterface
    public interface LateAnswers {
        void run(Runnable task, long delayMillis);
    }

    private final Surroundings surroundings;
    private final AclGate gate;
    private final Login login;

    public AclCommands(AclGate gate, Surroundings surroundings) {
        super("server");
        this.gate = gate;
        this.surroundings = surroundings;
        login = new Login(gate.users(), gate.log(), surroundings.clientInfo, surroundings.later);
    }

    private Users users() {
        return gate.users();
    }

    // ---- AUTH and HELLO ----

    final CommandSpec auth = command("AUTH")
            .group("connection")
            .arity(-2)
            .since("1.0.0")
            .complexity("O(N), N = passwords of the user")
            .summary("Logs the connection in.")
            .history("6.0.0", "Takes a user name.")
            .flags(
                    CommandFlag.NOSCRIPT,
                    CommandFlag.LOADING,
                    CommandFlag.STALE,
                    CommandFlag.FAST,
                    CommandFlag.NO_AUTH,
                    CommandFlag.ALLOW_BUSY,
                    CommandFlag.SECRET_ARGUMENTS)
            .categories(Category.CONNECTION)
            .args(ArgSpec.string("username").optional().since("6.0.0"), ArgSpec.string("password"))
            .handler(this::auth);

    private void auth(Call call) {
        if (call.argCount() > 3) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        boolean hasName = call.argCount() == 3;
        if (!hasName && users().defaultUser().hasNoPassword()) {
            call.reply().error(OPEN_DEFAULT);
            return;
        }
        String name = hasName ? call.args().text(1) : User.DEFAULT;
        switch (login.login(call, name, call.args().bytes(hasName ? 2 : 1))) {
            case SUCCESS -> call.reply().ok();
            case WRONG -> call.reply().error(Login.WRONG_PASSWORD);
            case LATE -> {
                // The answer comes by itself.
            }
        }
    }

    final CommandSpec hello = command("HELLO")
            .group("connection")
            .arity(-1)
            .since("6.0.0")
            .complexity("O(1)")
            .summary("Chooses the protocol, and may log in and name the connection.")
            .history("6.2.0", "The protocol version may be left out.")
            .flags(
                    CommandFlag.NOSCRIPT,
                    CommandFlag.LOADING,
                    CommandFlag.STALE,
                    CommandFlag.FAST,
                    CommandFlag.NO_AUTH,
                    CommandFlag.ALLOW_BUSY,
                    CommandFlag.SECRET_ARGUMENTS)
            .categories(Category.CONNECTION)
            .args(ArgSpec.block(
                            "arguments",
                            ArgSpec.integer("protover"),
                            ArgSpec.block("username_password", ArgSpec.string("username"), ArgSpec.string("password"))
                                    .token("AUTH")
                                    .optional(),
                            ArgSpec.string("clientname").token("SETNAME").optional())
                    .optional())
            .handler(this::hello);

    private void hello(Call call) {
        var session = call.session();
        long protocol = 0;
        if (call.argCount() > 1) {
            if (!call.parseLong(1, BAD_PROTOCOL)) {
                return;
            }
            protocol = call.parsed();
            if (protocol < 2 || protocol > 3) {
                call.reply().error(NO_PROTOCOL);
                return;
            }
        }
        int nameArg = 0;
        for (int i = 2; i < call.argCount(); i++) {
            int more = call.argCount() - 1 - i;
            if (call.argIs(i, "AUTH") && more >= 2) {
                var result =
                        login.login(call, call.args().text(i + 1), call.args().bytes(i + 2));
                if (result != Login.Result.SUCCESS) {
                    if (result == Login.Result.WRONG) {
                        call.reply().error(Login.WRONG_PASSWORD);
                    }
                    return;
                }
                i += 2;
            } else if (call.argIs(i, "SETNAME") && more >= 1) {
                nameArg = i + 1;
                if (!isClientName(call.args(), nameArg)) {
                    call.reply().error(BAD_NAME);
                    return;
                }
                i++;
            } else {
                error(call, "ERR Syntax error in HELLO option '" + call.args().text(i) + "'");
                return;
            }
        }
        if (!session.isAuthenticated()) {
            call.reply().error(HELLO_NO_AUTH);
            return;
        }
        if (nameArg > 0) {
            session.setName(call.args().bytes(nameArg));
        }
        if (protocol > 0) {
            session.setProtocol((int) protocol);
            call.reply().setProtocol((int) protocol);
        }
        replyHello(call.reply(), session);
    }

    private static boolean isClientName(Args args, int arg) {
        for (int i = 0; i < args.length(arg); i++) {
            byte c = args.buffer()[args.start(arg) + i];
            if (c < '!' || c > '~') {
                return false;
            }
        }
        return true;
    }

    private void replyHello(Reply reply, Session session) {
        reply.mapHeader(7);
        reply.bulk("server");
        reply.bulk("redis");
        reply.bulk("version");
        reply.bulk(surroundings.version);
        reply.bulk("proto");
        reply.integer(session.protocol());
        reply.bulk("id");
        reply.integer(session.id());
        reply.bulk("mode");
        reply.bulk("standalone");
        reply.bulk("role");
        reply.bulk(surroundings.role.get());
        reply.bulk("modules");
        reply.emptyArray();
    }

    // ---- ACL ----

    final CommandSpec acl = command("ACL")
            .arity(-2)
            .since("6.0.0")
            .complexity("Depends on subcommand.")
            .summary("Holds the commands about users and what they may do.");

    /** Declares a subcommand that every user may have. */
    private CommandSpec open(String name) {
        return subcommand(acl, name).flags(CommandFlag.NOSCRIPT, CommandFlag.LOADING, CommandFlag.STALE);
    }

    /** Declares a subcommand for administrators. */
    private CommandSpec admin(String name) {
        return open(name).flags(CommandFlag.ADMIN);
    }

    final CommandSpec cat = open("CAT")
            .arity(-2)
            .since("6.0.0")
            .complexity("O(1), the categories and commands are a fixed set")
            .summary("Lists the categories of commands, or the commands of one.")
            .args(ArgSpec.string("categoryname").optional())
            .handler(this::cat);

    private void cat(Call call) {
        var reply = call.reply();
        if (call.argCount() > 3) {
            wrongArguments(call);
            return;
        }
        if (call.argCount() == 2) {
            reply.arrayHeader(Category.values().length);
            for (var category : Category.values()) {
                reply.bulk(category.word());
            }
            return;
        }
        var category = Category.of(call.args().text(2));
        if (category == null) {
            error(call, "ERR Unknown category '" + call.args().text(2) + "'");
            return;
        }
        int mark = reply.beginArray();
        long count = 0;
        for (var spec : users().sets().table().all()) {
            if (spec.categories().contains(category)) {
                reply.bulk(spec.fullNameBytes());
                count++;
            }
        }
        reply.endArray(mark, count);
    }

    final CommandSpec deluser = admin("DELUSER")
            .arity(-3)
            .since("6.0.0")
            .complexity("O(1) for each user and connection")
            .summary("Deletes users and ends their connections.")
            .flags(CommandFlag.EXCLUSIVE)
            .args(ArgSpec.string("username").multiple())
            .handler(this::deluser);

    private void deluser(Call call) {
        try {
            call.reply().integer(users().delete(texts(call, 2), call.session()));
        } catch (AclException e) {
            error(call, "ERR " + e.text());
        }
    }

    final CommandSpec dryrun = admin("DRYRUN")
            .arity(-4)
            .since("7.0.0")
            .complexity("O(1)")
            .summary("Tells whether a user may run a command, without running it.")
            .flags(CommandFlag.SECRET_ARGUMENTS)
            .args(
                    ArgSpec.string("username"),
                    ArgSpec.string("command"),
                    ArgSpec.string("arg").optional().multiple())
            .handler(this::dryrun);

    private void dryrun(Call call) {
        var args = new Args();
        args.setFrom(call.args(), 3);
        String name = call.args().text(2);
        var user = users().find(name);
        if (user == null) {
            error(call, "ERR User '" + name + "' not found");
            return;
        }
        var spec = users().sets().table().known(args);
        if (spec == null) {
            error(call, "ERR Command '" + args.text(0) + "' not found");
            return;
        }
        if (!spec.accepts(args.count())) {
            error(call, "ERR wrong number of arguments for '" + spec.fullName() + "' command");
            return;
        }
        var form = new Form();
        spec.parse(args, form);
        boolean isStrict = users().settings().strict();
        if (!isStrict) {
            form.readsAnyKey = false; // Redis does not look at SORT's BY and GET here.
        }
        int verdict = spec.has(CommandFlag.NO_AUTH) ? Gate.ALLOWED : gate.check(user, spec, args, form, 0);
        if (verdict == Gate.ALLOWED) {
            call.reply().ok();
            return;
        }
        call.reply().bulk(Text.bytes(dryrunText(user, spec, args, verdict, isStrict)));
    }

    private String dryrunText(User user, CommandSpec spec, Args args, int verdict, boolean isStrict) {
        String who = isStrict ? "User " + user.name() : "This user";
        int arg = verdict >>> 8;
        return switch (verdict & 0xff) {
            case Gate.DENIED_DATABASE ->
                arg == 0
                        ? who + " has no permissions to access all databases"
                        : who + " has no permissions to access database " + (arg - 1);
            case Gate.DENIED_KEY ->
                arg == 0
                        ? gate.explain(user.name(), spec, verdict)
                        : who + " has no permissions to access the '" + args.text(arg) + "' key";
            case Gate.DENIED_CHANNEL -> who + " has no permissions to access the '" + args.text(arg) + "' channel";
            default -> who + " has no permissions to run the '" + spec.fullName() + "' command";
        };
    }

    final CommandSpec genpass = open("GENPASS")
            .arity(-2)
            .since("6.0.0")
            .complexity("O(1)")
            .summary("Makes a random password.")
            .args(ArgSpec.integer("bits").optional())
            .handler(this::genpass);

    private void genpass(Call call) {
        long bits = 256;
        if (call.argCount() > 3) {
            wrongArguments(call);
            return;
        }
        if (call.argCount() == 3) {
            if (!call.parseLong(2)) {
                return;
            }
            bits = call.parsed();
            if (bits <= 0 || bits > GENPASS_BITS_MAX) {
                call.reply().error(GENPASS_BITS);
                return;
            }
        }
        int digits = (int) (bits + 3) / 4;
        var bytes = new byte[(digits + 1) / 2];
        new SecureRandom().nextBytes(bytes); // Made when asked for: the first one takes long to load.
        call.reply().bulk(HexFormat.of().formatHex(bytes).substring(0, digits));
    }

    final CommandSpec getuser = admin("GETUSER")
            .arity(3)
            .since("6.0.0")
            .complexity("O(N), N = rules of the user")
            .summary("Shows what a user may do.")
            .history("6.2.0", "Shows channel patterns.")
            .history("7.0.0", "Shows selectors; keys and channels are texts of rules.")
            .args(ArgSpec.string("username"))
            .handler(this::getuser);

    private void getuser(Call call) {
        var reply = call.reply();
        var user = users().find(call.args().text(2));
        if (user == null) {
            reply.nil();
            return;
        }
        var rules = user.rules();
        boolean showsDatabases = rules.saysDatabases();
        reply.mapHeader(showsDatabases ? 7 : 6);
        reply.bulk("flags");
        var flags = rules.flags();
        reply.setHeader(flags.size());
        flags.forEach(reply::bulk);
        reply.bulk("passwords");
        reply.arrayHeader(rules.passwords().size());
        rules.passwords().forEach(reply::bulk);
        writeSelector(reply, rules.root(), showsDatabases);
        reply.bulk("selectors");
        reply.arrayHeader(rules.selectors().size());
        for (var selector : rules.selectors()) {
            reply.mapHeader(showsDatabases ? 4 : 3);
            writeSelector(reply, selector, showsDatabases);
        }
    }

    private void writeSelector(Reply reply, SelectorRules selector, boolean showsDatabases) {
        reply.bulk("commands");
        reply.bulk(Text.bytes(selector.commandsText(users().settings().strict())));
        reply.bulk("keys");
        reply.bulk(Text.bytes(selector.keysText()));
        reply.bulk("channels");
        reply.bulk(Text.bytes(selector.channelsText()));
        if (showsDatabases) {
            reply.bulk("databases");
            reply.bulk(selector.databases().shown());
        }
    }

    final CommandSpec help = subcommand(acl, "HELP")
            .arity(2)
            .since("6.0.0")
            .complexity("O(1)")
            .summary("Explains the subcommands.")
            .flags(CommandFlag.LOADING, CommandFlag.STALE)
            .handler(AclCommands::help);

    private static void help(Call call) {
        SubcommandHelp.reply(call.reply(), "ACL", HELP);
    }

    final CommandSpec list = admin("LIST")
            .arity(2)
            .since("6.0.0")
            .complexity("O(N), N = users")
            .summary("Shows all users as lines of a configuration file.")
            .handler(this::list);

    private void list(Call call) {
        var all = users().all();
        call.reply().arrayHeader(all.size());
        all.forEach(user -> call.reply().bulk(Text.bytes(user.rules().line())));
    }

    final CommandSpec load = admin("LOAD")
            .arity(2)
            .since("6.0.0")
            .complexity("O(N), N = users")
            .summary("Reads the users from the ACL file again.")
            .flags(CommandFlag.EXCLUSIVE)
            .handler(this::load);

    private void load(Call call) {
        if (users().file() == null) {
            call.reply().error(NO_FILE);
            return;
        }
        try {
            users().load(call.session()).forEach(surroundings.log);
            call.reply().ok();
        } catch (AclException e) {
            error(call, "ERR " + e.text());
        }
    }

    final CommandSpec log = admin("LOG")
            .arity(-2)
            .since("6.0.0")
            .complexity("O(N), N = entries shown")
            .summary("Shows what was refused lately, or forgets it.")
            .args(ArgSpec.oneOf("operation", ArgSpec.integer("count"), ArgSpec.word("reset", "RESET"))
                    .optional())
            .handler(this::log);

    private void log(Call call) {
        long count = LOG_COUNT_DEFAULT;
        if (call.argCount() > 3) {
            wrongArguments(call);
            return;
        }
        if (call.argCount() == 3) {
            if (call.argIs(2, "RESET")) {
                gate.log().reset();
                call.reply().ok();
                return;
            }
            if (!call.parseLong(2)) {
                return;
            }
            count = call.parsed();
        }
        gate.log().write(call.reply(), count, call.nowMillis());
    }

    final CommandSpec save = admin("SAVE")
            .arity(2)
            .since("6.0.0")
            .complexity("O(N), N = users")
            .summary("Writes the users to the ACL file.")
            .handler(this::save);

    private void save(Call call) {
        if (users().file() == null) {
            call.reply().error(NO_FILE);
            return;
        }
        try {
            users().save();
            call.reply().ok();
        } catch (IOException e) {
            surroundings.log.accept("ACL SAVE failed: " + e);
            call.reply().error(NOT_SAVED);
        }
    }

    final CommandSpec setuser = admin("SETUSER")
            .arity(-3)
            .since("6.0.0")
            .complexity("O(N), N = rules given")
            .summary("Creates or changes a user.")
            .history("6.2.0", "Knows channel patterns.")
            .history("7.0.0", "Knows selectors and key patterns with an access.")
            .flags(CommandFlag.EXCLUSIVE, CommandFlag.SECRET_ARGUMENTS)
            .args(ArgSpec.string("username"), ArgSpec.string("rule").optional().multiple())
            .handler(this::setuser);

    private void setuser(Call call) {
        try {
            users().set(call.args().text(2), texts(call, 3), call.session());
            call.reply().ok();
        } catch (AclException e) {
            error(call, "ERR " + e.text());
        }
    }

    final CommandSpec usersCommand = admin("USERS")
            .arity(2)
            .since("6.0.0")
            .complexity("O(N), N = users")
            .summary("Lists the names of the users.")
            .handler(this::listNames);

    private void listNames(Call call) {
        var all = users().all();
        call.reply().arrayHeader(all.size());
        all.forEach(user -> call.reply().bulk(Text.bytes(user.name())));
    }

    final CommandSpec whoami = open("WHOAMI")
            .arity(2)
            .since("6.0.0")
            .complexity("O(1)")
            .summary("Tells the name of the user of this connection.")
            .handler(AclCommands::whoami);

    private static void whoami(Call call) {
        var user = call.session().user();
        if (user == null) {
            call.reply().nil();
        } else {
            call.reply().bulk(Text.bytes(user.name()));
        }
    }

    // ---- Words and errors ----

    private static List<String> texts(Call call, int first) {
        var texts = new ArrayList<String>();
        for (int i = first; i < call.argCount(); i++) {
            texts.add(call.args().text(i));
        }
        return texts;
    }

    private static void wrongArguments(Call call) {
        error(
                call,
                "ERR unknown subcommand or wrong number of arguments for '"
                        + call.args().text(1) + "'. Try ACL HELP.");
    }

    private static void error(Call call, String text) {
        call.reply().error(Text.errorLine(text));
    }
}
