package io.redoubt.command;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.DoublePredicate;

/** The sorted set commands on maps of Java, sorted where order matters. */
final class ZSetModel extends TypeModel<Map<String, Double>> {
    private static final Comparator<Map.Entry<String, Double>> ORDER =
            Map.Entry.<String, Double>comparingByValue().thenComparing(Map.Entry.comparingByKey());

    ZSetModel(SplittableRandom random, int nameCount) {
        super(random, nameCount);
    }

    @Override
    Map<String, Double> empty() {
        return new HashMap<>();
    }

    @Override
    boolean isEmpty(Map<String, Double> sorted) {
        return sorted.isEmpty();
    }

    // ---- Requests ----

    private String score() {
        return random.nextInt(30) == 0
                ? pick("inf", "-inf")
                : pick("", ".5").equals("") ? near(-9, 9) : near(1, 9) + ".5";
    }

    private String bound() {
        return pick("", "", "(") + score();
    }

    @Override
    String[] next() {
        String key = key();
        return switch (random.nextInt(24)) {
            case 0, 1, 2, 3, 4 -> add(key);
            case 5 -> request("ZADD", key, pick("GT", "LT", "XX", "NX"), pick("INCR"), near(-4, 4), name());
            case 6 -> request("ZINCRBY", key, near(-4, 4), name());
            case 7 -> named("ZREM", key);
            case 8 -> request("ZSCORE", key, name());
            case 9 -> named("ZMSCORE", key);
            case 10 -> request(pick("ZRANK", "ZREVRANK"), key, name());
            case 11 -> request("ZCARD", key);
            case 12 -> request("ZCOUNT", key, bound(), bound());
            case 13 -> request(pick("ZRANGE", "ZREVRANGE"), key, near(-30, 9), near(-9, 30), "WITHSCORES");
            case 14 -> request("ZRANGE", key, bound(), bound(), "BYSCORE", "LIMIT", near(0, 3), near(-1, 6));
            case 15 -> request("ZRANGE", key, bound(), bound(), "BYSCORE", "REV", "WITHSCORES");
            case 16 -> request(pick("ZRANGEBYSCORE", "ZREVRANGEBYSCORE"), key, bound(), bound());
            case 17 -> seldom() ? request("ZREMRANGEBYRANK", key, near(-9, 3), near(-3, 9)) : request("ZCARD", key);
            case 18 -> seldom() ? request("ZREMRANGEBYSCORE", key, bound(), bound()) : request("ZCARD", key);
            case 19 -> request(pick("ZPOPMIN", "ZPOPMAX"), key, near(0, 3));
            case 20 -> request("ZMPOP", "2", key, key(), pick("MIN", "MAX"), "COUNT", near(1, 3));
            case 21 ->
                request(
                        pick("ZUNIONSTORE", "ZINTERSTORE"),
                        pick("a", "b", "c"),
                        "2",
                        key,
                        key(),
                        "WEIGHTS",
                        near(1, 3),
                        near(1, 3),
                        "AGGREGATE",
                        pick("SUM", "MIN", "MAX"));
            case 22 -> request(pick("ZUNION", "ZINTER", "ZDIFF"), "2", key, key(), "WITHSCORES");
            default ->
                seldom() ? request("DEL", key.equals(TEXT) ? "a" : key) : request("ZDIFFSTORE", "a", "2", "a", "b");
        };
    }

    private String[] add(String key) {
        var words = new ArrayList<>(List.of("ZADD", key));
        switch (random.nextInt(6)) {
            case 0 -> words.add(pick("NX", "XX"));
            case 1 -> words.add(pick("GT", "LT"));
            case 2 -> words.addAll(List.of("XX", pick("GT", "LT")));
            default -> {}
        }
        if (random.nextInt(3) == 0) {
            words.add("CH");
        }
        for (String name : named()) {
            words.addAll(List.of(score(), name));
        }
        return words.toArray(String[]::new);
    }

    // ---- What they do ----

    @Override
    String run(String[] words) {
        String key = words[1];
        return switch (words[0]) {
            case "ZADD" -> runAdd(words);
            case "ZINCRBY" -> runAdd(request("ZADD", key, "INCR", words[2], words[3]));
            case "ZREM" -> {
                var sorted = found(key);
                int before = sorted.size();
                Arrays.asList(words).subList(2, words.length).forEach(sorted::remove);
                put(key, sorted);
                yield number(before - sorted.size());
            }
            case "ZSCORE" -> score(found(key).get(words[2]));
            case "ZMSCORE" -> {
                var sorted = found(key);
                yield array(Arrays.stream(words)
                        .skip(2)
                        .map(name -> score(sorted.get(name)))
                        .toList());
            }
            case "ZRANK", "ZREVRANK" -> rank(found(key), words[2], words[0].equals("ZREVRANK"));
            case "ZCARD" -> number(found(key).size());
            case "ZCOUNT" -> number(between(found(key), words[2], words[3]).size());
            case "ZRANGE", "ZREVRANGE", "ZRANGEBYSCORE", "ZREVRANGEBYSCORE" -> range(words);
            case "ZREMRANGEBYRANK" ->
                remove(key, slice(ordered(found(key)), Integer.parseInt(words[2]), Integer.parseInt(words[3])));
            case "ZREMRANGEBYSCORE" -> remove(key, between(found(key), words[2], words[3]));
            case "ZPOPMIN", "ZPOPMAX" -> {
                var taken = take(key, words[0].endsWith("MAX"), Integer.parseInt(words[2]));
                yield scored(taken);
            }
            case "ZMPOP" -> popOfMany(words);
            case "ZUNIONSTORE", "ZINTERSTORE", "ZDIFFSTORE" -> {
                var result = combined(words, 3);
                put(key, result);
                yield number(result.size());
            }
            case "ZUNION", "ZINTER", "ZDIFF" -> scored(ordered(combined(words, 2)));
            default -> throw new IllegalArgumentException(words[0]);
        };
    }

    private String score(@org.jspecify.annotations.Nullable Double score) {
        return score == null ? nil() : real(score);
    }

    static double parse(String score) {
        return switch (score) {
            case "inf" -> Double.POSITIVE_INFINITY;
            case "-inf" -> Double.NEGATIVE_INFINITY;
            default -> Double.parseDouble(score);
        };
    }

    private String runAdd(String[] words) {
        int at = 2;
        var options = new ArrayList<String>();
        while (List.of("NX", "XX", "GT", "LT", "CH", "INCR").contains(words[at])) {
            options.add(words[at++]);
        }
        boolean increments = options.contains("INCR");
        var sorted = found(words[1]);
        int added = 0;
        int changed = 0;
        String result = nil();
        for (; at < words.length; at += 2) {
            double score = parse(words[at]);
            Double old = sorted.get(words[at + 1]);
            if (options.contains(old == null ? "XX" : "NX")) {
                continue;
            }
            if (old != null && increments) {
                score += old;
            }
            if (old != null && (options.contains("GT") && score <= old || options.contains("LT") && score >= old)) {
                continue;
            }
            sorted.put(words[at + 1], score);
            added += old == null ? 1 : 0;
            changed += old != null && old != score ? 1 : 0;
            result = real(score);
        }
        put(words[1], sorted);
        return increments ? result : number(options.contains("CH") ? added + changed : added);
    }

    private static List<Map.Entry<String, Double>> ordered(Map<String, Double> sorted) {
        // Copies: entries of the map would change with it.
        return sorted.entrySet().stream()
                .map(entry -> Map.entry(entry.getKey(), entry.getValue()))
                .sorted(ORDER)
                .toList();
    }

    private static DoublePredicate beyond(String bound, boolean isLeast) {
        boolean isOpen = bound.startsWith("(");
        double limit = parse(isOpen ? bound.substring(1) : bound);
        return score -> isLeast ? isOpen ? score > limit : score >= limit : isOpen ? score < limit : score <= limit;
    }

    private static List<Map.Entry<String, Double>> between(Map<String, Double> sorted, String least, String most) {
        var above = beyond(least, true);
        var below = beyond(most, false);
        return ordered(sorted).stream()
                .filter(entry -> above.test(entry.getValue()) && below.test(entry.getValue()))
                .toList();
    }

    private String rank(Map<String, Double> sorted, String name, boolean isReversed) {
        var names = ordered(sorted).stream().map(Map.Entry::getKey).toList();
        int at = names.indexOf(name);
        return at < 0 ? nil() : number(isReversed ? names.size() - 1 - at : at);
    }

    private String range(String[] words) {
        var options = Arrays.asList(words).subList(4, words.length);
        boolean isReversed = words[0].startsWith("ZREV") || options.contains("REV");
        List<Map.Entry<String, Double>> entries;
        if (words[0].endsWith("BYSCORE") || options.contains("BYSCORE")) {
            entries = isReversed
                    ? between(found(words[1]), words[3], words[2]).reversed()
                    : between(found(words[1]), words[2], words[3]);
            int limit = options.indexOf("LIMIT");
            if (limit >= 0) {
                int count = Integer.parseInt(options.get(limit + 2));
                entries = entries.stream()
                        .skip(Integer.parseInt(options.get(limit + 1)))
                        .limit(count < 0 ? Long.MAX_VALUE : count)
                        .toList();
            }
        } else {
            var all = ordered(found(words[1]));
            entries = slice(isReversed ? all.reversed() : all, Integer.parseInt(words[2]), Integer.parseInt(words[3]));
        }
        return options.contains("WITHSCORES")
                ? scored(entries)
                : bulks(entries.stream().map(Map.Entry::getKey).toList());
    }

    /** Members and scores: in turn in RESP2, in pairs in RESP3. */
    private String scored(List<Map.Entry<String, Double>> entries) {
        return isResp3() ? paired(entries) : array(flat(entries));
    }

    private String paired(List<Map.Entry<String, Double>> entries) {
        return array(entries.stream()
                .map(entry -> array(List.of(bulk(entry.getKey()), real(entry.getValue()))))
                .toList());
    }

    private List<String> flat(List<Map.Entry<String, Double>> entries) {
        var replies = new ArrayList<String>();
        entries.forEach(entry -> replies.addAll(List.of(bulk(entry.getKey()), real(entry.getValue()))));
        return replies;
    }

    private String remove(String key, List<Map.Entry<String, Double>> entries) {
        var sorted = found(key);
        entries.forEach(entry -> sorted.remove(entry.getKey()));
        put(key, sorted);
        return number(entries.size());
    }

    private List<Map.Entry<String, Double>> take(String key, boolean isGreatest, int count) {
        var all = ordered(found(key));
        var taken = (isGreatest ? all.reversed() : all).stream().limit(count).toList();
        remove(key, taken);
        return taken;
    }

    private String popOfMany(String[] words) {
        for (int i = 2; i < 4; i++) {
            if (find(words[i]) != null) {
                var taken = take(words[i], words[4].equals("MAX"), Integer.parseInt(words[6]));
                return array(List.of(bulk(words[i]), paired(taken)));
            }
        }
        return nilArray();
    }

    /** Combines two sorted sets, which begin at a word. */
    private Map<String, Double> combined(String[] words, int at) {
        boolean isWeighted = words.length > at + 3;
        var sets = new ArrayList<Map<String, Double>>();
        for (int i = 0; i < 2; i++) {
            double weight = isWeighted ? Double.parseDouble(words[at + 3 + i]) : 1;
            var set = new HashMap<String, Double>();
            found(words[at + i]).forEach((name, score) -> set.put(name, orZero(score * weight)));
            sets.add(set);
        }
        String aggregate = isWeighted ? words[at + 6] : "SUM";
        var result = new HashMap<>(sets.getFirst());
        var other = sets.getLast();
        if (words[0].startsWith("ZDIFF")) {
            result.keySet().removeAll(found(words[at + 1]).keySet());
            return result;
        }
        if (words[0].startsWith("ZINTER")) {
            result.keySet().retainAll(other.keySet());
            other.keySet().retainAll(result.keySet());
        }
        other.forEach((name, score) -> result.merge(name, score, (one, two) -> switch (aggregate) {
            case "MIN" -> Math.min(one, two);
            case "MAX" -> Math.max(one, two);
            default -> orZero(one + two);
        }));
        return result;
    }

    /** The sum of both infinities counts as 0. */
    private static double orZero(double number) {
        return Double.isNaN(number) ? 0 : number;
    }
}
