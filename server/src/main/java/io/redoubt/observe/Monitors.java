package io.redoubt.observe;

import io.redoubt.command.Args;
import io.redoubt.command.CommandFlag;
import io.redoubt.command.CommandSpec;
import io.redoubt.command.Session;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The clients that watch every command (MONITOR), and the lines they get. Administrative commands and those that say so
 * are left out, secrets are hidden.
 */
public final class Monitors {
    private static final char[] HEX = "0123456789abcdef".toCharArray();

    private final Redaction redaction;
    private final InstantSource clock;
    private final CopyOnWriteArrayList<Session> watchers = new CopyOnWriteArrayList<>();
    private volatile boolean isWatched;

    public Monitors(Redaction redaction, InstantSource clock) {
        this.redaction = redaction;
        this.clock = clock;
    }

    /** Whether anybody watches; read once per command. */
    public boolean isWatched() {
        return isWatched;
    }

    /** From now on a client gets every command of all clients. */
    public synchronized void add(Session session) {
        session.setMonitor(true);
        watchers.addIfAbsent(session);
        isWatched = true;
    }

    /** A client was closed; nothing happens if it did not watch. RESET needs no call, see {@link Session#reset}. */
    public synchronized void remove(Session session) {
        if (isWatched && watchers.remove(session)) {
            isWatched = !watchers.isEmpty();
        }
    }

    /** Returns how many clients watch. */
    public int count() {
        return watchers.size();
    }

    /** Shows a command that has run. Called on its loop. */
    public void show(Session session, CommandSpec spec, Args args) {
        if (spec.has(CommandFlag.ADMIN) || spec.has(CommandFlag.SKIP_MONITOR)) {
            return;
        }
        byte[] line = line(session, spec, args);
        for (var watcher : watchers) {
            if (watcher.isMonitor()) {
                watcher.link().push(line);
            } else {
                remove(watcher);
            }
        }
    }

    private byte[] line(Session session, CommandSpec spec, Args args) {
        var hidden = redaction.hidden(spec, args);
        var out = new ByteArrayOutputStream(128);
        Instant now = clock.instant();
        String micros = Integer.toString(1_000_000 + now.getNano() / 1000).substring(1);
        String from = " [" + session.database() + " " + origin(session) + "]";
        String head = "+" + now.getEpochSecond() + "." + micros + from;
        out.writeBytes(head.getBytes(StandardCharsets.UTF_8));
        for (int i = 0; i < args.count(); i++) {
            out.write(' ');
            if (hidden.get(i)) {
                out.writeBytes(('"' + Redaction.TEXT + '"').getBytes(StandardCharsets.US_ASCII));
            } else {
                quote(args.buffer(), args.start(i), args.length(i), out);
            }
        }
        out.write('\r');
        out.write('\n');
        return out.toByteArray();
    }

    private static String origin(Session session) {
        String address = session.link().remoteAddress();
        if (!session.link().isUnixSocket()) {
            return address;
        }
        return "unix:" + (address.endsWith(":0") ? address.substring(0, address.length() - 2) : address);
    }

    /** Writes bytes in quotes, as printable ASCII. */
    private static void quote(byte[] buffer, int start, int length, ByteArrayOutputStream out) {
        out.write('"');
        for (int i = start; i < start + length; i++) {
            int c = buffer[i] & 0xFF;
            char letter = switch (c) {
                case '\\', '"' -> (char) c;
                case '\n' -> 'n';
                case '\r' -> 'r';
                case '\t' -> 't';
                case 7 -> 'a';
                case '\b' -> 'b';
                default -> 0;
            };
            if (letter != 0) {
                out.write('\\');
                out.write(letter);
            } else if (c >= ' ' && c < 127) {
                out.write(c);
            } else {
                out.write('\\');
                out.write('x');
                out.write(HEX[c >> 4]);
                out.write(HEX[c & 15]);
            }
        }
        out.write('"');
    }
}
