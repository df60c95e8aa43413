package io.redoubt.persist;

import io.redoubt.resp.ArgumentLine;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which files an append-only file consists of: at most one base, the increments behind it in order, and history, which
 * is to be deleted. A value; a change makes a new one. The text is that of Redis 7: one line for each file,
 * {@code file NAME seq N type b|h|i}, with other pairs of words allowed.
 */
record AofManifest(@Nullable Part base, List<Part> history, List<Part> increments, long baseSeq, long incrementSeq) {
    /** A file of the set. */
    record Part(String name, long seq) {}

    /** Why the text of a manifest is refused. */
    static final class BadManifestException extends Exception {
        private static final long serialVersionUID = 1;

        /** The number of the line, from 1 on; 0 when there is none. */
        final int lineNumber;
        /** The line without blanks around it. */
        final String line;

        private BadManifestException(int lineNumber, String line, String reason) {
            super(reason);
            this.lineNumber = lineNumber;
            this.line = line;
        }
    }

    static final AofManifest EMPTY = new AofManifest(null, List.of(), List.of(), 0, 0);

    private static final int LINE_BYTES_MAX = 1024;

    /** Whether there is nothing to load. */
    boolean isEmpty() {
        return base == null && increments.isEmpty();
    }

    /** The files to load, in their order. */
    List<Part> parts() {
        var all = new ArrayList<Part>();
        if (base != null) {
            all.add(base);
        }
        all.addAll(increments);
        return all;
    }

    Part lastIncrement() {
        return increments.getLast();
    }

    /** With a base of a given name; the base before is history. */
    AofManifest withBase(String name, long seq) {
        var older = new ArrayList<Part>();
        if (base != null) {
            older.add(base);
        }
        older.addAll(history);
        return new AofManifest(new Part(name, seq), List.copyOf(older), increments, seq, incrementSeq);
    }

    /** The name of the base that a rewrite makes. */
    String nextBaseName(String fileName, boolean isRdb) {
        return fileName + "." + (baseSeq + 1) + ".base." + (isRdb ? "rdb" : "aof");
    }

    /** With a new increment behind the others. */
    AofManifest withNextIncrement(String fileName) {
        var longer = new ArrayList<>(increments);
        longer.add(new Part(fileName + "." + (incrementSeq + 1) + ".incr.aof", incrementSeq + 1));
        return new AofManifest(base, history, List.copyOf(longer), baseSeq, incrementSeq + 1);
    }

    /** With all increments but the last {@code kept} as history, the newest first, as Redis lists them. */
    AofManifest withIncrementsAsHistory(int kept) {
        int gone = Math.max(0, increments.size() - kept);
        var older = new ArrayList<Part>(increments.subList(0, gone));
        older.addAll(history);
        return new AofManifest(
                base,
                List.copyOf(older),
                List.copyOf(increments.subList(gone, increments.size())),
                baseSeq,
                incrementSeq);
    }

    AofManifest withoutHistory() {
        return new AofManifest(base, List.of(), increments, baseSeq, incrementSeq);
    }

    // ---- Text ----

    byte[] text() {
        var out = new StringBuilder();
        if (base != null) {
            line(out, base, 'b');
        }
        history.forEach(part -> line(out, part, 'h'));
        increments.forEach(part -> line(out, part, 'i'));
        return out.toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    private static void line(StringBuilder out, Part part, char type) {
        out.append("file ");
        name(out, part.name);
        out.append(" seq ").append(part.seq).append(" type ").append(type).append('\n');
    }

    private static void name(StringBuilder out, String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        var quoted = new StringBuilder();
        boolean needsQuotes = bytes.length == 0;
        for (byte each : bytes) {
            int c = each & 0xff;
            String escape = switch (c) {
                case '\\', '"' -> "\\" + (char) c;
                case '\n' -> "\\n";
                case '\r' -> "\\r";
                case '\t' -> "\\t";
                case 7 -> "\\a";
                case '\b' -> "\\b";
                default -> c >= ' ' && c < 0x7f ? String.valueOf((char) c) : "\\x%02x".formatted(c);
            };
            needsQuotes |= c == ' ' || c == '\'' || escape.length() > 1;
            quoted.append(escape);
        }
        if (needsQuotes) {
            out.append('"').append(quoted).append('"');
        } else {
            out.append(quoted);
        }
    }

    /** Reads a manifest as Redis does. */
    static AofManifest parse(byte[] text) throws BadManifestException {
        if (text.length == 0) {
            throw new BadManifestException(0, "", "Found an empty AOF manifest");
        }
        var manifest = EMPTY;
        int number = 0;
        int at = 0;
        while (at < text.length) {
            number++;
            int end = at;
            while (end < text.length && end - at < LINE_BYTES_MAX && text[end] != '\n') {
                end++;
            }
            String line = new String(text, at, end - at, StandardCharsets.ISO_8859_1);
            boolean isEnded = end < text.length && text[end] == '\n' && end - at < LINE_BYTES_MAX;
            at = end + 1;
            if (line.startsWith("#")) {
                continue;
            }
            String shown = line.strip();
            if (!isEnded) {
                throw new BadManifestException(number, shown, "The AOF manifest file contains too long line");
            }
            manifest = manifest.withLine(number, shown);
        }
        return manifest;
    }

    private AofManifest withLine(int number, String line) throws BadManifestException {
        var words = ArgumentLine.splitArguments(line.getBytes(StandardCharsets.ISO_8859_1));
        if (words == null || words.size() < 6 || words.size() % 2 != 0) {
            throw new BadManifestException(number, line, "Invalid AOF manifest file format");
        }
        String name = "";
        long seq = 0;
        char type = 0;
        for (int i = 0; i < words.size(); i += 2) {
            String value = new String(words.get(i + 1), StandardCharsets.UTF_8);
            switch (new String(words.get(i), StandardCharsets.ISO_8859_1)) {
                case "file" -> name = value;
                case "seq" -> seq = number(value);
                case "type" -> type = value.isEmpty() ? 0 : value.charAt(0);
                default -> {
                    // What newer versions add.
                }
            }
        }
        if (name.indexOf('/') >= 0 || name.equals("..") || name.equals(".")) {
            throw new BadManifestException(number, line, "File can't be a path, just a filename");
        }
        if (name.isEmpty() || seq == 0 || type == 0) {
            throw new BadManifestException(number, line, "Invalid AOF manifest file format");
        }
        return with(new Part(name, seq), type, number, line);
    }

    private AofManifest with(Part part, char type, int number, String line) throws BadManifestException {
        switch (type) {
            case 'b' -> {
                if (base != null) {
                    throw new BadManifestException(number, line, "Found duplicate base file information");
                }
                return new AofManifest(part, history, increments, part.seq, incrementSeq);
            }
            case 'h' -> {
                var more = new ArrayList<>(history);
                more.add(part);
                return new AofManifest(base, List.copyOf(more), increments, baseSeq, incrementSeq);
            }
            case 'i' -> {
                if (part.seq <= incrementSeq) {
                    throw new BadManifestException(number, line, "Found a non-monotonic sequence number");
                }
                var more = new ArrayList<>(increments);
                more.add(part);
                return new AofManifest(base, history, List.copyOf(more), baseSeq, part.seq);
            }
            default -> throw new BadManifestException(number, line, "Unknown AOF file type");
        }
    }

    private static long number(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException _) {
            return 0;
        }
    }
}
