package io.redoubt.command;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Reads a RESP2 reply: a String, a Long, a List or, for no value, {@code NIL}. */
public final class ReplyReader {
    private static final String NIL = "(nil)";

    private ReplyReader() {}

    /** Reads one reply. */
    public static Object read(InputStream in) {
        try {
            String line = line(in);
            String rest = line.substring(1);
            return switch (line.charAt(0)) {
                case '+', '-' -> rest;
                case ':' -> Long.valueOf(rest);
                case '$' -> bulk(in, Integer.parseInt(rest));
                case '*' -> {
                    var elements = new ArrayList<Object>();
                    for (int i = Integer.parseInt(rest); i > 0; i--) {
                        elements.add(read(in));
                    }
                    yield elements;
                }
                default -> throw new IOException("no RESP2: " + line);
            };
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static String bulk(InputStream in, int length) throws IOException {
        if (length < 0) {
            return NIL;
        }
        byte[] bytes = in.readNBytes(length);
        line(in);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static String line(InputStream in) throws IOException {
        var line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new EOFException("the reply ends early");
            }
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }

    /** A reply that is an array. */
    public static List<?> list(Object reply) {
        return (List<?>) reply;
    }

    /** Makes a map of names and values that alternate. */
    public static Map<String, Object> map(Object reply) {
        var elements = list(reply);
        return IntStream.range(0, elements.size() / 2)
                .boxed()
                .collect(Collectors.toMap(i -> (String) elements.get(2 * i), i -> elements.get(2 * i + 1)));
    }
}
