package io.redoubt.access;

import io.redoubt.command.Args;
import io.redoubt.command.Call;
import io.redoubt.command.Category;
import io.redoubt.command.CommandFamily;
import io.redoubt.command.CommandFlag;
import io.redoubt.command.CommandObserver;
import io.redoubt.command.CommandSpec;
import io.redoubt.command.CommandTable;
import io.redoubt.command.Dispatcher;
import io.redoubt.command.Form;
import io.redoubt.command.Gate;
import io.redoubt.command.GeoCommands;
import io.redoubt.command.HyperLogLogCommands;
import io.redoubt.command.KeyCommands;
import io.redoubt.command.KeySpec;
import io.redoubt.command.ServerState;
import io.redoubt.command.Session;
import io.redoubt.command.SetCommands;
import io.redoubt.command.StreamGroupCommands;
import io.redoubt.command.StringCommands;
import io.redoubt.command.StubLink;
import io.redoubt.command.ZSetCommands;
import io.redoubt.log.EffectStream;
import io.redoubt.resp.Decimal;
import io.redoubt.resp.Reply;
import io.redoubt.resp.RequestParser;
import io.redoubt.store.Keyspace;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Users, the gate and commands without sockets: real string and key commands, stand-ins for the rest. */
final class AccessFixture {
    final List<Session> sessions = new ArrayList<>();
    final Users users;
    final AclLog log;
    final AclGate gate;
    final CommandTable table;
    final List<Runnable> later = new ArrayList<>();
    final List<String> warnings = new ArrayList<>();
    private final Keyspace keyspace;
    private final Dispatcher dispatcher;
    long nowMillis = 1_700_000_000_000L;

    AccessFixture(AccessSettings settings) {
        users = new Users(settings, () -> sessions);
        log = new AclLog(settings.strict());
        gate = new AclGate(users, log, session -> "id=" + session.id(), () -> nowMillis);
        keyspace = new Keyspace(new Keyspace.Layout(1, 1, 16, 1 << 16), 1, 2, new EffectStream());
        table = new CommandTable(
                List.of(
                        new SetCommands(),
                        new ZSetCommands(),
                        new GeoCommands(),
                        new HyperLogLogCommands(() -> 3000),
                        new StringCommands(() -> 1L << 29),
                        new StreamGroupCommands(),
                        new KeyCommands(gate, 16, () -> false),
                        new OtherCommands(),
                        new AclCommands(
                                gate,
                                new AclCommands.Surroundings(
                                        "7.0.15",
                                        () -> "master",
                                        session -> "id=" + session.id(),
                                        (task, delay) -> later.add(task),
                                        warnings::add))),
                Map.of(),
                1);
        users.useCommands(table);
        dispatcher = new Dispatcher(
                new Dispatcher.Shared(table, gate, new ServerState(), keyspace, CommandObserver.NONE), 0);
    }

    static AccessFixture strict() {
        return new AccessFixture(AccessSettings.STRICT);
    }

    static AccessFixture redis() {
        return new AccessFixture(AccessSettings.REDIS);
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Sets a user by rules in one string. */
    void setUser(String name, String rules) {
        try {
            users.set(name, List.of(rules.split(" ")), null);
        } catch (AclException e) {
            throw new IllegalArgumentException(e);
        }
    }

    User user(String name) {
        var user = users.find(name);
        if (user == null) {
            throw new IllegalArgumentException(name);
        }
        return user;
    }

    String line(String name) {
        return user(name).rules().line();
    }

    CommandSpec spec(Args args) {
        var spec = table.find(args.buffer(), args.start(0), args.length(0));
        if (spec != null && spec.isContainer()) {
            spec = spec.subcommandAt(args, 1);
        }
        if (spec == null) {
            throw new IllegalArgumentException(args.text(0));
        }
        return spec;
    }

    /** Judges a request of a user; returns allowed, command, database, key or channel. */
    String verdict(String name, int database, String request) {
        return verdict(user(name), database, request);
    }

    String verdict(User user, int database, String request) {
        var args = new Args();
        args.set(Arrays.stream(request.split(" ")).map(AccessFixture::bytes).toArray(byte[][]::new));
        var form = new Form();
        var spec = spec(args);
        spec.parse(args, form);
        return switch (gate.check(user, spec, args, form, database) & 0xff) {
            case Gate.ALLOWED -> "allowed";
            case Gate.DENIED_COMMAND -> "command";
            case Gate.DENIED_DATABASE -> "database";
            case Gate.DENIED_KEY -> "key";
            default -> "channel";
        };
    }

    Client connect() {
        return connect("127.0.0.1:50000", true);
    }

    Client connect(String address, boolean isLocal) {
        return new Client(address, isLocal);
    }

    /** A connection without a socket. */
    final class Client extends StubLink {
        final Session session;
        private final String address;
        private final boolean isLocal;
        boolean isClosed;
        boolean isSuspended;
        private final Reply reply = new Reply();

        private Client(String address, boolean isLocal) {
            this.address = address;
            this.isLocal = isLocal;
            session = new Session(sessions.size() + 1, this, nowMillis);
            session.setUser(gate.initialUser(session));
            session.setAclGeneration(gate.generation());
            sessions.add(session);
        }

        /** Runs a request; returns its reply on one line: each CRLF is a blank, and the last is left out. */
        String send(String... arguments) {
            var out = new ByteArrayOutputStream();
            out.writeBytes(bytes("*" + arguments.length + "\r\n"));
            for (var argument : arguments) {
                out.writeBytes(bytes("$" + argument.length() + "\r\n" + argument + "\r\n"));
            }
            byte[] request = out.toByteArray();
            var parser = new RequestParser();
            if (parser.parse(request, 0, request.length) != RequestParser.COMPLETE) {
                throw new IllegalArgumentException("no complete request");
            }
            reply.reset();
            dispatcher.enter();
            try {
                dispatcher.run(session, parser, reply, nowMillis);
            } finally {
                dispatcher.leave();
            }
            return written();
        }

        String written() {
            String raw = new String(reply.bytes(), StandardCharsets.ISO_8859_1);
            return raw.endsWith("\r\n") ? raw.substring(0, raw.length() - 2).replace("\r\n", " ") : raw;
        }

        /** Runs a request whose words have no blanks. */
        String line(String request) {
            return send(request.split(" "));
        }

        @Override
        public String remoteAddress() {
            return address;
        }

        @Override
        public boolean isLocal() {
            return isLocal;
        }

        @Override
        public void closeAfterReplies() {
            isClosed = true;
        }

        @Override
        public void close() {
            isClosed = true;
        }

        @Override
        public void suspend() {
            isSuspended = true;
        }

        @Override
        public void resume(Consumer<Reply> lateReply) {
            isSuspended = false;
            reply.reset();
            lateReply.accept(reply);
        }
    }

    /** Stand-ins with the declarations that matter here. */
    static final class OtherCommands extends CommandFamily {
        OtherCommands() {
            super("other");
            plain("PING").flags(CommandFlag.FAST).categories(Category.CONNECTION);
            plain("INFO").categories(Category.DANGEROUS);
            plain("SELECT")
                    .flags(CommandFlag.FAST)
                    .categories(Category.CONNECTION)
                    .form((args, form) -> form.addDatabase(
                            (int) Decimal.parseLong(args.buffer(), args.start(1), args.length(1), -1)));
            plain("TTL")
                    .flags(CommandFlag.READONLY)
                    .categories(Category.KEYSPACE)
                    .key(1, KeySpec.Flag.RO);
            plain("LPOP")
                    .flags(CommandFlag.WRITE, CommandFlag.FAST)
                    .categories(Category.LIST)
                    .key(1, KeySpec.Flag.RW, KeySpec.Flag.ACCESS, KeySpec.Flag.DELETE)
                    .readsToo();
            plain("SORT")
                    .flags(CommandFlag.WRITE)
                    .categories(Category.SET, Category.SORTEDSET, Category.LIST, Category.DANGEROUS)
                    .readsToo()
                    .form((args, form) -> {
                        form.addKey(1, Form.READ);
                        form.readsAnyKey = args.count() > 2;
                    });
            var config = command("CONFIG").arity(-2);
            sub(config, "GET").flags(CommandFlag.ADMIN);
            sub(config, "SET").flags(CommandFlag.ADMIN);
            var client = command("CLIENT").arity(-2);
            sub(client, "LIST").flags(CommandFlag.ADMIN).categories(Category.CONNECTION);
            sub(client, "ID").categories(Category.CONNECTION);
            var function = command("FUNCTION").arity(-2);
            sub(function, "LOAD")
                    .flags(CommandFlag.WRITE)
                    .categories(Category.SCRIPTING)
                    .notByWriteCategory();
            sub(function, "LIST").categories(Category.SCRIPTING);
            plain("PUBLISH").flags(CommandFlag.PUBSUB, CommandFlag.FAST).form((args, form) -> form.addChannel(1));
            plain("SPUBLISH").flags(CommandFlag.PUBSUB, CommandFlag.FAST).form((args, form) -> form.addChannel(1));
            plain("SUBSCRIBE").flags(CommandFlag.PUBSUB).form((args, form) -> {
                for (int i = 1; i < args.count(); i++) {
                    form.addChannel(i);
                }
            });
            plain("PSUBSCRIBE").flags(CommandFlag.PUBSUB).form((args, form) -> {
                form.addChannel(1);
                form.channelsArePatterns = true;
            });
            plain("RESET")
                    .flags(CommandFlag.FAST, CommandFlag.NO_AUTH)
                    .categories(Category.CONNECTION)
                    .arity(1);
        }

        private CommandSpec plain(String name) {
            return command(name).arity(-1).handler(OtherCommands::run);
        }

        private CommandSpec sub(CommandSpec container, String name) {
            return subcommand(container, name).arity(-2).handler(OtherCommands::run);
        }

        private static void run(Call call) {
            if (call.spec().name().equals("select")) {
                call.session().select(call.form().database(0));
            }
            call.reply().ok();
        }
    }
}
