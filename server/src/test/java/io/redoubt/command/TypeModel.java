package io.redoubt.command;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * What the commands of one type do, on Java's collections, and random requests to them: few keys, one of which holds a
 * string. Requests depend on the seed alone, never on replies. Text is bytes, one char each.
 *
 * @param <T> what a key of the type holds
 */
abstract class TypeModel<T> {
    static final String OK = "+OK\r\n";
    /** The key of another type. */
    static final String TEXT = "text";

    private static final String WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
    private static final List<String> KEYS = List.of("a", "b", "c");

    final SplittableRandom random;
    private final int nameCount;
    private final Map<String, T> values = new HashMap<>();
    private int protocol = 2;

    /** A key holds a string. */
    private static final class WrongType extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    TypeModel(SplittableRandom random, int nameCount) {
        this.random = random;
        this.nameCount = nameCount;
    }

    /** Chooses RESP2 or RESP3 for the replies. */
    void setProtocol(int version) {
        protocol = version;
    }

    /** Returns a request. */
    abstract String[] next();

    /** Does what a request asks for, and returns the reply. */
    abstract String run(String[] request);

    final String apply(String[] request) {
        try {
            return request[0].equals("DEL") ? number(values.remove(request[1]) == null ? 0 : 1) : run(request);
        } catch (WrongType _) {
            return WRONG_TYPE;
        }
    }

    // ---- Values ----

    @Nullable
    T find(String key) {
        if (key.equals(TEXT)) {
            throw new WrongType();
        }
        return values.get(key);
    }

    /** Returns what a key holds, or what an absent key counts as. */
    T found(String key) {
        return Objects.requireNonNullElseGet(find(key), this::empty);
    }

    /** Keeps a value at a key, which is gone when the value is empty. */
    void put(String key, T value) {
        if (isEmpty(value)) {
            values.remove(key);
        } else {
            values.put(key, value);
        }
    }

    void remove(String key) {
        values.remove(key);
    }

    abstract T empty();

    abstract boolean isEmpty(T value);

    // ---- Requests ----

    String key() {
        return random.nextInt(40) == 0 ? TEXT : KEYS.get(random.nextInt(KEYS.size()));
    }

    String pick(String... choices) {
        return choices[random.nextInt(choices.length)];
    }

    /** Returns a number, in few digits. */
    String near(int least, int most) {
        return Integer.toString(random.nextInt(least, most + 1));
    }

    String name() {
        int number = random.nextInt(nameCount);
        return switch (number % 4) {
            case 0 -> Integer.toString(number * 37 - 200);
            case 1 -> "n" + number;
            case 2 -> "\u00ff\u0000" + number;
            default -> number % 50 == 3 ? "long".repeat(20) + number : Long.toString(number * 1_000_003L * 1_000_003L);
        };
    }

    String[] request(String... words) {
        return words;
    }

    /** Returns a request with some names at its end. */
    String[] named(String... first) {
        var words = new ArrayList<>(List.of(first));
        for (int i = random.nextInt(nameCount > 100 ? 20 : 4); i >= 0; i--) {
            words.add(name());
        }
        return words.toArray(String[]::new);
    }

    /** Rarely, so that values can grow. */
    boolean seldom() {
        return random.nextInt(12) == 0;
    }

    // ---- Replies ----

    static String number(long number) {
        return ":" + number + "\r\n";
    }

    String nil() {
        return protocol == 2 ? "$-1\r\n" : "_\r\n";
    }

    String nilArray() {
        return protocol == 2 ? "*-1\r\n" : "_\r\n";
    }

    String bulk(@Nullable String text) {
        return text == null ? nil() : "$" + text.length() + "\r\n" + text + "\r\n";
    }

    String real(double number) {
        String text = Double.isInfinite(number) ? number > 0 ? "inf" : "-inf" : digits(number);
        return protocol == 2 ? bulk(text) : "," + text + "\r\n";
    }

    /** As by {@code %.17g} in C. */
    private static String digits(double number) {
        if (number == 0) {
            return 1 / number < 0 ? "-0" : "0";
        }
        var rounded = new BigDecimal(number).round(new MathContext(17)).stripTrailingZeros();
        int exponent = rounded.precision() - rounded.scale() - 1;
        if (exponent >= -4 && exponent < 17) {
            return rounded.toPlainString();
        }
        String power = (exponent < 0 ? "e-" : "e+") + (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
        return rounded.movePointLeft(exponent).toPlainString() + power;
    }

    static String array(Collection<String> replies) {
        return "*" + replies.size() + "\r\n" + String.join("", replies);
    }

    String bulks(Collection<String> texts) {
        return array(texts.stream().map(this::bulk).toList());
    }

    String setOf(Collection<String> texts) {
        String array = bulks(texts);
        return protocol == 2 ? array : "~" + array.substring(1);
    }

    /** Keys and values in turn. */
    String mapOf(List<String> replies) {
        return protocol == 2 ? array(replies) : "%" + replies.size() / 2 + "\r\n" + String.join("", replies);
    }

    boolean isResp3() {
        return protocol == 3;
    }

    // ---- Ranges ----

    /** Returns the part of a list from one index to another, which count from the end when negative. */
    static <E> List<E> slice(List<E> list, int start, int stop) {
        int from = Math.max(0, start < 0 ? list.size() + start : start);
        int to = Math.min(list.size() - 1, stop < 0 ? list.size() + stop : stop);
        return from > to ? List.of() : list.subList(from, to + 1);
    }
}
