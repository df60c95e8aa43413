package io.redoubt.command;

import static io.redoubt.command.ArgSpec.block;
import static io.redoubt.command.ArgSpec.integer;
import static io.redoubt.command.ArgSpec.oneOf;
import static io.redoubt.command.ArgSpec.string;
import static io.redoubt.command.ArgSpec.word;
import static io.redoubt.command.Category.CONNECTION;
import static io.redoubt.command.CommandFlag.ADMIN;
import static io.redoubt.command.CommandFlag.EXCLUSIVE;
import static io.redoubt.command.CommandFlag.LOADING;
import static io.redoubt.command.CommandFlag.NOSCRIPT;
import static io.redoubt.command.CommandFlag.STALE;

import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** CLIENT: who is connected, what it is called, and what becomes of it. */
public final class ClientCommands extends CommandFamily {
    private static final byte[] INVALID_ID = Errors.line("ERR Invalid client ID");
    private static final byte[] ID_NOT_POSITIVE = Errors.line("ERR client-id should be greater than 0");
    private static final byte[] AGE_NO_INTEGER = Errors.line("ERR maxage is not an integer or out of range");
    private static final byte[] AGE_NOT_POSITIVE = Errors.line("ERR maxage should be greater than 0");
    private static final byte[] NO_SUCH_CLIENT = Errors.line("ERR No such client");
    private static final byte[] BAD_NAME =
            Errors.line("ERR Client names cannot contain spaces, newlines or special characters.");
    private static final byte[] PAUSE_MODE = Errors.line("ERR CLIENT PAUSE mode must be WRITE or ALL");
    private static final byte[] UNBLOCKED = Errors.line("UNBLOCKED client unblocked via CLIENT UNBLOCK");
    private static final byte[] UNBLOCK_REASON = Errors.line("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");

    /** The types that TYPE chooses from. */
    private enum Type {
        NORMAL,
        MASTER,
        REPLICA,
        PUBSUB;

        static Type of(Session session) {
            if (session.isMaster()) {
                return MASTER;
            }
            if (session.isReplica()) {
                return REPLICA;
            }
            return session.subscriptions() == null ? NORMAL : PUBSUB;
        }

        static @Nullable Type at(Args args, int arg) {
            for (var type : values()) {
                if (args.is(arg, type.name())) {
                    return type;
                }
            }
            return args.is(arg, "SLAVE") ? REPLICA : null;
        }
    }

    private final Sessions sessions;
    private final ServerState state;
    private final ClientLine line;
    private final Predicate<String> isUser;

    /**
     * @param state where CLIENT PAUSE leaves its mark
     * @param isUser whether a user of this name exists, each byte one char
     */
    public ClientCommands(Sessions sessions, ServerState state, ClientLine line, Predicate<String> isUser) {
        super("connection");
        this.sessions = sessions;
        this.state = state;
        this.line = line;
        this.isUser = isUser;
    }

    final CommandSpec client = command("CLIENT")
            .arity(-2)
            .since("2.4.0")
            .complexity("Depends on the subcommand.")
            .summary("Holds the commands about client connections.");

    private CommandSpec own(String name) {
        return subcommand(client, name)
                .complexity("O(1)")
                .flags(NOSCRIPT, LOADING, STALE)
                .categories(CONNECTION);
    }

    private CommandSpec admin(String name) {
        return own(name).flags(ADMIN);
    }

    // ---- Who is connected ----

    final CommandSpec id = own("ID")
            .arity(2)
            .since("5.0.0")
            .summary("Answers the number of this connection, which no other ever has.")
            .handler(call -> call.reply().integer(call.session().id()));

    final CommandSpec info = own("INFO")
            .arity(2)
            .since("6.2.0")
            .summary("Describes this connection on one line.")
            .tips("nondeterministic_output")
            .handler(this::info);

    private void info(Call call) {
        replyText(call, line.of(call.session(), call.nowMillis()) + "\n");
    }

    private static void replyText(Call call, String text) {
        call.reply().verbatim("txt", text.getBytes(StandardCharsets.ISO_8859_1));
    }

    final CommandSpec list = admin("LIST")
            .arity(-2)
            .since("2.4.0")
            .complexity("O(N), N = connections")
            .summary("Describes each connection on a line of its own.")
            .tips("nondeterministic_output")
            .history("2.8.12", "Field `id`.")
            .history("5.0.0", "Filter `TYPE`.")
            .history("6.0.0", "Field `user`.")
            .history("6.2.0", "Fields `argv-mem`, `tot-mem`, `laddr` and `redir`, and the filter `ID`.")
            .history("7.0.0", "Fields `resp`, `multi-mem`, `rbs` and `rbp`.")
            .history("7.0.3", "Field `ssub`.")
            .args(
                    oneOf(
                                    "normal_master_replica_pubsub",
                                    word("normal", "NORMAL"),
                                    word("master", "MASTER"),
                                    word("replica", "REPLICA"),
                                    word("pubsub", "PUBSUB"))
                            .token("TYPE")
                            .since("5.0.0")
                            .optional(),
                    block("id", integer("client-id").multiple())
                            .token("ID")
                            .since("6.2.0")
                            .optional())
            .handler(this::list);

    private void list(Call call) {
        var args = call.args();
        var text = new StringBuilder();
        if (call.argCount() == 2) {
            appendAll(text, null, call.nowMillis());
        } else if (call.argCount() == 4 && call.argIs(2, "TYPE")) {
            var type = Type.at(args, 3);
            if (type == null) {
                replyQuoting(call, "ERR Unknown client type '", 3);
                return;
            }
            appendAll(text, type, call.nowMillis());
        } else if (call.argCount() > 3 && call.argIs(2, "ID")) {
            for (int arg = 3; arg < call.argCount(); arg++) {
                if (!call.parseLong(arg, INVALID_ID)) {
                    return;
                }
                var session = sessions.byId(call.parsed());
                if (session != null) {
                    text.append(line.of(session, call.nowMillis())).append('\n');
                }
            }
        } else {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        replyText(call, text.toString());
    }

    private void appendAll(StringBuilder text, @Nullable Type type, long nowMillis) {
        sessions.all().stream()
                .filter(session -> type == null || Type.of(session) == type)
                .sorted(Comparator.comparingLong(Session::id))
                .forEach(session -> text.append(line.of(session, nowMillis)).append('\n'));
    }

    /** Answers an error that ends with an argument in quotes. */
    private static void replyQuoting(Call call, String text, int arg) {
        byte[] bytes = (text + call.args().text(arg) + "'").getBytes(StandardCharsets.ISO_8859_1);
        call.reply().error(bytes, 0, bytes.length);
    }

    // ---- What it is called ----

    final CommandSpec getname = own("GETNAME")
            .arity(2)
            .since("2.6.9")
            .summary("Answers the name of this connection.")
            .handler(ClientCommands::getname);

    private static void getname(Call call) {
        byte[] name = call.session().name();
        if (name.length == 0) {
            call.reply().nil();
        } else {
            call.reply().bulk(name);
        }
    }

    final CommandSpec setname = own("SETNAME")
            .arity(3)
            .since("2.6.9")
            .summary("Names this connection; an empty name takes the name away.")
            .args(string("connection-name"))
            .handler(ClientCommands::setname);

    private static void setname(Call call) {
        if (!isShowable(call.args(), 2)) {
            call.reply().error(BAD_NAME);
            return;
        }
        call.session().setName(call.args().bytes(2));
        call.reply().ok();
    }

    /** Whether an argument can stand in a line of fields: no blanks, nothing but visible ASCII. */
    static boolean isShowable(Args args, int arg) {
        int end = args.start(arg) + args.length(arg);
        for (int i = args.start(arg); i < end; i++) {
            byte c = args.buffer()[i];
            if (c < '!' || c > '~') {
                return false;
            }
        }
        return true;
    }

    final CommandSpec setinfo = own("SETINFO")
            .arity(4)
            .since("7.2.0")
            .summary("Tells which client library this connection uses, and its version.")
            .tips("request_policy:all_nodes", "response_policy:all_succeeded")
            .args(oneOf(
                    "attr",
                    string("libname").token("LIB-NAME"),
                    string("libver").token("LIB-VER")))
            .handler(ClientCommands::setinfo);

    private static void setinfo(Call call) {
        boolean isName = call.argIs(2, "LIB-NAME");
        if (!isName && !call.argIs(2, "LIB-VER")) {
            replyQuoting(call, "ERR Unrecognized option '", 2);
            return;
        }
        if (!isShowable(call.args(), 3)) {
            call.reply()
                    .error("ERR " + call.args().text(2) + " cannot contain spaces, newlines or special characters.");
            return;
        }
        String value = call.args().text(3);
        if (isName) {
            call.session().setLibraryName(value);
        } else {
            call.session().setLibraryVersion(value);
        }
        call.reply().ok();
    }

    // ---- What becomes of it ----

    final CommandSpec kill = admin("KILL")
            .arity(-3)
            .since("2.4.0")
            .complexity("O(N), N = connections")
            .summary("Closes the connections that all filters fit.")
            .history("2.8.12", "Filters beside the address alone.")
            .history("2.8.12", "Filter `ID`.")
            .history("3.2.0", "Type `master`.")
            .history("5.0.0", "Type `replica`, for which `slave` still works.")
            .history("6.2.0", "Filter `LADDR`.")
            .history("7.4.0", "Filter `MAXAGE`.")
            .args(oneOf(
                    "filter",
                    string("ip:port"),
                    oneOf(
                                    "new-format",
                                    integer("client-id")
                                            .token("ID")
                                            .since("2.8.12")
                                            .optional(),
                                    oneOf(
                                                    "normal_master_slave_pubsub",
                                                    word("normal", "NORMAL"),
                                                    word("master", "MASTER").since("3.2.0"),
                                                    word("slave", "SLAVE"),
                                                    word("replica", "REPLICA").since("5.0.0"),
                                                    word("pubsub", "PUBSUB"))
                                            .token("TYPE")
                                            .since("2.8.12")
                                            .optional(),
                                    string("username").token("USER").optional(),
                                    string("ip:port").token("ADDR").optional(),
                                    string("ip:port")
                                            .token("LADDR")
                                            .since("6.2.0")
                                            .optional(),
                                    string("yes/no").token("SKIPME").optional(),
                                    integer("maxage")
                                            .token("MAXAGE")
                                            .since("7.4.0")
                                            .optional())
                            .multiple()))
            .handler(this::kill);

    /** Which connections KILL closes; what is null or 0 fits all. */
    private record KillFilter(
            long id,
            @Nullable Type type,
            @Nullable String user,
            @Nullable String address,
            @Nullable String localAddress,
            long ageSecondsMin) {

        boolean fits(Session session, long nowMillis) {
            return (id == 0 || session.id() == id)
                    && (type == null || Type.of(session) == type)
                    && (user == null || user.equals(ClientLine.userName(session)))
                    && (address == null || address.equals(session.link().remoteAddress()))
                    && (localAddress == null
                            || localAddress.equals(session.link().localAddress()))
                    && (ageSecondsMin == 0 || (nowMillis - session.createdMillis()) / 1000 >= ageSecondsMin);
        }
    }

    private void kill(Call call) {
        var args = call.args();
        if (call.argCount() == 3) {
            var filter = new KillFilter(0, null, null, args.text(2), null, 0);
            if (kill(call, filter, false) > 0) {
                call.reply().ok();
            } else {
                call.reply().error(NO_SUCH_CLIENT);
            }
            return;
        }
        long wantedId = 0;
        Type type = null;
        String user = null;
        String address = null;
        String localAddress = null;
        long age = 0;
        boolean skipsMe = true;
        for (int arg = 2; arg < call.argCount(); arg += 2) {
            int value = arg + 1;
            if (value == call.argCount()) {
                call.reply().error(Errors.SYNTAX);
                return;
            }
            if (call.argIs(arg, "ID")) {
                wantedId = parsePositive(call, value, ID_NOT_POSITIVE, ID_NOT_POSITIVE);
                if (wantedId <= 0) {
                    return;
                }
            } else if (call.argIs(arg, "TYPE")) {
                type = Type.at(args, value);
                if (type == null) {
                    replyQuoting(call, "ERR Unknown client type '", value);
                    return;
                }
            } else if (call.argIs(arg, "ADDR")) {
                address = args.text(value);
            } else if (call.argIs(arg, "LADDR")) {
                localAddress = args.text(value);
            } else if (call.argIs(arg, "USER")) {
                user = args.text(value);
                if (!isUser.test(user)) {
                    replyQuoting(call, "ERR No such user '", value);
                    return;
                }
            } else if (call.argIs(arg, "SKIPME") && (call.argIs(value, "YES") || call.argIs(value, "NO"))) {
                skipsMe = call.argIs(value, "YES");
            } else if (call.argIs(arg, "MAXAGE")) {
                age = parsePositive(call, value, AGE_NO_INTEGER, AGE_NOT_POSITIVE);
                if (age <= 0) {
                    return;
                }
            } else {
                call.reply().error(Errors.SYNTAX);
                return;
            }
        }
        var filter = new KillFilter(wantedId, type, user, address, localAddress, age);
        call.reply().integer(kill(call, filter, skipsMe));
    }

    /** Returns a number above 0, or 0 when there is none and the error is written. */
    private static long parsePositive(Call call, int arg, byte[] noInteger, byte[] notPositive) {
        if (!call.parseLong(arg, noInteger)) {
            return 0;
        }
        if (call.parsed() <= 0) {
            call.reply().error(notPositive);
            return 0;
        }
        return call.parsed();
    }

    private int kill(Call call, KillFilter filter, boolean skipsMe) {
        int killed = 0;
        for (var session : sessions.all()) {
            if (skipsMe && session == call.session() || !filter.fits(session, call.nowMillis())) {
                continue;
            }
            killed++;
            if (session == call.session()) {
                session.setClosing(); // Who kills itself still gets the reply.
            } else {
                session.link().close();
            }
        }
        return killed;
    }

    final CommandSpec unblock = admin("UNBLOCK")
            .arity(-3)
            .since("5.0.0")
            .summary("Ends the wait of a client that a blocking command holds.")
            .flags(EXCLUSIVE) // So that nobody is being served.
            .args(
                    integer("client-id"),
                    oneOf("timeout_error", word("timeout", "TIMEOUT"), word("error", "ERROR"))
                            .optional())
            .handler(this::unblock);

    private void unblock(Call call) {
        if (call.argCount() > 4) {
            replyWrongCount(call);
            return;
        }
        if (call.argCount() == 4 && !call.argIs(3, "TIMEOUT") && !call.argIs(3, "ERROR")) {
            call.reply().error(UNBLOCK_REASON);
            return;
        }
        if (!call.parseLong(2)) {
            return;
        }
        var target = sessions.byId(call.parsed());
        var waiter = target == null ? null : target.waiter();
        boolean isError = call.argCount() == 4 && call.argIs(3, "ERROR");
        boolean isUnblocked = waiter != null && (isError ? waiter.endWithError(UNBLOCKED) : waiter.endWithNothing());
        call.reply().integer(isUnblocked ? 1 : 0);
    }

    private static void replyWrongCount(Call call) {
        call.reply()
                .error("ERR unknown subcommand or wrong number of arguments for '"
                        + call.args().text(1) + "'. Try CLIENT HELP.");
    }

    final CommandSpec pause = admin("PAUSE")
            .arity(-3)
            .since("2.9.50")
            .summary("Lets all clients, or those that write, wait for some time.")
            .flags(EXCLUSIVE)
            .history("6.2.0", "Mode `WRITE`.")
            .args(
                    integer("timeout"),
                    oneOf("mode", word("write", "WRITE"), word("all", "ALL"))
                            .since("6.2.0")
                            .optional())
            .handler(this::pause);

    private void pause(Call call) {
        if (call.argCount() > 4) {
            replyWrongCount(call);
            return;
        }
        boolean onlyWrites = call.argCount() == 4 && call.argIs(3, "WRITE");
        if (call.argCount() == 4 && !onlyWrites && !call.argIs(3, "ALL")) {
            call.reply().error(PAUSE_MODE);
            return;
        }
        if (!call.parseLong(2, Errors.TIMEOUT_NO_INTEGER)) {
            return;
        }
        long millis = call.parsed();
        if (millis < 0) {
            call.reply().error(Errors.TIMEOUT_NEGATIVE);
            return;
        }
        long until = call.nowMillis() > Long.MAX_VALUE - millis ? Long.MAX_VALUE : call.nowMillis() + millis;
        state.pause(ServerState.Pause.CLIENT, until, !onlyWrites);
        call.reply().ok();
    }

    final CommandSpec unpause = admin("UNPAUSE")
            .arity(2)
            .since("6.2.0")
            .complexity("O(N), N = clients that wait")
            .summary("Ends a pause.")
            .flags(EXCLUSIVE)
            .handler(this::unpause);

    private void unpause(Call call) {
        state.unpause(ServerState.Pause.CLIENT);
        call.reply().ok();
    }

    // ---- How it is treated ----

    final CommandSpec reply = own("REPLY")
            .arity(3)
            .since("3.2.0")
            .summary("Says whether commands of this connection are answered.")
            .args(oneOf("on_off_skip", word("on", "ON"), word("off", "OFF"), word("skip", "SKIP")))
            .handler(ClientCommands::reply);

    private static void reply(Call call) {
        var session = call.session();
        if (call.argIs(2, "ON")) {
            session.setReplyMode(Session.ReplyMode.ON);
            call.reply().ok();
        } else if (call.argIs(2, "OFF")) {
            session.setReplyMode(Session.ReplyMode.OFF);
        } else if (call.argIs(2, "SKIP")) {
            if (session.replyMode() != Session.ReplyMode.OFF) {
                session.setReplyMode(Session.ReplyMode.SKIP_NEXT);
            }
        } else {
            call.reply().error(Errors.SYNTAX);
        }
    }

    final CommandSpec noEvict = admin("NO-EVICT")
            .arity(3)
            .since("7.0.0")
            .summary("Says whether this connection is spared when memory for clients runs out.")
            .args(oneOf("enabled", word("on", "ON"), word("off", "OFF")))
            .handler(ClientCommands::noEvict);

    private static void noEvict(Call call) {
        if (isSwitch(call)) {
            call.session().setNoEvict(call.argIs(2, "ON"));
            call.reply().ok();
        }
    }

    /** Whether the argument is ON or OFF; if not, the error is written. */
    private static boolean isSwitch(Call call) {
        if (call.argIs(2, "ON") || call.argIs(2, "OFF")) {
            return true;
        }
        call.reply().error(Errors.SYNTAX);
        return false;
    }

    final CommandSpec noTouch = own("NO-TOUCH")
            .arity(3)
            .since("7.2.0")
            .summary("Says whether reads by this connection leave LRU and LFU of keys alone.")
            .args(oneOf("enabled", word("on", "ON"), word("off", "OFF")))
            .handler(ClientCommands::noTouch);

    private static void noTouch(Call call) {
        if (isSwitch(call)) {
            call.session().setNoTouch(call.argIs(2, "ON"));
            call.reply().ok();
        }
    }

    // ---- Tracking, which is always off ----

    final CommandSpec getredir = own("GETREDIR")
            .arity(2)
            .since("6.0.0")
            .summary("Answers which connection gets the invalidations of this one; -1 without tracking.")
            .handler(call -> call.reply().integer(-1));

    final CommandSpec trackinginfo = own("TRACKINGINFO")
            .arity(2)
            .since("6.2.0")
            .summary("Describes how keys that this connection reads are tracked.")
            .handler(ClientCommands::trackinginfo);

    private static void trackinginfo(Call call) {
        var out = call.reply();
        out.mapHeader(3);
        out.bulk("flags");
        out.setHeader(1);
        out.bulk("off");
        out.bulk("redirect");
        out.integer(-1);
        out.bulk("prefixes");
        out.emptyArray();
    }

    final CommandSpec help = subcommand(client, "HELP")
            .arity(2)
            .since("5.0.0")
            .complexity("O(1)")
            .summary("Explains the subcommands.")
            .flags(LOADING, STALE)
            .categories(CONNECTION)
            .handler(ClientCommands::help);

    private static void help(Call call) {
        SubcommandHelp.reply(
                call.reply(),
                "CLIENT",
                "GETNAME",
                "    Answer the name of this connection.",
                "GETREDIR",
                "    Answer the ID of the connection that gets our invalidations.",
                "ID",
                "    Answer the ID of this connection.",
                "INFO",
                "    Describe this connection.",
                "KILL <ip:port>",
                "    Close the connection from this address.",
                "KILL <filter> <value> [<filter> <value> ...]",
                "    Close the connections that all filters fit:",
                "    * ID <client-id>",
                "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
                "    * USER <username>",
                "    * ADDR (<ip:port>|<unix socket>:0)",
                "    * LADDR (<ip:port>|<unix socket>:0)",
                "    * MAXAGE <seconds>",
                "    * SKIPME (YES|NO), YES unless given",
                "LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB) | ID <client-id> [<client-id> ...]]",
                "    Describe connections, one on a line.",
                "NO-EVICT (ON|OFF)",
                "    Spare this connection when memory for clients runs out.",
                "NO-TOUCH (ON|OFF)",
                "    Read without changing the LRU or LFU of keys.",
                "PAUSE <milliseconds> [WRITE|ALL]",
                "    Let all clients, or those that write, wait.",
                "REPLY (ON|OFF|SKIP)",
                "    Answer all commands, none, or all but the next.",
                "SETINFO (LIB-NAME|LIB-VER) <value>",
                "    Tell which client library this connection uses.",
                "SETNAME <name>",
                "    Name this connection.",
                "TRACKINGINFO",
                "    Describe how keys are tracked for this connection.",
                "UNBLOCK <client-id> [TIMEOUT|ERROR]",
                "    End the wait of a client.",
                "UNPAUSE",
                "    End a pause.");
    }
}
