package io.redoubt.resp;

/**
 * Glob patterns over bytes as Redis matches them: {@code *}, {@code ?}, {@code [abc]}, {@code [^a]}, {@code [a-z]}
 * (also reversed) and {@code \x}. A class without its bracket ends with the pattern.
 *
 * <p>Every element but {@code *} takes exactly one byte, so only the last {@code *} ever needs another try: the work is
 * bounded by pattern × text, also for {@code a*a*a*b}.
 */
public final class Glob {
    private Glob() {}

    /** Returns whether the whole text matches; {@code ignoreCase} concerns ASCII letters. */
    public static boolean matches(
            byte[] pattern,
            int patternFrom,
            int patternLength,
            byte[] text,
            int textFrom,
            int textLength,
            boolean ignoreCase) {
        int patternEnd = patternFrom + patternLength;
        int textEnd = textFrom + textLength;
        int p = patternFrom;
        int t = textFrom;
        int afterStar = -1;
        int retry = 0;
        if (textLength == 0) {
            return patternLength == 0; // Redis: not even "*" matches an empty text.
        }
        while (t < textEnd) {
            if (p < patternEnd && pattern[p] == '*') {
                do {
                    p++;
                } while (p < patternEnd && pattern[p] == '*');
                if (p == patternEnd) {
                    return true;
                }
                afterStar = p;
                retry = t;
                continue;
            }
            int after = p < patternEnd ? matchOne(pattern, p, patternEnd, text[t], ignoreCase) : -1;
            if (after >= 0) {
                p = after;
                t++;
            } else if (afterStar >= 0) {
                p = afterStar;
                t = ++retry;
            } else {
                return false;
            }
        }
        while (p < patternEnd && pattern[p] == '*') {
            p++;
        }
        return p == patternEnd;
    }

    /** Returns the index after the element at {@code p} when it takes {@code c}, else -1. */
    private static int matchOne(byte[] pattern, int p, int end, byte c, boolean ignoreCase) {
        byte first = pattern[p];
        if (first == '?') {
            return p + 1;
        }
        if (first == '[') {
            return matchClass(pattern, p + 1, end, c, ignoreCase);
        }
        int at = first == '\\' && end - p >= 2 ? p + 1 : p;
        return fold(pattern[at], ignoreCase) == fold(c, ignoreCase) ? at + 1 : -1;
    }

    private static int matchClass(byte[] pattern, int from, int end, byte c, boolean ignoreCase) {
        int p = from;
        boolean isNegated = p < end && pattern[p] == '^';
        if (isNegated) {
            p++;
        }
        int folded = fold(c, ignoreCase);
        boolean isMember = false;
        while (p < end && pattern[p] != ']') {
            if (pattern[p] == '\\' && end - p >= 2) {
                isMember |= pattern[p + 1] == c; // Escaped members keep their case.
                p += 2;
            } else if (end - p >= 3 && pattern[p + 1] == '-') {
                int least = fold((byte) Math.min(pattern[p], pattern[p + 2]), ignoreCase);
                int most = fold((byte) Math.max(pattern[p], pattern[p + 2]), ignoreCase);
                isMember |= folded >= least && folded <= most;
                p += 3;
            } else {
                isMember |= fold(pattern[p], ignoreCase) == folded;
                p++;
            }
        }
        if (isMember == isNegated) {
            return -1;
        }
        return p < end ? p + 1 : end;
    }

    /** Bytes stay signed: Redis's ranges order bytes above 0x7f before all others. */
    private static int fold(byte c, boolean ignoreCase) {
        return ignoreCase && c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
    }
}
