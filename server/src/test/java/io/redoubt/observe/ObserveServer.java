package io.redoubt.observe;

import io.redoubt.command.ArgSpec;
import io.redoubt.command.Call;
import io.redoubt.command.CommandFamily;
import io.redoubt.command.CommandFlag;
import io.redoubt.command.CommandSpec;
import io.redoubt.command.CommandTable;
import io.redoubt.command.CounterCommands;
import io.redoubt.command.Dispatcher;
import io.redoubt.command.HashCommands;
import io.redoubt.command.HashFieldCommands;
import io.redoubt.command.ListCommands;
import io.redoubt.command.Principal;
import io.redoubt.command.ServerState;
import io.redoubt.command.Session;
import io.redoubt.command.Sessions;
import io.redoubt.command.SetCommands;
import io.redoubt.command.StreamCommands;
import io.redoubt.command.StreamGroupCommands;
import io.redoubt.command.StreamInfoCommands;
import io.redoubt.command.StringCommands;
import io.redoubt.command.StubGate;
import io.redoubt.command.ZSetCommands;
import io.redoubt.log.EffectStream;
import io.redoubt.persist.Persistence;
import io.redoubt.persist.Snapshots;
import io.redoubt.resp.Reply;
import io.redoubt.resp.RequestParser;
import io.redoubt.store.Keyspace;
import java.io.ByteArrayOutputStream;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The commands of this package, and strings, on a keyspace of four shards. Text is bytes, one char each. */
final class ObserveServer {
    static final InstantSource CLOCK = InstantSource.fixed(Instant.ofEpochSecond(1_700_000_000L, 42_000));

    private record Anyone(String name, boolean isUnrestricted) implements Principal {}

    private final Keyspace keyspace = new Keyspace(new Keyspace.Layout(1, 4, 16, 1 << 18), 5, 6, new EffectStream());
    private final Dispatcher dispatcher;
    private final Session session;
    private final RequestParser parser = new RequestParser();
    private final Reply reply = new Reply();
    private final Redaction redaction = new Redaction(name -> name.equals("requirepass"));
    final Monitors monitors = new Monitors(redaction, CLOCK);
    final SlowLog slowLog = new SlowLog(redaction, monitors, this::maxLength);
    final Persistence persistence;
    /** What the hooks were asked for, and the server's log. */
    final List<String> asked = new ArrayList<>();
    /** What was pushed to clients, in order: {@code client: text}. */
    final List<String> pushed = new ArrayList<>();

    String debugAllowed = "yes";
    boolean isLocal = true;
    long maxLength = 128;
    long nowMillis = System.currentTimeMillis();

    ObserveServer(Path folder) {
        var settings = new Persistence.Settings(
                () -> folder.resolve("dump.rdb"), () -> true, () -> true, () -> true, () -> 0, () -> 0, List::of);
        var log = new Persistence.Log() {
            @Override
            public void notice(String message) {
                asked.add("notice " + message);
            }

            @Override
            public void warning(String message) {
                asked.add("warning " + message);
            }
        };
        var state = new ServerState();
        persistence = new Persistence(keyspace, new Snapshots(keyspace, "7.0.15"), settings, state, Map::of, log);
        List<CommandFamily> families = List.of(
                new SetCommands(),
                new ZSetCommands(),
                new ListCommands(),
                new StreamCommands(),
                new StreamGroupCommands(),
                new StreamInfoCommands(),
                new CounterCommands(),
                new HashCommands(),
                new HashFieldCommands(),
                new StringCommands(() -> 512L << 20),
                new DebugCommands(() -> debugAllowed, persistence, () -> true, new Recorder()),
                new SlowLogCommands(slowLog, monitors),
                new LatencyCommands(this::table),
                new MemoryCommands(new MemoryAccount(keyspace, new Sessions(), () -> 0)),
                new Secrets());
        table = new CommandTable(families, Map.of(), 1);
        dispatcher = new Dispatcher(new Dispatcher.Shared(table, new StubGate(null), state, keyspace, slowLog), 0);
        session = newSession(1);
    }

    private final CommandTable table;

    private long maxLength() {
        return maxLength;
    }

    CommandTable table() {
        return table;
    }

    Keyspace keyspace() {
        return keyspace;
    }

    Session session() {
        return session;
    }

    Session newSession(long id) {
        var link = (Session.Link) Proxy.newProxyInstance(
                ObserveServer.class.getClassLoader(),
                new Class<?>[] {Session.Link.class},
                (_, method, arguments) -> switch (method.getName()) {
                    case "remoteAddress" -> "127.0.0.1:" + (50_000 + id);
                    case "isLocal" -> isLocal;
                    case "isUnixSocket" -> false;
                    case "push" -> {
                        pushed.add(id + ": " + text((byte[]) arguments[0]));
                        yield null;
                    }
                    case "queryBufferCapacity" -> 0;
                    case "outputBytes" -> 0L;
                    default -> throw new UnsupportedOperationException(method.getName());
                });
        var made = new Session(id, link, nowMillis);
        made.setUser(new Anyone("default", true));
        return made;
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    static byte[][] words(String command) {
        return Arrays.stream(command.split(" ")).map(ObserveServer::bytes).toArray(byte[][]::new);
    }

    /** Runs a command of words without blanks; returns its reply as sent. */
    String raw(String command) {
        return raw(session, words(command));
    }

    String raw(Session by, byte[]... arguments) {
        var request = new ByteArrayOutputStream();
        request.writeBytes(bytes("*" + arguments.length + "\r\n"));
        for (byte[] argument : arguments) {
            request.writeBytes(bytes("$" + argument.length + "\r\n"));
            request.writeBytes(argument);
            request.writeBytes(bytes("\r\n"));
        }
        if (parser.parse(request.toByteArray(), 0, request.size()) != RequestParser.COMPLETE) {
            throw new IllegalArgumentException("no complete request");
        }
        reply.reset();
        dispatcher.enter();
        try {
            dispatcher.run(by, parser, reply, nowMillis);
        } finally {
            dispatcher.leave();
        }
        return new String(reply.bytes(), StandardCharsets.ISO_8859_1);
    }

    /** Runs a command of words without blanks; returns its reply with blanks for line ends. */
    String send(String command) {
        return raw(command).replace("\r\n", " ").stripTrailing();
    }

    private final class Recorder implements DebugHooks {
        @Override
        public void log(String message) {
            asked.add("log " + message);
        }

        @Override
        public void changeReplicationId() {
            asked.add("changeReplicationId");
        }

        @Override
        public @Nullable String rewriteWholeConfig() {
            asked.add("rewriteWholeConfig");
            return null;
        }

        @Override
        public void skipChecksums(boolean skips) {
            asked.add("skipChecksums " + skips);
        }

        @Override
        public void pauseCron(boolean pauses) {
            asked.add("pauseCron " + pauses);
        }

        @Override
        public void allowDeniedInScripts(boolean allows) {
            asked.add("allowDeniedInScripts " + allows);
        }

        @Override
        public boolean loadAof() {
            asked.add("loadAof");
            return true;
        }

        @Override
        public void delayAof(long micros) {
            asked.add("delayAof " + micros);
        }

        @Override
        public void crash(String how) {
            asked.add("crash " + how);
        }
    }

    /** Commands with secret arguments, which do nothing. */
    private static final class Secrets extends CommandFamily {
        Secrets() {
            super("connection");
        }

        final CommandSpec auth = secret("AUTH");
        final CommandSpec hello = secret("HELLO");
        final CommandSpec migrate = secret("MIGRATE");
        final CommandSpec vault = secret("VAULT");
        final CommandSpec acl = command("ACL").arity(-2);
        final CommandSpec setuser = secret(subcommand(acl, "SETUSER"));
        final CommandSpec dryrun = secret(subcommand(acl, "DRYRUN"));
        final CommandSpec config = command("CONFIG").arity(-2);
        final CommandSpec set = secret(subcommand(config, "SET"));
        final CommandSpec quiet = command("QUIET")
                .arity(1)
                .flags(CommandFlag.SKIP_SLOWLOG, CommandFlag.SKIP_MONITOR)
                .handler(Secrets::nothing);

        private CommandSpec secret(String name) {
            return secret(command(name));
        }

        private static CommandSpec secret(CommandSpec spec) {
            return spec.arity(-1)
                    .flags(CommandFlag.SECRET_ARGUMENTS)
                    .args(ArgSpec.string("any").optional().multiple())
                    .handler(Secrets::nothing);
        }

        private static void nothing(Call call) {
            call.reply().ok();
        }
    }
}
