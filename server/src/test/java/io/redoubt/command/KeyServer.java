package io.redoubt.command;

import io.redoubt.log.EffectStream;
import io.redoubt.resp.Reply;
import io.redoubt.resp.RequestParser;
import io.redoubt.store.Keyspace;
import io.redoubt.store.KeyspaceEvents;
import java.io.ByteArrayOutputStream;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Families on a keyspace of many shards and four databases, with a clock of our own and a user who may know only some
 * keys. Text is bytes, one char each.
 */
public final class KeyServer {
    public static final int DATABASES = 4;

    private final EffectStream stream = new EffectStream();
    private final Keyspace keyspace;
    private final Dispatcher dispatcher;
    private final CommandTable table;
    private final Session session;
    private final RequestParser parser = new RequestParser();
    private final Reply reply = new Reply();
    private final EffectStream.Reader reader;
    private final List<String> events = new ArrayList<>();
    private final PrefixGate gate;
    public long nowMillis = 1_700_000_000_000L;
    public boolean usesLfu;

    public KeyServer(int shards, CommandFamily... more) {
        keyspace = new Keyspace(new Keyspace.Layout(1, shards, DATABASES, 1 << 18), 3, 4, stream);
        gate = new PrefixGate();
        var families = new ArrayList<CommandFamily>(List.of(more));
        families.add(new KeyCommands(gate, DATABASES, () -> usesLfu));
        families.add(new ExpireCommands());
        families.add(new Strings());
        table = new CommandTable(families, Map.of(), 1);
        dispatcher = new Dispatcher(
                new Dispatcher.Shared(table, gate, new ServerState(), keyspace, CommandObserver.NONE), 0);
        session = new Session(1, noLink(), nowMillis);
        session.setUser(new Anyone("default", true));
        keyspace.setEvents(new KeyspaceEvents() {
            @Override
            public void on(Event event, int database, byte[] buffer, int offset, int length) {
                String key = new String(buffer, offset, length, StandardCharsets.ISO_8859_1);
                events.add(event.word() + " " + key + "@" + database);
            }

            @Override
            public void beforeFlush(int database) {
                events.add("flush @" + database);
            }

            @Override
            public void beforeSwap(int first, int second) {
                events.add("swap @" + first + " @" + second);
            }
        });
        stream.activate();
        var found = stream.readerAt(stream.offset() + 1);
        if (found == null) {
            throw new IllegalStateException("the stream is not kept");
        }
        reader = found;
    }

    private record Anyone(String name, boolean isUnrestricted) implements Principal {}

    private static Session.Link noLink() {
        return (Session.Link) Proxy.newProxyInstance(
                KeyServer.class.getClassLoader(), new Class<?>[] {Session.Link.class}, (_, method, _) -> {
                    throw new UnsupportedOperationException("no link here: " + method.getName());
                });
    }

    public Keyspace keyspace() {
        return keyspace;
    }

    public Session session() {
        return session;
    }

    CommandTable table() {
        return table;
    }

    /** From now on the user may know only keys that begin so. */
    public void showOnly(String prefix) {
        gate.prefix = prefix;
    }

    public static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    public static byte[][] arguments(String... words) {
        return Arrays.stream(words).map(KeyServer::bytes).toArray(byte[][]::new);
    }

    /** Returns a request as a client sends it. */
    public static byte[] request(byte[]... arguments) {
        var out = new ByteArrayOutputStream();
        out.writeBytes(bytes("*" + arguments.length + "\r\n"));
        for (var argument : arguments) {
            out.writeBytes(bytes("$" + argument.length + "\r\n"));
            out.writeBytes(argument);
            out.writeBytes(bytes("\r\n"));
        }
        return out.toByteArray();
    }

    /** Runs a command; returns the bytes of its reply as text. */
    public String raw(byte[]... arguments) {
        byte[] request = request(arguments);
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
        return new String(reply.bytes(), StandardCharsets.ISO_8859_1);
    }

    /** Runs a command of words without blanks; returns its reply with blanks for line ends. */
    public String send(String command) {
        return raw(arguments(command.split(" "))).replace("\r\n", " ").stripTrailing();
    }

    /** Runs a command whose reply is an array of bulks; returns them. */
    public List<String> list(String command) {
        return bulks(raw(arguments(command.split(" "))));
    }

    /** Returns the bulk strings of a reply, whatever arrays they are in. */
    public static List<String> bulks(String raw) {
        var found = new ArrayList<String>();
        int at = 0;
        while (at < raw.length()) {
            int end = raw.indexOf("\r\n", at);
            char mark = raw.charAt(at);
            int number = mark == '$' ? Integer.parseInt(raw.substring(at + 1, end)) : -1;
            at = end + 2;
            if (number >= 0) {
                found.add(raw.substring(at, at + number));
                at += number + 2;
            }
        }
        return found;
    }

    /** Runs a command; returns the events that it raised, as {@code event key@database}. */
    public List<String> eventsOf(String command) {
        events.clear();
        send(command);
        return List.copyOf(events);
    }

    /** Runs a command; returns its effects, SELECTs included. */
    public List<String> effectsOf(String command) {
        takeEffects();
        send(command);
        return takeEffects();
    }

    private List<String> takeEffects() {
        var out = new ByteArrayOutputStream();
        while (reader.advance()) {
            int available = reader.available();
            out.write(reader.bytes(), reader.position(), available);
            reader.skip(available);
        }
        byte[] written = out.toByteArray();
        var effectParser = new RequestParser();
        var effects = new ArrayList<String>();
        for (int at = 0; at < written.length; at = effectParser.next()) {
            if (effectParser.parse(written, at, written.length) != RequestParser.COMPLETE) {
                throw new IllegalStateException("no complete effect");
            }
            var words = new ArrayList<String>();
            for (int i = 0; i < effectParser.argCount(); i++) {
                words.add(new String(
                        effectParser.argBuffer(),
                        effectParser.argStart(i),
                        effectParser.argLength(i),
                        StandardCharsets.ISO_8859_1));
            }
            effects.add(String.join(" ", words));
        }
        return effects;
    }

    /** Returns the form of a request, as the gate sees it. */
    public Form form(String command) {
        var args = new Args();
        args.set(arguments(command.split(" ")));
        var spec = table.find(args.buffer(), args.start(0), args.length(0));
        if (spec == null) {
            throw new IllegalArgumentException("no such command: " + command);
        }
        var form = new Form();
        spec.parse(args, form);
        return form;
    }

    /** Just enough of strings to have something under a key. */
    private static final class Strings extends CommandFamily {
        Strings() {
            super("string");
        }

        final CommandSpec set = command("SET")
                .arity(3)
                .flags(CommandFlag.WRITE)
                .key(1, KeySpec.Flag.OW, KeySpec.Flag.UPDATE)
                .handler(call -> {
                    var args = call.args();
                    call.setValue(1, args.buffer(), args.start(2), args.length(2), Keyspace.NO_EXPIRY);
                    call.changed(1, KeyspaceEvents.Event.SET);
                    call.reply().ok();
                });

        final CommandSpec get = command("GET")
                .arity(2)
                .flags(CommandFlag.READONLY)
                .key(1, KeySpec.Flag.RO, KeySpec.Flag.ACCESS)
                .handler(call -> {
                    if (call.findToRead(1)) {
                        call.replyString(call.entry());
                    } else {
                        call.reply().nil();
                    }
                });
    }

    private static final class PrefixGate extends StubGate {
        String prefix = "";

        PrefixGate() {
            super(null);
        }

        @Override
        public boolean mayRead(Principal user, byte[] buffer, int offset, int length) {
            return new String(buffer, offset, length, StandardCharsets.ISO_8859_1).startsWith(prefix);
        }

        @Override
        public boolean mustFilterKeys(Principal user) {
            return !prefix.isEmpty();
        }
    }
}
