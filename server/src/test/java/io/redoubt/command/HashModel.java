package io.redoubt.command;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/** The hash commands on maps of Java. */
final class HashModel extends TypeModel<Map<String, String>> {
    private static final BigInteger LONG_MIN = BigInteger.valueOf(Long.MIN_VALUE);
    private static final BigInteger LONG_MAX = BigInteger.valueOf(Long.MAX_VALUE);

    HashModel(SplittableRandom random, int nameCount) {
        super(random, nameCount);
    }

    @Override
    Map<String, String> empty() {
        return new TreeMap<>();
    }

    @Override
    boolean isEmpty(Map<String, String> hash) {
        return hash.isEmpty();
    }

    @Override
    String[] next() {
        String key = key();
        return switch (random.nextInt(18)) {
            case 0, 1, 2, 3, 4, 5 -> pairs(pick("HSET", "HMSET"), key);
            case 6 -> request("HSETNX", key, name(), name());
            case 7 -> request("HGET", key, name());
            case 8 -> named("HMGET", key);
            case 9 -> named("HDEL", key);
            case 10 -> request("HLEN", key);
            case 11 -> request("HEXISTS", key, name());
            case 12 -> request("HSTRLEN", key, name());
            case 13 -> request(pick("HKEYS", "HVALS", "HGETALL"), key);
            case 14 ->
                seldom()
                        ? request("HINCRBY", key, "large", pick("4611686018427387904", "-4611686018427387904"))
                        : request("HINCRBY", key, name(), pick("1", "-3", "1000000007"));
            case 15 -> request("HINCRBYFLOAT", key, name(), pick("1.5", "-0.25", "3", "1000.125"));
            case 16 -> seldom() ? request("DEL", key.equals(TEXT) ? "a" : key) : request("HLEN", key);
            default -> request("HGETALL", key);
        };
    }

    private String[] pairs(String command, String key) {
        var words = new ArrayList<>(Arrays.asList(named(command, key)));
        if (words.size() % 2 != 0) {
            words.add(name());
        }
        return words.toArray(String[]::new);
    }

    @Override
    String run(String[] words) {
        String key = words[1];
        return switch (words[0]) {
            case "HSET", "HMSET" -> set(words);
            case "HSETNX" -> {
                var hash = found(key);
                boolean isNew = hash.putIfAbsent(words[2], words[3]) == null;
                put(key, hash);
                yield number(isNew ? 1 : 0);
            }
            case "HGET" -> bulk(found(key).get(words[2]));
            case "HMGET" -> {
                var hash = found(key);
                yield array(Arrays.stream(words)
                        .skip(2)
                        .map(field -> bulk(hash.get(field)))
                        .toList());
            }
            case "HDEL" -> {
                var hash = found(key);
                int before = hash.size();
                Arrays.asList(words).subList(2, words.length).forEach(hash::remove);
                put(key, hash);
                yield number(before - hash.size());
            }
            case "HLEN" -> number(found(key).size());
            case "HEXISTS" -> number(found(key).containsKey(words[2]) ? 1 : 0);
            case "HSTRLEN" -> number(found(key).getOrDefault(words[2], "").length());
            case "HKEYS" -> bulks(found(key).keySet());
            case "HVALS" -> bulks(found(key).values());
            case "HGETALL" -> {
                var all = new ArrayList<String>();
                found(key).forEach((field, value) -> all.addAll(List.of(bulk(field), bulk(value))));
                yield mapOf(all);
            }
            case "HINCRBY" -> add(words);
            case "HINCRBYFLOAT" -> addReal(words);
            default -> throw new IllegalArgumentException(words[0]);
        };
    }

    private String set(String[] words) {
        var hash = found(words[1]);
        int before = hash.size();
        for (int i = 2; i < words.length; i += 2) {
            hash.put(words[i], words[i + 1]);
        }
        put(words[1], hash);
        return words[0].equals("HMSET") ? OK : number(hash.size() - before);
    }

    private String add(String[] words) {
        var hash = found(words[1]);
        String old = hash.getOrDefault(words[2], "0");
        if (!StringModel.isInteger(old)) {
            return "-ERR hash value is not an integer\r\n";
        }
        var sum = new BigInteger(old).add(new BigInteger(words[3]));
        if (sum.compareTo(LONG_MIN) < 0 || sum.compareTo(LONG_MAX) > 0) {
            return "-ERR increment or decrement would overflow\r\n";
        }
        hash.put(words[2], sum.toString());
        put(words[1], hash);
        return number(sum.longValue());
    }

    private String addReal(String[] words) {
        var hash = found(words[1]);
        String old = hash.getOrDefault(words[2], "0");
        if (!old.matches("-?[0-9]+(\\.[0-9]+)?")) {
            return "-ERR hash value is not a float\r\n";
        }
        var sum = new BigDecimal(old).add(new BigDecimal(words[3]));
        String text = sum.signum() == 0 ? "0" : sum.stripTrailingZeros().toPlainString();
        hash.put(words[2], text);
        put(words[1], hash);
        return bulk(text);
    }
}
