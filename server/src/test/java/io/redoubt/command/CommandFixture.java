package io.redoubt.command;

import io.redoubt.log.EffectStream;
import io.redoubt.memory.HeapBudget;
import io.redoubt.resp.Reply;
import io.redoubt.resp.RequestParser;
import io.redoubt.store.Entry;
import io.redoubt.store.Keyspace;
import io.redoubt.store.KeyspaceEvents;
import io.redoubt.type.Encoding;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Command families on a keyspace of their own, without sockets: requests go through parser, gate, locks and handler as
 * in the server, and the clock stands still until a test moves it. Text is bytes, one char each.
 */
final class CommandFixture {
    /** The user that may do everything. */
    record Anyone(String name, boolean isUnrestricted) implements Principal {}

    private final EffectStream stream = new EffectStream();
    private final Keyspace keyspace;
    private final CommandTable table;
    private final Dispatcher dispatcher;
    private final Session session;
    private final RequestParser parser = new RequestParser();
    private final Reply reply = new Reply();
    private final EffectStream.Reader effectReader;
    private final List<String> events = new ArrayList<>();
    /** Unix time in milliseconds that commands see. */
    long nowMillis = 1_700_000_000_000L;

    CommandFixture(CommandFamily... families) {
        this(HeapBudget.unlimited(), families);
    }

    CommandFixture(HeapBudget heap, CommandFamily... families) {
        keyspace = new Keyspace(new Keyspace.Layout(1, 4, 16, 1 << 20), 1, 2, stream, heap);
        table = new CommandTable(List.of(families), Map.of(), 1);
        var shared =
                new Dispatcher.Shared(table, new StubGate(null), new ServerState(), keyspace, CommandObserver.NONE);
        dispatcher = new Dispatcher(shared, 0);
        session = new Session(1, new StubLink(), nowMillis);
        session.setUser(new Anyone("default", true));
        keyspace.setEvents((event, database, buffer, offset, length) ->
                events.add(event.word() + " " + new String(buffer, offset, length, StandardCharsets.ISO_8859_1)));
        stream.activate();
        var reader = stream.readerAt(stream.offset() + 1);
        if (reader == null) {
            throw new IllegalStateException("the stream is not kept");
        }
        effectReader = reader;
    }

    Keyspace keyspace() {
        return keyspace;
    }

    Session session() {
        return session;
    }

    CommandTable table() {
        return table;
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /** Returns a request as a client sends it. */
    static byte[] request(byte[]... arguments) {
        var out = new ByteArrayOutputStream();
        out.writeBytes(bytes("*" + arguments.length + "\r\n"));
        for (var argument : arguments) {
            out.writeBytes(bytes("$" + argument.length + "\r\n"));
            out.writeBytes(argument);
            out.writeBytes(bytes("\r\n"));
        }
        return out.toByteArray();
    }

    private static byte[][] arguments(String... arguments) {
        return Arrays.stream(arguments).map(CommandFixture::bytes).toArray(byte[][]::new);
    }

    /** Runs a command; returns its reply as sent, with all CRLFs. */
    String raw(String... arguments) {
        return text(run(arguments(arguments)));
    }

    /** Runs a command; returns its reply on one line: each CRLF is a blank, and the last is left out. */
    String send(String... arguments) {
        String raw = raw(arguments);
        return raw.endsWith("\r\n") ? raw.substring(0, raw.length() - 2).replace("\r\n", " ") : raw;
    }

    /** Runs a command; returns the bytes of its reply. */
    byte[] run(byte[]... arguments) {
        dispatch(request(arguments));
        return reply.bytes();
    }

    /** Runs one request as a loop does; the reply is left where it was written. Allocates nothing of its own. */
    void dispatch(byte[] request) {
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
    }

    /** Stops recording effects and events: as on a server that nobody follows. */
    void stopRecording() {
        stream.deactivate();
        keyspace.setEvents(KeyspaceEvents.NONE);
    }

    /** Returns the form of a request, as the gate would see it. */
    Form form(String... arguments) {
        var args = new Args();
        args.set(arguments(arguments));
        var spec = table.find(args.buffer(), args.start(0), args.length(0));
        if (spec == null) {
            throw new IllegalArgumentException("no such command: " + arguments[0]);
        }
        var form = new Form();
        spec.parse(args, form);
        return form;
    }

    /** Runs a command; returns its effects, each with blanks between its arguments, without SELECT 0. */
    List<String> effectsOf(String... arguments) {
        takeEffects();
        raw(arguments);
        return takeEffects();
    }

    /** Returns the effects since the last call, without SELECT 0. */
    List<String> takeEffects() {
        var out = new ByteArrayOutputStream();
        while (effectReader.advance()) {
            int available = effectReader.available();
            out.write(effectReader.bytes(), effectReader.position(), available);
            effectReader.skip(available);
        }
        byte[] written = out.toByteArray();
        var reader = new RequestParser();
        var effects = new ArrayList<String>();
        for (int at = 0; at < written.length; at = reader.next()) {
            if (reader.parse(written, at, written.length) != RequestParser.COMPLETE) {
                throw new IllegalStateException("no complete effect: " + text(written));
            }
            var words = new ArrayList<String>();
            for (int i = 0; i < reader.argCount(); i++) {
                words.add(new String(
                        reader.argBuffer(), reader.argStart(i), reader.argLength(i), StandardCharsets.ISO_8859_1));
            }
            effects.add(String.join(" ", words));
        }
        effects.remove("SELECT 0");
        return effects;
    }

    /** Runs a command; returns the events that it raised, as {@code event key}. */
    List<String> eventsOf(String... arguments) {
        events.clear();
        raw(arguments);
        return List.copyOf(events);
    }

    private @Nullable Entry find(String key) {
        var entry = new Entry();
        byte[] bytes = bytes(key);
        var unit = keyspace.unit(0);
        unit.begin(nowMillis, false);
        boolean isFound = keyspace.find(unit, session.database(), bytes, 0, bytes.length, entry);
        unit.end();
        return isFound ? entry : null;
    }

    /** Returns the word of OBJECT ENCODING, or {@code none}. */
    String encoding(String key) {
        var entry = find(key);
        return entry == null ? "none" : Encoding.name(entry.encoding());
    }

    /** Returns when a key expires: Unix time in milliseconds, -1 for never, -2 for no key. */
    long expiry(String key) {
        var entry = find(key);
        return entry == null ? -2 : entry.expiryMillis();
    }
}
