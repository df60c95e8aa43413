package io.redoubt.command;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;

/** The set commands on sets of Java. */
final class SetModel extends TypeModel<Set<String>> {
    SetModel(SplittableRandom random, int nameCount) {
        super(random, nameCount);
    }

    @Override
    Set<String> empty() {
        return new TreeSet<>();
    }

    @Override
    boolean isEmpty(Set<String> set) {
        return set.isEmpty();
    }

    @Override
    String[] next() {
        String key = key();
        return switch (random.nextInt(17)) {
            case 0, 1, 2, 3, 4, 5 -> named("SADD", key);
            case 6 -> named("SREM", key);
            case 7 -> request("SISMEMBER", key, name());
            case 8 -> named("SMISMEMBER", key);
            case 9 -> request("SCARD", key);
            case 10 -> request("SMEMBERS", key);
            case 11 -> request("SMOVE", key, key(), name());
            case 12 -> request(pick("SINTER", "SUNION", "SDIFF"), key, key(), key());
            case 13, 14 -> request(pick("SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"), pick("a", "b", "c"), key, key());
            case 15 -> request("SINTERCARD", "2", key, key(), "LIMIT", near(0, 4));
            default -> seldom() ? request("DEL", key.equals(TEXT) ? "a" : key) : request("SCARD", key);
        };
    }

    @Override
    String run(String[] words) {
        String key = words[1];
        var rest = Arrays.asList(words).subList(Math.min(2, words.length), words.length);
        return switch (words[0]) {
            case "SADD" -> {
                var set = found(key);
                int before = set.size();
                set.addAll(rest);
                put(key, set);
                yield number(set.size() - before);
            }
            case "SREM" -> {
                var set = found(key);
                int before = set.size();
                rest.forEach(set::remove);
                put(key, set);
                yield number(before - set.size());
            }
            case "SISMEMBER" -> number(found(key).contains(words[2]) ? 1 : 0);
            case "SMISMEMBER" -> {
                var set = found(key);
                yield array(rest.stream()
                        .map(name -> number(set.contains(name) ? 1 : 0))
                        .toList());
            }
            case "SCARD" -> number(found(key).size());
            case "SMEMBERS" -> setOf(found(key));
            case "SMOVE" -> move(words);
            case "SINTER", "SUNION", "SDIFF" ->
                setOf(combined(words[0], Arrays.asList(words).subList(1, words.length)));
            case "SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE" -> store(words, rest);
            case "SINTERCARD" -> {
                int size = combined("SINTER", List.of(words[2], words[3])).size();
                int limit = Integer.parseInt(words[5]);
                yield number(limit == 0 ? size : Math.min(limit, size));
            }
            default -> throw new IllegalArgumentException(words[0]);
        };
    }

    private String store(String[] words, List<String> sources) {
        var result = combined(words[0], sources);
        put(words[1], result);
        return number(result.size());
    }

    private Set<String> combined(String command, List<String> keys) {
        var sets = keys.stream().map(this::found).toList();
        var result = new TreeSet<>(sets.getFirst());
        for (var other : sets.subList(1, sets.size())) {
            switch (command.substring(0, 3)) {
                case "SIN" -> result.retainAll(other);
                case "SUN" -> result.addAll(other);
                default -> result.removeAll(other);
            }
        }
        return result;
    }

    private String move(String[] words) {
        var source = find(words[1]);
        if (source == null) {
            return number(0);
        }
        find(words[2]);
        if (words[1].equals(words[2])) {
            return number(source.contains(words[3]) ? 1 : 0);
        }
        if (!source.remove(words[3])) {
            return number(0);
        }
        put(words[1], source);
        var destination = found(words[2]);
        destination.add(words[3]);
        put(words[2], destination);
        return number(1);
    }
}
