package io.redoubt.type;

import io.redoubt.memory.ArenaFullException;
import io.redoubt.memory.CountedTree;
import io.redoubt.memory.Table;
import io.redoubt.resp.Decimal;

/**
 * A sorted set, whatever its encoding. One per use and loop, bound to the place of a value; it shows that value until
 * the next look-up. Members are in order of their scores, those of one score in order of their bytes; a rank counts from
 * the lowest.
 */
public final class ZSetValue implements MemberValue {
    /** A sorted set that Redis keeps as a skiplist stays packed up to this many members … */
    static final int PACKED_MEMBERS_MAX = 128;
    /** … and this size. */
    static final int PACKED_BYTES_MAX = 4096;

    private final Element scratch = new Element();
    private final Element scoreElement = new Element();
    private final byte[] scoreText = new byte[Decimal.DOUBLE_BYTES_MAX];
    private final CountedTree.Cursor cursor = new CountedTree.Cursor();
    private Home home = NoHome.INSTANCE;
    private int position;
    private double shownScore;

    /** Shows the sorted set at a place. */
    public ZSetValue bind(Home place) {
        home = place;
        return this;
    }

    /** Makes the value at a place an empty sorted set, which must get a member before anybody sees it. */
    public ZSetValue bindNew(Home place) {
        home = place;
        home.pack(Encoding.ZSET_PACKED, Listpack.EMPTY_BYTES);
        Listpack.writeEmpty(home.buffer(), home.start());
        return this;
    }

    /** Says what a new value will have got in the end, so that it is never taken for a smaller one meanwhile. */
    public void expect(long count, int memberBytesMax) {
        if (count > home.thresholds().zsetEntries || memberBytesMax > home.thresholds().zsetValueBytes) {
            home.setEncoding(Encoding.ZSET_PACKED_LONG);
        }
    }

    private boolean isTree() {
        return home.encoding() == Encoding.ZSET_TREE;
    }

    private ZSetTree tree() {
        return (ZSetTree) home.large();
    }

    private ZSetTree writableTree() {
        return (ZSetTree) home.writableLarge();
    }

    private int hash(Element member) {
        return home.hash(member.buffer(), member.offset(), member.length());
    }

    static int compareBytes(Element a, Element b) {
        return Listpack.compare(a.buffer(), a.offset(), a.length(), b.buffer(), b.offset(), b.length());
    }

    public int count() {
        return isTree() ? (int) tree().count() : Listpack.count(home.buffer(), home.start()) >> 1;
    }

    @Override
    public boolean isEmpty() {
        return count() == 0;
    }

    // ---- Scores in packed values: an integer, or the text of a number ----

    private void setScoreElement(double score) {
        long integer = (long) score;
        boolean isSmall = score >= -(double) (Long.MAX_VALUE / 2) && score <= (double) (Long.MAX_VALUE / 2);
        // A listpack of Redis has no negative zero; a skiplist has.
        boolean isNegativeZero = score == 0 && 1 / score < 0 && home.encoding() == Encoding.ZSET_PACKED_LONG;
        if (isSmall && integer == score && !isNegativeZero) {
            scoreElement.setInteger(integer);
        } else {
            scoreElement.set(scoreText, 0, Decimal.formatDouble(score, scoreText, 0));
        }
    }

    private static double scoreAt(byte[] buffer, int start, int at, Element into) {
        Listpack.get(buffer, start, at, into);
        return into.isKnownInteger()
                ? into.integer()
                : Decimal.parseDouble(into.buffer(), into.offset(), into.length());
    }

    private double packedScore(int memberAt) {
        byte[] buffer = home.buffer();
        int start = home.start();
        return scoreAt(buffer, start, Listpack.next(buffer, start, memberAt), scoreElement);
    }

    private int findPacked(Element member) {
        byte[] buffer = home.buffer();
        int start = home.start();
        return Listpack.find(buffer, start, Listpack.first(buffer, start), 2, member);
    }

    private int nextPacked(int at) {
        byte[] buffer = home.buffer();
        int start = home.start();
        return Listpack.next(buffer, start, Listpack.next(buffer, start, at));
    }

    /** The score of a member, or NaN. */
    public double score(Element member) {
        if (isTree()) {
            int handle = tree().find(hash(member), member);
            return handle == 0 ? Double.NaN : tree().score(handle);
        }
        int at = findPacked(member);
        return at == Listpack.NONE ? Double.NaN : packedScore(at);
    }

    // ---- Changing ----

    /** Adds a member, or gives it another score; says whether it is new. */
    public boolean put(double score, Element member) {
        if (!isTree()) {
            int at = findPacked(member);
            boolean isNew = at == Listpack.NONE;
            if (!isNew) {
                movePacked(at, score, member);
                return false;
            }
            if (!makeRoom(member)) {
                writableTree().add(hash(member), score, member);
                return true;
            }
            int place = placeOf(score, member);
            setScoreElement(score);
            Listpack.insert(home, place, member, scoreElement);
            return true;
        }
        int hash = hash(member);
        if (tree().find(hash, member) != 0) {
            writableTree().rescore(hash, score, member);
            return false;
        }
        writableTree().add(hash, score, member);
        return true;
    }

    /** Makes one more member fit; false if it is a tree now. */
    private boolean makeRoom(Element member) {
        int count = count();
        if (home.encoding() == Encoding.ZSET_PACKED) {
            if (count < home.thresholds().zsetEntries && member.length() <= home.thresholds().zsetValueBytes) {
                return true;
            }
            home.setEncoding(Encoding.ZSET_PACKED_LONG);
        }
        if (count < PACKED_MEMBERS_MAX
                && home.length() + Listpack.sizeOf(member) + Decimal.DOUBLE_BYTES_MAX <= PACKED_BYTES_MAX) {
            return true;
        }
        var tree = new ZSetTree(home.arena());
        seek(0);
        try {
            while (next(scratch)) {
                tree.add(hash(scratch), shownScore, scratch);
            }
            home.enlarge(Encoding.ZSET_TREE, tree);
        } catch (ArenaFullException full) {
            tree.freeAll();
            throw full;
        }
        return false;
    }

    /** Where a member with a score comes: before the first that is behind it. */
    private int placeOf(double score, Element member) {
        byte[] buffer = home.buffer();
        int start = home.start();
        int at = Listpack.first(buffer, start);
        while (at != Listpack.NONE) {
            double other = packedScore(at);
            if (other > score) {
                return at;
            }
            if (other == score) {
                Listpack.get(buffer, start, at, scratch);
                if (compareBytes(scratch, member) > 0) {
                    return at;
                }
            }
            at = nextPacked(at);
        }
        return home.length() - 1;
    }

    /** Gives a member at a position another score. Only the first step can fail, and nothing has changed then. */
    private void movePacked(int at, double score, Element member) {
        int place = placeOf(score, member);
        setScoreElement(score);
        int next = nextPacked(at);
        int oldBytes = (next == Listpack.NONE ? home.length() - 1 : next) - at;
        int newBytes = Listpack.sizeOf(member) + Listpack.sizeOf(scoreElement);
        home.splice(at, oldBytes, newBytes);
        byte[] buffer = home.buffer();
        int start = home.start();
        int to = place;
        if (place > at) {
            to = place - oldBytes; // What stands between moves to the front.
            System.arraycopy(buffer, start + at + newBytes, buffer, start + at, to - at);
        } else {
            System.arraycopy(buffer, start + place, buffer, start + place + newBytes, at - place);
        }
        Listpack.write(buffer, Listpack.write(buffer, start + to, member), scoreElement);
        Listpack.changeHeader(home, 0);
    }

    /** Removes a member; says whether it was there. The value may be empty afterwards, and then its key must go. */
    @Override
    public boolean remove(Element member) {
        if (isTree()) {
            int hash = hash(member);
            return tree().find(hash, member) != 0 && writableTree().remove(hash, member);
        }
        int at = findPacked(member);
        if (at == Listpack.NONE) {
            return false;
        }
        Listpack.remove(home, at, 2);
        return true;
    }

    /** Removes members from one rank to before another. */
    public void removeRange(int from, int to) {
        if (from >= to) {
            return;
        }
        if (isTree()) {
            writableTree().removeRange(from, to, home, scratch);
        } else {
            Listpack.remove(home, Listpack.at(home.buffer(), home.start(), from * 2), (to - from) * 2);
        }
    }

    // ---- Ranks ----

    /** The rank of a member, or -1. */
    public int rank(Element member) {
        if (isTree()) {
            return tree().rank(hash(member), member);
        }
        int wanted = findPacked(member);
        if (wanted == Listpack.NONE) {
            return -1;
        }
        int rank = 0;
        for (int at = Listpack.first(home.buffer(), home.start()); at != wanted; at = nextPacked(at)) {
            rank++;
        }
        return rank;
    }

    /** How many members have a score below another or, if {@code isBehind}, at most as high. */
    public int rankOfScore(double score, boolean isBehind) {
        if (isTree()) {
            return tree().rankOfScore(score, isBehind);
        }
        int rank = 0;
        for (int at = Listpack.first(home.buffer(), home.start()); at != Listpack.NONE; at = nextPacked(at)) {
            double other = packedScore(at);
            if (other > score || other == score && !isBehind) {
                break;
            }
            rank++;
        }
        return rank;
    }

    /** How many members come before some bytes or, if {@code isBehind}, not after them; all have one score. */
    public int rankOfMember(Element bound, boolean isBehind) {
        if (isTree()) {
            return tree().rankOfMember(bound, isBehind);
        }
        int rank = 0;
        for (int at = Listpack.first(home.buffer(), home.start()); at != Listpack.NONE; at = nextPacked(at)) {
            Listpack.get(home.buffer(), home.start(), at, scratch);
            int order = compareBytes(scratch, bound);
            if (order > 0 || order == 0 && !isBehind) {
                break;
            }
            rank++;
        }
        return rank;
    }

    // ---- Walking. A walk is over when the value changes. ----

    /** Goes before the member with a rank; at {@code count()} behind the last. */
    public void seek(int rank) {
        if (isTree()) {
            tree().walk(cursor, rank);
        } else if (rank == count()) {
            position = home.length() - 1;
        } else {
            position = Listpack.at(home.buffer(), home.start(), rank * 2);
        }
    }

    /** Shows the next member and {@link #score()}; false at the end. */
    public boolean next(Element into) {
        if (isTree()) {
            return show(cursor.next(), into);
        }
        if (position == home.length() - 1) {
            return false;
        }
        shownScore = packedScore(position);
        Listpack.get(home.buffer(), home.start(), position, into);
        int next = nextPacked(position);
        position = next == Listpack.NONE ? home.length() - 1 : next;
        return true;
    }

    /** Shows the previous member and {@link #score()}; false at the beginning. */
    public boolean previous(Element into) {
        if (isTree()) {
            return show(cursor.previous(), into);
        }
        byte[] buffer = home.buffer();
        int start = home.start();
        int scoreAt = Listpack.previous(buffer, start, position);
        if (scoreAt == Listpack.NONE) {
            return false;
        }
        position = Listpack.previous(buffer, start, scoreAt);
        shownScore = packedScore(position);
        Listpack.get(buffer, start, position, into);
        return true;
    }

    private boolean show(int handle, Element into) {
        if (handle == 0) {
            return false;
        }
        tree().get(handle, into);
        shownScore = tree().score(handle);
        return true;
    }

    /** The score of the member shown last. */
    public double score() {
        return shownScore;
    }

    /** Visits members behind a cursor, as {@link Table#scan}, and shows {@link #score()}; all at once if packed. */
    public long scan(long cursor, int wantedCount, MemberVisitor visitor) {
        var member = new Element();
        if (isTree()) {
            return tree().scan(cursor, wantedCount, (handle, _) -> {
                show(handle, member);
                visitor.visit(member);
            });
        }
        seek(0);
        while (next(member)) {
            visitor.visit(member);
        }
        return 0;
    }

    static void sendPacked(byte[] buffer, int start, ValueSink sink) {
        sink.sortedSet(Listpack.count(buffer, start) >> 1);
        var member = new Element();
        var scoreText = new Element();
        int at = Listpack.first(buffer, start);
        while (at != Listpack.NONE) {
            int scoreAt = Listpack.next(buffer, start, at);
            Listpack.get(buffer, start, at, member);
            sink.scored(scoreAt(buffer, start, scoreAt, scoreText), member);
            at = Listpack.next(buffer, start, scoreAt);
        }
    }
}
