package io.redoubt.command;

import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The commands of Redis 7.0, read from {@link PlannedCommandLines}. An ACL file of Redis may name any of them, so those
 * that no family declares yet are known to the rules all the same. Start-up waits for this: it goes once over the text,
 * and makes specifications only of what is missing.
 */
final class PlannedCommands {
    private final Map<String, CommandFlag> flags = new HashMap<>();
    private final Map<String, Category> categories = new HashMap<>();
    private final Map<String, KeySpec.Flag> keyFlags = new HashMap<>();
    private final CommandStats noCalls = new CommandStats();
    private final String text = PlannedCommandLines.TEXT;

    PlannedCommands() {
        for (var flag : CommandFlag.values()) {
            flags.put(flag.word(), flag);
        }
        for (var category : Category.values()) {
            categories.put(category.word(), category);
        }
        for (var flag : KeySpec.Flag.values()) {
            keyFlags.put(flag.word(), flag);
        }
    }

    /** Adds what the map does not hold; marks what it holds as known to Redis 7.0. */
    void addMissing(Map<String, CommandSpec> byName) {
        for (int start = 0; start < text.length(); ) {
            int end = text.indexOf('\n', start);
            addLine(start, end, byName);
            start = end + 1;
        }
    }

    private void addLine(int start, int end, Map<String, CommandSpec> byName) {
        int blank = text.indexOf(' ', start);
        int bar = text.indexOf('|', start, blank); // Bounded: at start-up nothing is compiled, and scans are slow.
        if (bar < 0) {
            String name = text.substring(start, blank);
            var spec = byName.get(name);
            if (spec == null) {
                spec = new CommandSpec(name, null, noCalls);
                fill(spec, blank, end);
                byName.put(name, spec);
            }
            spec.markAsOfRedis7();
            return;
        }
        var container = Objects.requireNonNull(byName.get(text.substring(start, bar)));
        if (!container.isPlanned() && !container.isContainer()) {
            return; // A stand-in, which takes all its subcommands as arguments.
        }
        String name = text.substring(bar + 1, blank);
        var spec = container.knownSubcommand(name);
        if (spec == null) {
            spec = new CommandSpec(name, container, noCalls);
            fill(spec, blank, end);
            container.addPlanned(spec);
        }
        spec.markAsOfRedis7();
    }

    /** Reads the fields that follow the name. */
    private void fill(CommandSpec spec, int blank, int end) {
        int at = blank + 1;
        for (int field = 1; at < end; field++) {
            int next = endOfPart(' ', at, end);
            if (field == 1) {
                spec.arity(number(at, next));
            } else if (field > 4) {
                spec.keySpec(keySpec(at, next));
            } else if (text.charAt(at) != '-') {
                words(spec, field, at, next);
            }
            at = next + 1;
        }
    }

    private void words(CommandSpec spec, int field, int start, int end) {
        for (int at = start; at < end; ) {
            int comma = endOfPart(',', at, end);
            String word = text.substring(at, comma);
            switch (field) {
                case 2 -> spec.flags(known(flags.get(word), word));
                case 3 -> spec.categories(known(categories.get(word), word));
                default -> mark(spec, word);
            }
            at = comma + 1;
        }
    }

    private static void mark(CommandSpec spec, String word) {
        switch (word) {
            case "reads-too" -> spec.readsToo();
            case "may-read-too" -> spec.mayReadToo();
            case "not-by-write" -> spec.notByWriteCategory();
            default -> throw new IllegalStateException(word);
        }
    }

    private int endOfPart(char separator, int start, int end) {
        int at = text.indexOf(separator, start, end);
        return at < 0 ? end : at;
    }

    private int number(int start, int end) {
        return Integer.parseInt(text, start, end, 10);
    }

    private static <T> T known(@Nullable T value, String word) {
        if (value == null) {
            throw new IllegalStateException("unknown word in a planned command: " + word);
        }
        return value;
    }

    private KeySpec keySpec(int start, int end) {
        int at = text.indexOf('@', start, end);
        var found = EnumSet.noneOf(KeySpec.Flag.class);
        for (int from = start; from < at; ) {
            int comma = endOfPart(',', from, at);
            String word = text.substring(from, comma);
            found.add(known(keyFlags.get(word), word));
            from = comma + 1;
        }
        at++;
        if (text.charAt(at) == '?') {
            return new KeySpec(null, 0, false, 0, 0, 0, found, null);
        }
        String keyword = null;
        if (isLetter(at)) {
            int from = at;
            while (isLetter(at)) {
                at++;
            }
            keyword = text.substring(from, at);
        }
        int afterBegin = numberEnd(at, end);
        int begin = number(at, afterBegin);
        at = afterBegin;
        if (at < end && text.charAt(at) == '#') {
            return new KeySpec(keyword, begin, true, 0, 1, 1, found, null);
        }
        int last = 0;
        int step = 1;
        int limit = 0;
        while (at < end) {
            int afterNumber = numberEnd(at + 1, end);
            int value = number(at + 1, afterNumber);
            switch (text.charAt(at)) {
                case ':' -> last = value;
                case '/' -> step = value;
                default -> limit = value;
            }
            at = afterNumber;
        }
        return new KeySpec(keyword, begin, false, last, step, limit, found, null);
    }

    private boolean isLetter(int at) {
        char c = text.charAt(at);
        return c >= 'A' && c <= 'Z';
    }

    private int numberEnd(int start, int end) {
        int at = start + 1; // The first is a digit or a sign.
        while (at < end && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            at++;
        }
        return at;
    }
}
