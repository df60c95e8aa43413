package io.redoubt.type;

import io.redoubt.memory.Table;

/**
 * The fields of a small hash of which some expire: a {@link Listpack} of field, value and time (Unix time in
 * milliseconds; 0: never), in the order of the times, and those that never expire last. So the first triple tells when
 * there is something to delete, and files of Redis 7.4 take the bytes as they are. Scratch arrays are reused.
 */
final class ExpiringFields {
    private final Element time = new Element();
    private byte[] scratch = new byte[256];

    /** When the field at a position expires, or {@link Table#NO_EXPIRY}. */
    long expiry(byte[] buffer, int start, int at) {
        int valueAt = Listpack.next(buffer, start, at);
        return time(buffer, start, Listpack.next(buffer, start, valueAt));
    }

    private long time(byte[] buffer, int start, int timeAt) {
        Listpack.get(buffer, start, timeAt, time);
        long millis = time.isInteger() ? time.integer() : 0;
        return millis == 0 ? Table.NO_EXPIRY : millis;
    }

    /** Position of the triple behind one. */
    static int next(byte[] buffer, int start, int at) {
        int valueAt = Listpack.next(buffer, start, at);
        return Listpack.next(buffer, start, Listpack.next(buffer, start, valueAt));
    }

    private byte[] scratch(int bytes) {
        if (scratch.length < bytes) {
            scratch = new byte[Math.max(bytes, scratch.length * 2)];
        }
        return scratch;
    }

    /** What a hash of pairs will take when it is one of triples. */
    static int bytesOfTriples(byte[] buffer, int start) {
        return Listpack.bytes(buffer, start) + (Listpack.count(buffer, start) >> 1) * 2;
    }

    /** Makes triples of pairs; no field expires yet. */
    void fromPairs(Home home) {
        byte[] buffer = home.buffer();
        int start = home.start();
        int bytes = bytesOfTriples(buffer, start);
        byte[] triples = scratch(bytes);
        time.setInteger(0);
        int to = Listpack.EMPTY_BYTES - 1;
        int count = 0;
        for (int at = Listpack.first(buffer, start); at != Listpack.NONE; ) {
            int next = Listpack.next(buffer, start, at);
            next = Listpack.next(buffer, start, next);
            int length = (next == Listpack.NONE ? home.length() - 1 : next) - at;
            System.arraycopy(buffer, start + at, triples, to, length);
            to = Listpack.write(triples, to + length, time);
            at = next;
            count += 3;
        }
        Listpack.writeEnd(triples, 0, to, count);
        Listpack.replaceAll(home, triples, bytes);
    }

    /** Appends a field that does not expire. */
    void append(Home home, Element field, Element value) {
        time.setInteger(0);
        int bytes = home.length();
        int added = Listpack.sizeOf(field) + Listpack.sizeOf(value) + Listpack.sizeOf(time);
        home.splice(bytes - 1, 0, added);
        int to = Listpack.write(home.buffer(), home.start() + bytes - 1, field);
        Listpack.write(home.buffer(), Listpack.write(home.buffer(), to, value), time);
        Listpack.changeHeader(home, 3);
    }

    /** Moves a field to where its new time belongs, and gives it another value unless that is null. */
    void set(Home home, int at, @org.jspecify.annotations.Nullable Element newValue, long millis) {
        byte[] buffer = home.buffer();
        int start = home.start();
        int end = home.length() - 1;
        int valueAt = Listpack.next(buffer, start, at);
        int timeAt = Listpack.next(buffer, start, valueAt);
        int next = timeAt + Listpack.size(buffer, start, timeAt);
        int place = place(buffer, start, at, millis);
        time.setInteger(millis == Table.NO_EXPIRY ? 0 : millis);
        int kept = (newValue == null ? timeAt : valueAt) - at;
        int length = kept + (newValue == null ? 0 : Listpack.sizeOf(newValue)) + Listpack.sizeOf(time);
        int bytes = home.length() - (next - at) + length;
        byte[] moved = scratch(bytes);
        boolean isForward = place <= at;
        int to = copy(buffer, start, 0, isForward ? place : at, moved, 0);
        if (!isForward) {
            to = copy(buffer, start, next, place, moved, to);
        }
        to = copy(buffer, start, at, at + kept, moved, to);
        if (newValue != null) {
            to = Listpack.write(moved, to, newValue);
        }
        to = Listpack.write(moved, to, time);
        if (isForward) {
            to = copy(buffer, start, place, at, moved, to);
        }
        copy(buffer, start, isForward ? next : place, end + 1, moved, to);
        Listpack.setBytes(moved, 0, bytes);
        Listpack.replaceAll(home, moved, bytes);
    }

    private static int copy(byte[] buffer, int start, int from, int end, byte[] target, int to) {
        System.arraycopy(buffer, start + from, target, to, end - from);
        return to + end - from;
    }

    /** Where a field with a time belongs: before the first, other than itself, that expires later or never. */
    private int place(byte[] buffer, int start, int moving, long millis) {
        int end = Listpack.bytes(buffer, start) - 1;
        if (millis == Table.NO_EXPIRY) {
            return end;
        }
        for (int at = Listpack.first(buffer, start); at != Listpack.NONE; at = next(buffer, start, at)) {
            if (at != moving) {
                long other = expiry(buffer, start, at);
                if (other == Table.NO_EXPIRY || other > millis) {
                    return at;
                }
            }
        }
        return end;
    }

    /** How many fields, from the first on, have expired. */
    int dueCount(byte[] buffer, int start, long now) {
        int count = 0;
        for (int at = Listpack.first(buffer, start); at != Listpack.NONE; at = next(buffer, start, at)) {
            long millis = expiry(buffer, start, at);
            if (millis == Table.NO_EXPIRY || millis > now) {
                break;
            }
            count++;
        }
        return count;
    }
}
