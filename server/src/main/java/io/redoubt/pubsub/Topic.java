package io.redoubt.pubsub;

import java.util.LinkedHashSet;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.jspecify.annotations.Nullable;

/**
 * A channel, shard channel or pattern that somebody has subscribed to. Who that is only the loop of each knows; others
 * see how many there are on each loop.
 */
final class Topic {
    private final Kind kind;
    private final byte[] name;
    private final AtomicIntegerArray counts;
    /** One set per loop, which that loop alone touches. */
    private final Subscribers[] members;

    /** The subscribers of one loop, in the order in which they came. */
    private static final class Subscribers {
        final LinkedHashSet<Subscriber> set = new LinkedHashSet<>(4);
    }

    Topic(Kind kind, byte[] name, int loops) {
        this.kind = kind;
        this.name = name;
        counts = new AtomicIntegerArray(loops);
        members = new Subscribers[loops];
    }

    Kind kind() {
        return kind;
    }

    byte[] name() {
        return name;
    }

    /** On the subscriber's loop. */
    void add(Subscriber subscriber) {
        int loop = subscriber.loop();
        if (members[loop] == null) {
            members[loop] = new Subscribers();
        }
        if (members[loop].set.add(subscriber)) {
            counts.incrementAndGet(loop);
        }
    }

    /** On the subscriber's loop. */
    void remove(Subscriber subscriber) {
        var here = on(subscriber.loop());
        if (here != null && here.remove(subscriber)) {
            counts.decrementAndGet(subscriber.loop());
        }
    }

    /** Who listens on a loop; on that loop only. Null when nobody ever has. */
    @Nullable
    LinkedHashSet<Subscriber> on(int loop) {
        var here = members[loop];
        return here == null ? null : here.set;
    }

    int count(int loop) {
        return counts.get(loop);
    }

    int count() {
        int total = 0;
        for (int loop = 0; loop < counts.length(); loop++) {
            total += counts.get(loop);
        }
        return total;
    }
}
