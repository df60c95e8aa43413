package io.redoubt.access;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How many wrong passwords a source may try (strict rule guessing). Counted per source and user, and per source; never
 * per user over all sources, since that would let anybody lock anybody out. A right password costs nothing.
 *
 * <p>Each count is a bucket that drains by itself. Memory is bounded: the sources not seen for longest are forgotten, and
 * a flood of made-up user names stays within the budget of its source.
 */
final class GuessingBudget {
    /** Ten typing errors in a row are human; one guess in five seconds after that is 17,000 a day, not millions. */
    private static final double PER_USER_BURST = 10;

    private static final double PER_USER_PER_SECOND = 0.2;
    /** Several people or services share an address. */
    private static final double PER_SOURCE_BURST = 60;

    private static final double PER_SOURCE_PER_SECOND = 1;
    /** From the machine itself guessing is slow only where it is surely an attack; test suites never notice. */
    private static final double LOCAL_FACTOR = 50;

    private static final int SOURCES_MAX = 10_000;
    /** A late answer holds a connection: at most so many for each source. */
    private static final int PENDING_MAX = 32;

    /** How late a guess over budget is answered. */
    static final long DELAY_MILLIS = 1_000;

    private static final class Bucket {
        private double failures;
        private long millis;
        private int pending;

        private void drain(double perSecond, long now) {
            failures = Math.max(0, failures - Math.max(0, now - millis) * perSecond / 1000);
            millis = now;
        }
    }

    private static final class Bounded extends LinkedHashMap<String, Bucket> {
        private static final long serialVersionUID = 1L;

        private Bounded() {
            super(64, 0.75f, true);
        }

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Bucket> eldest) {
            return size() > SOURCES_MAX;
        }
    }

    private final Bounded bySource = new Bounded();
    private final Bounded byUser = new Bounded();

    /** Whether another guess is over the budget. */
    synchronized boolean isSpent(String source, boolean isLocal, String user, long nowMillis) {
        double factor = isLocal ? LOCAL_FACTOR : 1;
        return isSpent(bySource.get(source), PER_SOURCE_BURST * factor, PER_SOURCE_PER_SECOND * factor, nowMillis)
                || isSpent(
                        byUser.get(key(source, user)),
                        PER_USER_BURST * factor,
                        PER_USER_PER_SECOND * factor,
                        nowMillis);
    }

    private static boolean isSpent(
            @org.jspecify.annotations.Nullable Bucket bucket, double burst, double perSecond, long nowMillis) {
        if (bucket == null) {
            return false;
        }
        bucket.drain(perSecond, nowMillis);
        return bucket.failures > burst - 1;
    }

    /** Counts a wrong password. */
    synchronized void failed(String source, boolean isLocal, String user, long nowMillis) {
        double factor = isLocal ? LOCAL_FACTOR : 1;
        count(bySource.computeIfAbsent(source, _ -> new Bucket()), PER_SOURCE_PER_SECOND * factor, nowMillis);
        count(byUser.computeIfAbsent(key(source, user), _ -> new Bucket()), PER_USER_PER_SECOND * factor, nowMillis);
    }

    private static void count(Bucket bucket, double perSecond, long nowMillis) {
        bucket.drain(perSecond, nowMillis);
        bucket.failures++;
    }

    /** Takes a place among the late answers of a source; false when there is none, and the answer comes at once. */
    synchronized boolean beginWait(String source) {
        var bucket = bySource.computeIfAbsent(source, _ -> new Bucket());
        if (bucket.pending >= PENDING_MAX) {
            return false;
        }
        bucket.pending++;
        return true;
    }

    synchronized void endWait(String source) {
        var bucket = bySource.get(source);
        if (bucket != null && bucket.pending > 0) {
            bucket.pending--;
        }
    }

    private static String key(String source, String user) {
        // A name may be as long as a request; its hash is as good here.
        return source + ' ' + (user.length() <= 64 ? user : Passwords.hash(user));
    }

    /** Returns the source of an address {@code ip:port}: the IP, or the /64 of an IPv6 one, which one host can have. */
    static String sourceOf(String remoteAddress) {
        int colon = remoteAddress.lastIndexOf(':');
        String ip = colon < 0 ? remoteAddress : remoteAddress.substring(0, colon);
        ip = ip.replace("[", "").replace("]", "");
        if (ip.indexOf(':') < 0 || ip.indexOf('.') >= 0) {
            return ip;
        }
        int groups = 0;
        for (int i = 0; i < ip.length(); i++) {
            if (ip.startsWith("::", i)) {
                return ip.substring(0, i); // What follows is zeros at least up to the middle, or far shorter than that.
            }
            if (ip.charAt(i) == ':' && ++groups == 4) {
                return ip.substring(0, i);
            }
        }
        return ip;
    }
}
