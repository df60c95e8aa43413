package io.redoubt.command;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** Commands of strings and their bits on strings of Java. Expiry and options in full are those of {@link StringModel}. */
final class TextModel extends TypeModel<String> {
    private static final String NOT_AN_INTEGER = "-ERR value is not an integer or out of range\r\n";

    TextModel(SplittableRandom random, int nameCount) {
        super(random, nameCount);
    }

    @Override
    String empty() {
        return "";
    }

    @Override
    boolean isEmpty(String text) {
        return false; // SET keeps an empty string.
    }

    private String value() {
        return random.nextInt(3) == 0 ? near(-99, 99) : name();
    }

    /** Not the key of another type, which these would replace. */
    private String ownKey() {
        return pick("a", "b", "c");
    }

    @Override
    String[] next() {
        String key = key();
        return switch (random.nextInt(19)) {
            case 0, 1 -> request("SET", ownKey(), value());
            case 2 -> request("SET", ownKey(), value(), pick("NX", "XX"));
            case 3 -> request("SET", key, value(), "GET", "XX");
            case 4, 5 -> request("GET", key);
            case 6 -> request("APPEND", key, value());
            case 7 -> request("STRLEN", key);
            case 8 -> request("SETRANGE", key, near(0, 60), name());
            case 9 -> request("GETRANGE", key, near(-40, 20), near(-20, 40));
            case 10 -> request(pick("INCR", "DECR"), key);
            case 11 -> request(pick("INCRBY", "DECRBY"), key, pick("7", "-4", "9223372036854775807"));
            case 12 -> request("GETSET", key, value());
            case 13 -> request("GETDEL", key);
            case 14 -> request("MSET", ownKey(), value(), ownKey(), value());
            case 15 -> request("MGET", key, key(), ownKey());
            case 16 -> request("SETBIT", key, near(0, 300), pick("0", "1"));
            case 17 -> request("GETBIT", key, near(0, 300));
            default -> seldom() ? request("DEL", ownKey()) : request("BITCOUNT", key);
        };
    }

    @Override
    String run(String[] words) {
        String key = words[1];
        return switch (words[0]) {
            case "SET" -> set(words);
            case "GET" -> bulk(find(key));
            case "APPEND" -> number(kept(key, found(key) + words[2]).length());
            case "STRLEN" -> number(found(key).length());
            case "SETRANGE" -> setRange(key, Integer.parseInt(words[2]), words[3]);
            case "GETRANGE" -> range(found(key), Integer.parseInt(words[2]), Integer.parseInt(words[3]));
            case "INCR" -> add(key, BigInteger.ONE);
            case "DECR" -> add(key, BigInteger.ONE.negate());
            case "INCRBY" -> add(key, new BigInteger(words[2]));
            case "DECRBY" -> add(key, new BigInteger(words[2]).negate());
            case "GETSET" -> {
                String old = find(key);
                put(key, words[2]);
                yield bulk(old);
            }
            case "GETDEL" -> {
                String old = find(key);
                remove(key);
                yield bulk(old);
            }
            case "MSET" -> {
                put(key, words[2]);
                put(words[3], words[4]);
                yield OK;
            }
            case "MGET" ->
                array(Arrays.stream(words)
                        .skip(1)
                        .map(one -> bulk(one.equals(TEXT) ? null : find(one)))
                        .toList());
            case "SETBIT" -> setBit(key, Integer.parseInt(words[2]), words[3].equals("1"));
            case "GETBIT" -> number(bit(found(key), Integer.parseInt(words[2])));
            case "BITCOUNT" -> number(found(key).chars().map(Integer::bitCount).sum());
            default -> throw new IllegalArgumentException(words[0]);
        };
    }

    private String kept(String key, String text) {
        put(key, text);
        return text;
    }

    private String set(String[] words) {
        var options = new ArrayList<>(Arrays.asList(words).subList(3, words.length));
        @Nullable String old = find(words[1]);
        boolean isSet = !options.contains("NX") && !options.contains("XX") || options.contains("XX") == (old != null);
        if (isSet) {
            put(words[1], words[2]);
        }
        return options.contains("GET") ? bulk(old) : isSet ? OK : nil();
    }

    private static String filled(String text, int length) {
        return text + "\0".repeat(Math.max(0, length - text.length()));
    }

    private String setRange(String key, int offset, String part) {
        String text = filled(found(key), offset + part.length());
        return number(kept(key, text.substring(0, offset) + part + text.substring(offset + part.length()))
                .length());
    }

    private String range(String text, int start, int stop) {
        int from = Math.max(0, start < 0 ? text.length() + start : start);
        int to = Math.min(text.length() - 1, Math.max(0, stop < 0 ? text.length() + stop : stop));
        boolean isEmpty = start < 0 && stop < 0 && start > stop || from > to || text.isEmpty();
        return bulk(isEmpty ? "" : text.substring(from, to + 1));
    }

    private String add(String key, BigInteger amount) {
        String old = find(key);
        String text = old == null ? "0" : old;
        if (!StringModel.isInteger(text)) {
            return NOT_AN_INTEGER;
        }
        var sum = new BigInteger(text).add(amount);
        if (sum.bitLength() > 63) {
            return "-ERR increment or decrement would overflow\r\n";
        }
        return number(Long.parseLong(kept(key, sum.toString())));
    }

    private static int bit(String text, int offset) {
        return offset / 8 >= text.length() ? 0 : text.charAt(offset / 8) >> 7 - offset % 8 & 1;
    }

    private String setBit(String key, int offset, boolean isOn) {
        int old = bit(found(key), offset);
        var text = new StringBuilder(filled(found(key), offset / 8 + 1));
        int mask = 1 << 7 - offset % 8;
        int with = text.charAt(offset / 8) | mask;
        text.setCharAt(offset / 8, (char) (isOn ? with : with ^ mask));
        put(key, text.toString());
        return number(old);
    }
}
