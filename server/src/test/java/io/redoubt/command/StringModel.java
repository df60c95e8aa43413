package io.redoubt.command;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** What string commands do, on a plain map of plain strings: the model that {@link StringCommands} is compared with. */
final class StringModel {
    /** A value: its bytes as chars, the word of OBJECT ENCODING, and when it expires, or -1. */
    record Value(String text, String encoding, long expiry) {
        static Value of(String text, long expiry) {
            String encoding = isInteger(text) ? "int" : text.length() <= 44 ? "embstr" : "raw";
            return new Value(text, encoding, expiry);
        }
    }

    private static final BigInteger LONG_MIN = BigInteger.valueOf(Long.MIN_VALUE);
    private static final BigInteger LONG_MAX = BigInteger.valueOf(Long.MAX_VALUE);
    private static final String OK = "+OK\r\n";
    private static final String NIL = "$-1\r\n";
    private static final String NOT_AN_INTEGER = "-ERR value is not an integer or out of range\r\n";
    private static final String TOO_LONG = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n";

    private final Map<String, Value> map = new HashMap<>();
    private final long valueBytesMax;
    long nowMillis;

    StringModel(long valueBytesMax) {
        this.valueBytesMax = valueBytesMax;
    }

    static boolean isInteger(String text) {
        if (!text.matches("0|-?[1-9][0-9]{0,18}")) {
            return false;
        }
        var number = new BigInteger(text);
        return number.compareTo(LONG_MIN) >= 0 && number.compareTo(LONG_MAX) <= 0;
    }

    @Nullable
    Value find(String key) {
        var value = map.get(key);
        if (value != null && value.expiry >= 0 && value.expiry <= nowMillis) {
            map.remove(key);
            return null;
        }
        return value;
    }

    private String textAt(String key) {
        var value = find(key);
        return value == null ? "" : value.text;
    }

    private static String bulk(@Nullable Value value) {
        return value == null ? NIL : bulk(value.text);
    }

    private static String bulk(String text) {
        return "$" + text.length() + "\r\n" + text + "\r\n";
    }

    private static String number(Object number) {
        return ":" + number + "\r\n";
    }

    /** Does what a request asks for and returns the reply, in RESP2. */
    String apply(String... request) {
        return switch (request[0]) {
            case "GET" -> bulk(find(request[1]));
            case "SET" -> set(request);
            case "SETNX" -> number(setIf(request, () -> find(request[1]) == null));
            case "SETEX" -> set("SET", request[1], request[3], "EX", request[2]).replace("'set'", "'setex'");
            case "PSETEX" ->
                set("SET", request[1], request[3], "PX", request[2]).replace("'set'", "'psetex'");
            case "GETSET" -> set("SET", request[1], request[2], "GET");
            case "GETDEL" -> {
                var old = find(request[1]);
                map.remove(request[1]);
                yield bulk(old);
            }
            case "GETEX" -> getex(request);
            case "MSET" -> {
                setIf(request, () -> true);
                yield OK;
            }
            case "MSETNX" -> number(setIf(request, () -> !anyExists(request)));
            case "MGET" -> {
                var reply = new StringBuilder("*" + (request.length - 1) + "\r\n");
                for (int i = 1; i < request.length; i++) {
                    reply.append(bulk(find(request[i])));
                }
                yield reply.toString();
            }
            case "APPEND" -> append(request[1], request[2]);
            case "SETRANGE" -> setrange(request[1], request[2], request[3]);
            case "GETRANGE", "SUBSTR" -> getrange(request[1], request[2], request[3]);
            case "STRLEN" -> number(textAt(request[1]).length());
            case "INCR" -> add(request[1], BigInteger.ONE);
            case "DECR" -> add(request[1], BigInteger.ONE.negate());
            case "INCRBY" -> isInteger(request[2]) ? add(request[1], new BigInteger(request[2])) : NOT_AN_INTEGER;
            case "DECRBY" -> decrby(request[1], request[2]);
            case "DELIFEQ" -> deleteIf(request[1], "IFEQ", request[2]);
            case "DELEX" ->
                request.length == 2 ? deleteIf(request[1], "", "") : deleteIf(request[1], request[2], request[3]);
            case "MSETEX" -> msetex(request);
            default -> throw new IllegalArgumentException(request[0]);
        };
    }

    private boolean anyExists(String[] request) {
        for (int i = 1; i < request.length; i += 2) {
            if (find(request[i]) != null) {
                return true;
            }
        }
        return false;
    }

    private int setIf(String[] request, BooleanSupplier condition) {
        if (!condition.getAsBoolean()) {
            return 0;
        }
        for (int i = 1; i < request.length; i += 2) {
            map.put(request[i], Value.of(request[i + 1], -1));
        }
        return 1;
    }

    /** The time that an option gives, or an error's text. */
    private Object time(String command, String unit, String text) {
        if (!isInteger(text)) {
            return NOT_AN_INTEGER;
        }
        var time = new BigInteger(text);
        var millis = unit.startsWith("EX") ? time.multiply(BigInteger.valueOf(1000)) : time;
        if (!unit.endsWith("AT")) {
            millis = millis.add(BigInteger.valueOf(nowMillis));
        }
        if (time.signum() <= 0 || millis.compareTo(LONG_MAX) > 0) {
            return "-ERR invalid expire time in '" + command + "' command\r\n";
        }
        return millis.longValue();
    }

    private String set(String... request) {
        var options = Arrays.asList(request).subList(3, request.length);
        var old = find(request[1]);
        long expiry = -1;
        boolean holds = true;
        for (int i = 0; i < options.size(); i++) {
            switch (options.get(i)) {
                case "NX" -> holds = old == null;
                case "XX" -> holds = old != null;
                case "IFEQ" -> holds = old != null && old.text.equals(options.get(++i));
                case "IFNE" -> holds = old == null || !old.text.equals(options.get(++i));
                case "KEEPTTL" -> expiry = old == null ? -1 : old.expiry;
                case "EX", "PX" -> {
                    if (!(time("set", options.get(i), options.get(++i)) instanceof Long millis)) {
                        return (String) time("set", options.get(i - 1), options.get(i));
                    }
                    expiry = millis;
                }
                default -> {} // GET, or a value that was compared with where there was nothing.
            }
        }
        if (holds) {
            map.put(request[1], Value.of(request[2], expiry));
        }
        if (options.contains("GET")) {
            return bulk(old);
        }
        return holds ? OK : NIL;
    }

    private String getex(String... request) {
        var value = find(request[1]);
        if (value == null || request.length == 2) {
            return bulk(value);
        }
        long expiry = -1;
        if (request.length == 4) {
            if (!(time("getex", request[2], request[3]) instanceof Long millis)) {
                return (String) time("getex", request[2], request[3]);
            }
            expiry = millis;
        }
        map.put(request[1], new Value(value.text, value.encoding, expiry));
        return bulk(value);
    }

    private String append(String key, String added) {
        var old = find(key);
        if (old == null) {
            map.put(key, Value.of(added, -1));
            return number(added.length());
        }
        if (old.text.length() + added.length() > valueBytesMax) {
            return TOO_LONG;
        }
        map.put(key, new Value(old.text + added, "raw", old.expiry));
        return number(old.text.length() + added.length());
    }

    private String setrange(String key, String offset, String part) {
        if (!isInteger(offset)) {
            return NOT_AN_INTEGER;
        }
        if (offset.startsWith("-")) {
            return "-ERR offset is out of range\r\n";
        }
        var old = find(key);
        String before = textAt(key);
        if (part.isEmpty()) {
            return number(before.length());
        }
        if (new BigInteger(offset).add(BigInteger.valueOf(part.length())).compareTo(BigInteger.valueOf(valueBytesMax))
                > 0) {
            return TOO_LONG;
        }
        int start = Integer.parseInt(offset);
        var text = new StringBuilder(before);
        while (text.length() < start) {
            text.append('\0');
        }
        text.replace(start, Math.min(text.length(), start + part.length()), part);
        map.put(key, new Value(text.toString(), "raw", old == null ? -1 : old.expiry));
        return number(text.length());
    }

    private String getrange(String key, String from, String to) {
        if (!isInteger(from) || !isInteger(to)) {
            return NOT_AN_INTEGER;
        }
        String text = textAt(key);
        var part = new StringBuilder();
        long first = Long.parseLong(from);
        long last = Long.parseLong(to);
        if (first < 0 && last < 0 && first > last) {
            return bulk("");
        }
        first = first < 0 ? Math.max(0, text.length() + first) : first;
        last = last < 0 ? Math.max(0, text.length() + last) : last;
        for (int i = 0; i < text.length(); i++) {
            if (i >= first && i <= last) {
                part.append(text.charAt(i));
            }
        }
        return bulk(part.toString());
    }

    private String decrby(String key, String step) {
        if (!isInteger(step)) {
            return NOT_AN_INTEGER;
        }
        if (new BigInteger(step).equals(LONG_MIN)) {
            return "-ERR decrement would overflow\r\n";
        }
        return add(key, new BigInteger(step).negate());
    }

    private String add(String key, BigInteger step) {
        var old = find(key);
        if (old != null && !isInteger(old.text)) {
            return NOT_AN_INTEGER;
        }
        var sum = (old == null ? BigInteger.ZERO : new BigInteger(old.text)).add(step);
        if (sum.compareTo(LONG_MIN) < 0 || sum.compareTo(LONG_MAX) > 0) {
            return "-ERR increment or decrement would overflow\r\n";
        }
        map.put(key, Value.of(sum.toString(), old == null ? -1 : old.expiry));
        return number(sum);
    }

    private String deleteIf(String key, String condition, String text) {
        var old = find(key);
        if (old == null
                || condition.equals("IFEQ") && !old.text.equals(text)
                || condition.equals("IFNE") && old.text.equals(text)) {
            return number(0);
        }
        map.remove(key);
        return number(1);
    }

    private String msetex(String... request) {
        int end = 2 + 2 * Integer.parseInt(request[1]);
        var options = Arrays.asList(request).subList(end, request.length);
        Object expiry = -1L;
        for (String unit : new String[] {"EX", "PX"}) {
            if (options.contains(unit)) {
                expiry = time("msetex", unit, options.getLast());
            }
        }
        if (!(expiry instanceof Long millis)) {
            return (String) expiry;
        }
        for (int i = 2; i < end; i += 2) {
            boolean exists = find(request[i]) != null;
            if (options.contains("NX") && exists || options.contains("XX") && !exists) {
                return number(0);
            }
        }
        for (int i = 2; i < end; i += 2) {
            var old = find(request[i]);
            boolean keeps = options.contains("KEEPTTL") && old != null;
            map.put(request[i], Value.of(request[i + 1], keeps ? old.expiry : millis));
        }
        return number(1);
    }
}
