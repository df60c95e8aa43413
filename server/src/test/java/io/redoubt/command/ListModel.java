package io.redoubt.command;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** The list commands on lists of Java. */
final class ListModel extends TypeModel<List<String>> {
    ListModel(SplittableRandom random, int nameCount) {
        super(random, nameCount);
    }

    @Override
    List<String> empty() {
        return new ArrayList<>();
    }

    @Override
    boolean isEmpty(List<String> list) {
        return list.isEmpty();
    }

    @Override
    String[] next() {
        String key = key();
        return switch (random.nextInt(22)) {
            case 0, 1, 2, 3, 4, 5 -> named(pick("LPUSH", "RPUSH"), key);
            case 6 -> named(pick("LPUSHX", "RPUSHX"), key);
            case 7 -> request(pick("LPOP", "RPOP"), key);
            case 8 -> request(pick("LPOP", "RPOP"), key, near(0, 4));
            case 9 -> request("LLEN", key);
            case 10 -> request("LINDEX", key, near(-30, 30));
            case 11 -> request("LRANGE", key, near(-40, 20), near(-20, 40));
            case 12 -> request("LSET", key, near(-20, 20), name());
            case 13 -> request("LINSERT", key, pick("BEFORE", "AFTER"), name(), name());
            case 14 -> request("LREM", key, near(-2, 2), name());
            case 15 -> seldom() ? request("LTRIM", key, near(-40, 5), near(-5, 40)) : request("LLEN", key);
            case 16 -> request("LPOS", key, name(), "RANK", pick("1", "2", "-1", "-2"));
            case 17 -> request("LPOS", key, name(), "RANK", pick("1", "-1"), "COUNT", near(0, 3), "MAXLEN", near(0, 9));
            case 18 -> request("LMOVE", key, key(), pick("LEFT", "RIGHT"), pick("LEFT", "RIGHT"));
            case 19 -> request("RPOPLPUSH", key, key());
            case 20 -> request("LMPOP", "2", key, key(), pick("LEFT", "RIGHT"), "COUNT", near(1, 4));
            default -> seldom() ? request("DEL", key.equals(TEXT) ? "a" : key) : request("LRANGE", key, "0", "-1");
        };
    }

    @Override
    String run(String[] words) {
        String key = words[1];
        return switch (words[0]) {
            case "LPUSH", "RPUSH" -> push(words, found(key));
            case "LPUSHX", "RPUSHX" -> {
                var list = find(key);
                yield list == null ? number(0) : push(words, list);
            }
            case "LPOP", "RPOP" -> pop(words, words[0].equals("LPOP"));
            case "LLEN" -> number(found(key).size());
            case "LINDEX" -> {
                var one = slice(found(key), Integer.parseInt(words[2]), Integer.parseInt(words[2]));
                yield bulk(isWithin(found(key), words[2]) ? one.getFirst() : null);
            }
            case "LRANGE" -> bulks(slice(found(key), Integer.parseInt(words[2]), Integer.parseInt(words[3])));
            case "LSET" -> set(words);
            case "LINSERT" -> insert(words);
            case "LREM" -> number(remove(found(key), Integer.parseInt(words[2]), words[3], key));
            case "LTRIM" -> {
                var list = found(key);
                put(key, new ArrayList<>(slice(list, Integer.parseInt(words[2]), Integer.parseInt(words[3]))));
                yield OK;
            }
            case "LPOS" -> positions(words);
            case "LMOVE" -> move(key, words[2], words[3].equals("LEFT"), words[4].equals("LEFT"));
            case "RPOPLPUSH" -> move(key, words[2], false, true);
            case "LMPOP" -> popOfMany(words);
            default -> throw new IllegalArgumentException(words[0]);
        };
    }

    private static boolean isWithin(List<String> list, String index) {
        int at = Integer.parseInt(index);
        return at < list.size() && at >= -list.size();
    }

    private String push(String[] words, List<String> list) {
        for (int i = 2; i < words.length; i++) {
            list.add(words[0].startsWith("L") ? 0 : list.size(), words[i]);
        }
        put(words[1], list);
        return number(list.size());
    }

    private static String take(List<String> list, boolean isFirst) {
        return isFirst ? list.removeFirst() : list.removeLast();
    }

    private String pop(String[] words, boolean isFirst) {
        var list = find(words[1]);
        if (list == null) {
            return words.length == 2 ? nil() : nilArray();
        }
        if (words.length == 2) {
            String taken = take(list, isFirst);
            put(words[1], list);
            return bulk(taken);
        }
        return bulks(takeSome(words[1], list, Integer.parseInt(words[2]), isFirst));
    }

    private List<String> takeSome(String key, List<String> list, int count, boolean isFirst) {
        var taken = new ArrayList<String>();
        while (taken.size() < count && !list.isEmpty()) {
            taken.add(take(list, isFirst));
        }
        put(key, list);
        return taken;
    }

    private String set(String[] words) {
        var list = find(words[1]);
        if (list == null) {
            return "-ERR no such key\r\n";
        }
        if (!isWithin(list, words[2])) {
            return "-ERR index out of range\r\n";
        }
        int index = Integer.parseInt(words[2]);
        list.set(index < 0 ? list.size() + index : index, words[3]);
        return OK;
    }

    private String insert(String[] words) {
        var list = find(words[1]);
        if (list == null) {
            return number(0);
        }
        int at = list.indexOf(words[3]);
        if (at < 0) {
            return number(-1);
        }
        list.add(words[2].equals("BEFORE") ? at : at + 1, words[4]);
        return number(list.size());
    }

    private int remove(List<String> list, int count, String element, String key) {
        int left = count == 0 ? Integer.MAX_VALUE : Math.abs(count);
        int removed = 0;
        while (removed < left) {
            int at = count < 0 ? list.lastIndexOf(element) : list.indexOf(element);
            if (at < 0) {
                break;
            }
            list.remove(at);
            removed++;
        }
        put(key, list);
        return removed;
    }

    private String positions(String[] words) {
        var list = find(words[1]);
        boolean hasCount = words.length > 5;
        if (list == null) {
            return hasCount ? array(List.of()) : nil();
        }
        int rank = Integer.parseInt(words[4]);
        int count = hasCount ? Integer.parseInt(words[6]) : 1;
        int most = hasCount && !words[8].equals("0") ? Integer.parseInt(words[8]) : Integer.MAX_VALUE;
        var found = new ArrayList<String>();
        int skip = Math.abs(rank) - 1;
        for (int seen = 0; seen < Math.min(list.size(), most) && (count == 0 || found.size() < count); seen++) {
            int at = rank > 0 ? seen : list.size() - 1 - seen;
            if (list.get(at).equals(words[2]) && skip-- <= 0) {
                found.add(number(at));
            }
        }
        return hasCount ? array(found) : found.isEmpty() ? nil() : found.getFirst();
    }

    private String move(String from, String to, boolean isFirst, boolean toFirst) {
        @Nullable List<String> source = find(from);
        if (source == null) {
            return nil();
        }
        find(to);
        String taken = take(source, isFirst);
        put(from, source);
        var destination = found(to);
        destination.add(toFirst ? 0 : destination.size(), taken);
        put(to, destination);
        return bulk(taken);
    }

    private String popOfMany(String[] words) {
        for (int i = 2; i < 4; i++) {
            var list = find(words[i]);
            if (list != null) {
                var taken = takeSome(words[i], list, Integer.parseInt(words[6]), words[4].equals("LEFT"));
                return array(List.of(bulk(words[i]), bulks(taken)));
            }
        }
        return nilArray();
    }
}
