package io.redoubt.observe;

import io.redoubt.command.Args;
import io.redoubt.command.CommandFlag;
import io.redoubt.command.CommandObserver;
import io.redoubt.command.CommandSpec;
import io.redoubt.command.Session;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The last commands that took long, newest first, as SLOWLOG shows them. Also what the dispatchers ask whether anybody
 * looks: each question is one read of a plain field, which settings change in exclusive mode.
 */
public final class SlowLog implements CommandObserver {
    /** One command: number, Unix time in seconds, duration, shortened arguments, and who sent it. */
    public record Entry(
            long id, long seconds, long micros, List<byte[]> arguments, String address, byte[] clientName) {}

    private static final int ARGUMENTS_MAX = 32;
    private static final int BYTES_MAX = 128;
    private static final byte[] REDACTED = Redaction.TEXT.getBytes(StandardCharsets.US_ASCII);

    private final Redaction redaction;
    private final Monitors monitors;
    private final LongSupplier maxLength;
    private final ArrayDeque<Entry> entries = new ArrayDeque<>();
    private long nextId;
    private long thresholdNanos = Long.MAX_VALUE;
    private boolean recordsLatency;

    /** @param maxLength slowlog-max-len, read when a command is added */
    public SlowLog(Redaction redaction, Monitors monitors, LongSupplier maxLength) {
        this.redaction = redaction;
        this.monitors = monitors;
        this.maxLength = maxLength;
    }

    /** Sets slowlog-log-slower-than: 0 shows every command, a negative number none. Exclusive mode. */
    public void setThresholdMicros(long micros) {
        // toNanos stops at the largest long, which no command ever takes.
        thresholdNanos = micros < 0 ? Long.MAX_VALUE : TimeUnit.MICROSECONDS.toNanos(micros);
    }

    /** Sets latency-tracking. Exclusive mode. */
    public void setRecordsLatency(boolean on) {
        recordsLatency = on;
    }

    @Override
    public long thresholdNanos() {
        return thresholdNanos;
    }

    @Override
    public boolean recordsLatency() {
        return recordsLatency;
    }

    @Override
    public boolean isMonitored() {
        return monitors.isWatched();
    }

    @Override
    public void saw(Session session, CommandSpec spec, Args args) {
        monitors.show(session, spec, args);
    }

    @Override
    public void ran(Session session, CommandSpec spec, Args args, long nanos) {
        if (!spec.has(CommandFlag.SKIP_SLOWLOG)) {
            add(session, shorten(spec, args), nanos / 1000);
        }
    }

    private synchronized void add(Session session, List<byte[]> arguments, long micros) {
        entries.addFirst(new Entry(
                nextId++,
                System.currentTimeMillis() / 1000,
                micros,
                arguments,
                session.link().remoteAddress(),
                session.name()));
        long max = maxLength.getAsLong();
        while (entries.size() > max) {
            entries.removeLast();
        }
    }

    private List<byte[]> shorten(CommandSpec spec, Args args) {
        var hidden = redaction.hidden(spec, args);
        int count = args.count();
        int whole = count > ARGUMENTS_MAX ? ARGUMENTS_MAX - 1 : count;
        var arguments = new ArrayList<byte[]>(whole + 1);
        for (int i = 0; i < whole; i++) {
            arguments.add(hidden.get(i) ? REDACTED : shorten(args, i));
        }
        if (whole < count) {
            arguments.add(ascii("... (" + (count - whole) + " more arguments)"));
        }
        return arguments;
    }

    private static byte[] shorten(Args args, int arg) {
        int length = args.length(arg);
        if (length <= BYTES_MAX) {
            return args.bytes(arg);
        }
        byte[] note = ascii("... (" + (length - BYTES_MAX) + " more bytes)");
        byte[] shown = Arrays.copyOfRange(args.buffer(), args.start(arg), args.start(arg) + BYTES_MAX + note.length);
        System.arraycopy(note, 0, shown, BYTES_MAX, note.length);
        return shown;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Returns the newest entries, at most so many, newest first. */
    public synchronized List<Entry> newest(long count) {
        return entries.stream().limit(count).toList();
    }

    /** Returns how many entries there are. */
    public synchronized int length() {
        return entries.size();
    }

    /** Forgets all entries; numbers go on. */
    public synchronized void reset() {
        entries.clear();
    }
}
