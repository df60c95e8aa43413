package io.redoubt.command;

import static io.redoubt.command.ArgSpec.integer;
import static io.redoubt.command.ArgSpec.string;
import static io.redoubt.command.Category.CONNECTION;
import static io.redoubt.command.CommandFlag.ALLOW_BUSY;
import static io.redoubt.command.CommandFlag.FAST;
import static io.redoubt.command.CommandFlag.LOADING;
import static io.redoubt.command.CommandFlag.NOSCRIPT;
import static io.redoubt.command.CommandFlag.NOT_QUEUED;
import static io.redoubt.command.CommandFlag.NO_AUTH;
import static io.redoubt.command.CommandFlag.STALE;
import static io.redoubt.command.CommandFlag.WHILE_SUBSCRIBED;

import io.redoubt.resp.Decimal;
import java.nio.charset.StandardCharsets;

/** Commands about the connection itself, CLIENT apart. */
public final class ConnectionCommands extends CommandFamily {
    private static final byte[] SUBSCRIBED_PONG = "pong".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] NOTHING = {};
    private static final byte[] RESET_DONE = "+RESET\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] PING_ARITY = Errors.line("ERR wrong number of arguments for 'ping' command");
    private static final byte[] NO_CLUSTER = Errors.line("ERR This instance has cluster support disabled");
    private static final byte[] NOT_AN_INT =
            Errors.line("ERR value is out of range, value must between -2147483648 and 2147483647");
    private static final byte[] NOT_A_NORMAL_CLIENT = Errors.line("ERR can only reset normal client connections");

    private final Gate gate;
    private final int databaseCount;

    public ConnectionCommands(Gate gate, int databaseCount) {
        super("connection");
        this.gate = gate;
        this.databaseCount = databaseCount;
    }

    final CommandSpec ping = command("PING")
            .arity(-1)
            .since("1.0.0")
            .complexity("O(1)")
            .summary("Answers PONG, or the message that it was given.")
            .flags(FAST, WHILE_SUBSCRIBED)
            .categories(CONNECTION)
            .tips("request_policy:all_shards", "response_policy:all_succeeded")
            .args(string("message").optional())
            .handler(ConnectionCommands::ping);

    private static void ping(Call call) {
        if (call.argCount() <= 2 && call.session().isInSubscribedMode()) {
            call.reply().arrayHeader(2);
            call.reply().bulk(SUBSCRIBED_PONG);
            if (call.argCount() == 2) {
                echo(call);
            } else {
                call.reply().bulk(NOTHING);
            }
            return;
        }
        switch (call.argCount()) {
            case 1 -> call.reply().pong();
            case 2 -> echo(call);
            default -> call.reply().error(PING_ARITY);
        }
    }

    final CommandSpec echo = command("ECHO")
            .arity(2)
            .since("1.0.0")
            .complexity("O(1)")
            .summary("Answers the message that it was given.")
            .flags(LOADING, STALE, FAST)
            .categories(CONNECTION)
            .args(string("message"))
            .handler(ConnectionCommands::echo);

    private static void echo(Call call) {
        var args = call.args();
        call.reply().bulk(args.buffer(), args.start(1), args.length(1));
    }

    final CommandSpec select = command("SELECT")
            .arity(2)
            .since("1.0.0")
            .complexity("O(1)")
            .summary("Chooses the database that later commands of this connection act in.")
            .flags(LOADING, STALE, FAST)
            .categories(CONNECTION)
            .args(integer("index"))
            .form(this::parseSelect)
            .handler(ConnectionCommands::select);

    private void parseSelect(Args args, Form form) {
        long index = Decimal.parseLong(args.buffer(), args.start(1), args.length(1), Long.MIN_VALUE);
        if (index == Long.MIN_VALUE && !Decimal.isLong(args.buffer(), args.start(1), args.length(1))) {
            form.error = Errors.NOT_AN_INTEGER;
        } else if (index != (int) index) {
            form.error = NOT_AN_INT;
        } else if (index < 0 || index >= databaseCount) {
            form.error = Errors.DB_INDEX;
        } else {
            form.options = index;
            form.addDatabase((int) index);
        }
    }

    private static void select(Call call) {
        call.session().select((int) call.form().options);
        call.reply().ok();
    }

    final CommandSpec quit = command("QUIT")
            .arity(-1)
            .since("1.0.0")
            .complexity("O(1)")
            .summary("Closes the connection once all replies are sent.")
            .flags(NOSCRIPT, LOADING, STALE, FAST, NO_AUTH, ALLOW_BUSY, WHILE_SUBSCRIBED, NOT_QUEUED)
            .categories(CONNECTION)
            .handler(ConnectionCommands::quit);

    private static void quit(Call call) {
        call.reply().ok();
        call.session().setClosing();
    }

    final CommandSpec reset = command("RESET")
            .arity(1)
            .since("6.2.0")
            .complexity("O(1)")
            .summary("Makes the connection what it was when it was new, its user included.")
            .flags(NOSCRIPT, LOADING, STALE, FAST, NO_AUTH, ALLOW_BUSY, WHILE_SUBSCRIBED, NOT_QUEUED)
            .categories(CONNECTION)
            .handler(this::reset);

    private void reset(Call call) {
        var session = call.session();
        if (session.isReplica() || session.isMaster()) {
            call.reply().error(NOT_A_NORMAL_CLIENT);
            return;
        }
        session.reset();
        session.setCredential("");
        session.setUser(gate.initialUser(session));
        call.reply().setProtocol(session.protocol());
        call.reply().simple(RESET_DONE);
    }

    final CommandSpec readonly = command("READONLY")
            .arity(1)
            .since("3.0.0")
            .group("cluster")
            .complexity("O(1)")
            .summary("Lets this connection read from a replica of a cluster.")
            .flags(LOADING, STALE, FAST)
            .categories(CONNECTION)
            .handler(ConnectionCommands::needCluster);

    final CommandSpec readwrite = command("READWRITE")
            .arity(1)
            .since("3.0.0")
            .group("cluster")
            .complexity("O(1)")
            .summary("Ends what READONLY began.")
            .flags(LOADING, STALE, FAST)
            .categories(CONNECTION)
            .handler(ConnectionCommands::needCluster);

    final CommandSpec asking = command("ASKING")
            .arity(1)
            .since("3.0.0")
            .group("cluster")
            .complexity("O(1)")
            .summary("Announces a request that follows an ASK redirection of a cluster.")
            .flags(FAST)
            .categories(CONNECTION)
            .handler(ConnectionCommands::needCluster);

    static void needCluster(Call call) {
        call.reply().error(NO_CLUSTER);
    }
}
