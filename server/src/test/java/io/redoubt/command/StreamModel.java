package io.redoubt.command;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;

/** Commands of streams on maps of Java; every ID is named by the request, or follows from the last. */
final class StreamModel extends TypeModel<StreamModel.Log> {
    /** Entries by ID, and the last ID that was used. IDs have one part here; the other is 1. */
    static final class Log {
        private final TreeMap<Integer, List<String>> entries = new TreeMap<>();
        private int last;
    }

    StreamModel(SplittableRandom random, int nameCount) {
        super(random, nameCount);
    }

    @Override
    Log empty() {
        return new Log();
    }

    @Override
    boolean isEmpty(Log log) {
        return false; // A stream without entries stays.
    }

    private String id() {
        return near(1, 400) + "-1";
    }

    private String bound() {
        return pick(pick("-", "+"), id(), id());
    }

    private String next(String key) {
        // Mostly above what is there, and with every seed the same.
        return random.nextInt(8) == 0 ? id() : key.equals(TEXT) ? "1-1" : (upper += random.nextInt(3)) + "-1";
    }

    private int upper = 1;

    @Override
    String[] next() {
        String key = key();
        return switch (random.nextInt(14)) {
            case 0, 1, 2, 3, 4 -> request("XADD", key, next(key), name(), name(), name(), name());
            case 5 -> request("XADD", key, "NOMKSTREAM", "MAXLEN", "=", near(5, 60), next(key), name(), name());
            case 6 -> request("XLEN", key);
            case 7 -> request("XRANGE", key, bound(), bound(), "COUNT", near(0, 9));
            case 8 -> request("XREVRANGE", key, bound(), bound());
            case 9 -> request("XDEL", key, id(), id(), upper - random.nextInt(Math.min(upper, 9)) + "-1");
            case 10 -> request("XTRIM", key, "MAXLEN", "=", near(10, 80));
            case 11 -> request("XTRIM", key, "MINID", "=", Math.max(0, upper - random.nextInt(200)) + "-1");
            case 12 -> request("XREAD", "COUNT", near(1, 5), "STREAMS", key, key(), id(), id());
            default -> seldom() ? request("DEL", key.equals(TEXT) ? "a" : key) : request("XLEN", key);
        };
    }

    @Override
    String run(String[] words) {
        String key = words[1];
        return switch (words[0]) {
            case "XADD" -> add(words);
            case "XLEN" -> number(found(key).entries.size());
            case "XRANGE" -> {
                var log = find(key);
                int count = Integer.parseInt(words[5]);
                yield log == null ? array(List.of()) : count == 0 ? nilArray() : range(log, words[2], words[3], count);
            }
            case "XREVRANGE" -> array(list(found(key), words[3], words[2]).reversed());
            case "XDEL" -> {
                var log = found(key);
                int before = log.entries.size();
                Arrays.asList(words).subList(2, words.length).forEach(id -> log.entries.remove(part(id)));
                yield number(before - log.entries.size());
            }
            case "XTRIM" -> {
                var log = found(key);
                int before = log.entries.size();
                if (words[2].equals("MINID")) {
                    log.entries.headMap(part(words[4])).clear();
                } else {
                    trim(log, Integer.parseInt(words[4]));
                }
                yield number(before - log.entries.size());
            }
            case "XREAD" -> read(words);
            default -> throw new IllegalArgumentException(words[0]);
        };
    }

    private static int part(String id) {
        return Integer.parseInt(id.substring(0, id.indexOf('-')));
    }

    private static void trim(Log log, int lengthMax) {
        while (log.entries.size() > lengthMax) {
            log.entries.pollFirstEntry();
        }
    }

    private String add(String[] words) {
        boolean makesNone = words[2].equals("NOMKSTREAM");
        int at = makesNone ? 6 : 2;
        var log = find(words[1]);
        if (log == null) {
            if (makesNone) {
                return nil();
            }
            log = empty();
        }
        int id = part(words[at]);
        if (id <= log.last) {
            return "-ERR The ID specified in XADD is equal or smaller than the target stream top item\r\n";
        }
        log.last = id;
        log.entries.put(id, List.of(words).subList(at + 1, words.length));
        if (makesNone) {
            trim(log, Integer.parseInt(words[5]));
        }
        put(words[1], log);
        return bulk(words[at]);
    }

    private String entry(int id, List<String> fields) {
        return array(List.of(bulk(id + "-1"), bulks(fields)));
    }

    private List<String> list(Log log, String least, String most) {
        int from = least.equals("-") ? 0 : least.equals("+") ? Integer.MAX_VALUE : part(least);
        int to = most.equals("-") ? 0 : most.equals("+") ? Integer.MAX_VALUE : part(most);
        var replies = new ArrayList<String>();
        if (from <= to) {
            log.entries.subMap(from, true, to, true).forEach((id, fields) -> replies.add(entry(id, fields)));
        }
        return replies;
    }

    private String range(Log log, String least, String most, int count) {
        var entries = list(log, least, most);
        return array(entries.subList(0, Math.min(count, entries.size())));
    }

    private String read(String[] words) {
        int count = Integer.parseInt(words[2]);
        var replies = new ArrayList<String>();
        for (int i = 4; i < 6; i++) {
            var log = find(words[i]);
            if (log != null) {
                var entries = list(log, part(words[i + 2]) + 1 + "-1", "+");
                if (!entries.isEmpty()) {
                    replies.add(bulk(words[i]));
                    replies.add(array(entries.subList(0, Math.min(count, entries.size()))));
                }
            }
        }
        if (replies.isEmpty()) {
            return nilArray();
        }
        if (isResp3()) {
            return mapOf(replies);
        }
        var pairs = new ArrayList<String>();
        for (int i = 0; i < replies.size(); i += 2) {
            pairs.add(array(replies.subList(i, i + 2)));
        }
        return array(pairs);
    }
}
