package io.redoubt.observe;

import io.redoubt.resp.Reply;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.LongAdder;

/** Error replies counted by their code, the first word: what INFO errorstats shows. */
public final class ErrorStats implements Reply.ErrorListener {
    /** More codes than this are the work of someone who makes them up. */
    private static final int CODES_MAX = 128;

    private final ConcurrentMap<String, LongAdder> byCode = new ConcurrentHashMap<>();
    private final LongAdder total = new LongAdder();

    @Override
    public void onError(byte[] buffer, int start, int end) {
        total.increment();
        int wordEnd = start;
        while (wordEnd < end && buffer[wordEnd] != ' ') {
            wordEnd++;
        }
        String code = new String(buffer, start, wordEnd - start, StandardCharsets.ISO_8859_1);
        var counter = byCode.get(code);
        if (counter == null) {
            if (byCode.size() >= CODES_MAX) {
                return;
            }
            counter = byCode.computeIfAbsent(code, _ -> new LongAdder());
        }
        counter.increment();
    }

    public long total() {
        return total.sum();
    }

    /** Returns the counts by code, sorted. */
    public Map<String, Long> counts() {
        var sorted = new TreeMap<String, Long>();
        byCode.forEach((code, counter) -> sorted.put(code, counter.sum()));
        return sorted;
    }

    public void reset() {
        byCode.clear();
        total.reset();
    }
}
