package io.redoubt.store;

import io.redoubt.log.AofStream;
import io.redoubt.log.EffectStream;
import io.redoubt.memory.ArenaFullException;
import io.redoubt.memory.HeapBudget;
import io.redoubt.memory.SipHash;
import io.redoubt.type.Encoding;
import io.redoubt.type.HashValue;
import io.redoubt.type.ListBlocks;
import io.redoubt.type.Thresholds;
import io.redoubt.type.Value;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * All databases, cut into shards by the cluster slot of the key. A method that takes a {@link Unit} is called by a loop
 * that is inside (shared mode and holding the key's shard, or exclusive mode). Nothing but this class decides in which
 * shard a key lives.
 */
public final class Keyspace {
    /** No expiry. */
    public static final long NO_EXPIRY = -1;

    /** Sizes of a keyspace. */
    public record Layout(int loops, int shards, int databases, int chunkBytes) {}

    /** What decides about expiry while the server runs: settings and the role. */
    public static final class Expiry {
        /** A replica does not delete what has expired: it waits for its master's DEL. */
        public volatile boolean isReplica;
        /** DEBUG SET-ACTIVE-EXPIRE. */
        public volatile boolean isActive = true;
        /** lazyfree-lazy-expire: the effect is UNLINK instead of DEL. */
        public volatile boolean unlinks;

        private BooleanSupplier pause = () -> false;

        /** Says who knows whether nothing may expire now. Before the server runs. */
        public void pauseWhile(BooleanSupplier condition) {
            pause = condition;
        }

        /** Whether nothing may expire now, because replicas would be told of it. */
        public boolean isPaused() {
            return pause.getAsBoolean();
        }
    }

    private static final byte[] DEL = {'D', 'E', 'L'};
    private static final byte[] HDEL = {'H', 'D', 'E', 'L'};
    private static final byte[] UNLINK = {'U', 'N', 'L', 'I', 'N', 'K'};

    private final Layout layout;
    private final HeapBudget heap;
    private final SipHash sip;
    private final Shard[] shards;
    private final EntryMode mode;
    private final EffectStream stream;
    private final AofStream aof = new AofStream();
    private final Unit[] units;
    private final Expiry expiry = new Expiry();
    private final Thresholds thresholds = new Thresholds();
    /** Estimated by the expiry walk; a figure for people, so races do not matter. */
    private final long[] averageTtlMillis;

    private volatile Libraries libraries = Libraries.NONE;
    private KeyspaceEvents events = KeyspaceEvents.NONE;
    /** Changes in exclusive mode. */
    private KeptAccess keptAccess = KeptAccess.NOTHING;

    private final Frequency frequency = new Frequency();
    private volatile @Nullable KeyspaceSnapshot snapshot;
    /** What the running snapshot keeps of databases that were emptied. */
    private final AtomicLong flushedHeapBytes = new AtomicLong();

    private final AtomicLong freedValues = new AtomicLong();

    /** A keyspace that takes what it needs of the heap. */
    public Keyspace(Layout layout, long hashKey0, long hashKey1, EffectStream stream) {
        this(layout, hashKey0, hashKey1, stream, HeapBudget.unlimited());
    }

    public Keyspace(Layout layout, long hashKey0, long hashKey1, EffectStream stream, HeapBudget heap) {
        this.layout = layout;
        this.heap = heap;
        this.stream = stream;
        sip = new SipHash(hashKey0, hashKey1);
        averageTtlMillis = new long[layout.databases()];
        mode = new EntryMode(layout.loops());
        shards = new Shard[layout.shards()];
        for (int i = 0; i < shards.length; i++) {
            shards[i] = new Shard(layout.databases(), layout.chunkBytes(), heap, sip, thresholds);
        }
        units = new Unit[layout.loops() + 1];
        for (int i = 0; i < units.length; i++) {
            units[i] = new Unit(this, i);
        }
    }

    /** Returns the unit of a loop; {@code loops} itself is that of threads that enter exclusively from outside. */
    public Unit unit(int loop) {
        return units[loop];
    }

    /** What may still be taken of the heap. */
    public HeapBudget heap() {
        return heap;
    }

    /** Libraries of functions; no database has them, so they stay when all are emptied. */
    public Libraries libraries() {
        return libraries;
    }

    /** Sets the libraries. Exclusive mode. */
    public void setLibraries(Libraries changed) {
        libraries = changed;
    }

    /** Makes room for another data set: empties every database, and forgets the libraries. Exclusive mode. */
    public void clear() {
        for (int database = 0; database < databaseCount(); database++) {
            flush(unit(loopCount()), database);
        }
        libraries = Libraries.NONE;
    }

    public EntryMode mode() {
        return mode;
    }

    public EffectStream stream() {
        return stream;
    }

    /** The same effects on their way to the append-only file. */
    public AofStream aof() {
        return aof;
    }

    /** What is noted of accesses, told by snapshots, and taken over when they are loaded. */
    public KeptAccess keptAccess() {
        return keptAccess;
    }

    public Frequency frequency() {
        return frequency;
    }

    /** Exclusive mode. */
    public void setKeptAccess(KeptAccess kept) {
        keptAccess = kept;
    }

    public Expiry expiry() {
        return expiry;
    }

    /** When values cease to be small. */
    public Thresholds thresholds() {
        return thresholds;
    }

    public void setEvents(KeyspaceEvents listener) {
        events = listener;
    }

    public KeyspaceEvents events() {
        return events;
    }

    public int shardCount() {
        return shards.length;
    }

    /** Number of loops; also the number of the unit of threads that enter exclusively from outside. */
    public int loopCount() {
        return layout.loops();
    }

    public int databaseCount() {
        return layout.databases();
    }

    Shard shard(int index) {
        return shards[index];
    }

    /** Returns the shard in which a key lives. */
    public int shardOf(byte[] key, int offset, int length) {
        return shards.length == 1 ? 0 : Slot.of(key, offset, length) & shards.length - 1;
    }

    private Partition partition(int database, byte[] key, int offset, int length) {
        return shards[shardOf(key, offset, length)].databases[database];
    }

    private int hash(byte[] key, int offset, int length) {
        return (int) (sip.hash(key, offset, length) >>> 32);
    }

    private static int accessClock(Unit unit) {
        return (int) (unit.nowMillis() / 1000) & 0xFFFFFF;
    }

    // ---- One key ----

    /**
     * Looks a key up. One that has expired is gone: a master deletes it and logs the effect.
     *
     * @return whether the key exists; then {@code entry} shows it
     */
    public boolean find(Unit unit, int database, byte[] key, int offset, int length, Entry entry) {
        var partition = partition(database, key, offset, length);
        int hash = hash(key, offset, length);
        int handle = partition.table.find(hash, key, offset, length);
        if (handle == 0) {
            return false;
        }
        long expiryMillis = partition.table.foundExpiry();
        if (expiryMillis != NO_EXPIRY && expiryMillis <= unit.nowMillis() && !isKeptThoughExpired(unit)) {
            if (!expiry.isReplica && !expiry.isPaused()) {
                expire(unit, database, partition, handle);
            }
            return false;
        }
        entry.set(unit, partition, hash, handle, expiryMillis);
        return !Encoding.hasFieldExpiry(entry.encoding()) || !expireFields(unit, database, entry);
    }

    /** As {@link #find}, and shows also what has expired and is still there: for those who ask how a key is kept. */
    public boolean findKept(Unit unit, int database, byte[] key, int offset, int length, Entry entry) {
        var partition = partition(database, key, offset, length);
        int hash = hash(key, offset, length);
        int handle = partition.table.find(hash, key, offset, length);
        if (handle != 0) {
            entry.set(unit, partition, hash, handle, partition.table.foundExpiry());
        }
        return handle != 0;
    }

    /**
     * Deletes fields of a hash that have expired: all of a small one, some of a large one, so that no look-up takes
     * long. The rest is hidden by {@link HashValue}.
     *
     * @return whether the hash has gone with its last field
     */
    private boolean expireFields(Unit unit, int database, Entry entry) {
        if (isKeptThoughExpired(unit) || expiry.isReplica || expiry.isPaused()) {
            return false;
        }
        var hash = unit.expiringHash.bind(entry);
        if (hash.nextExpiry() > unit.nowMillis()) {
            return false;
        }
        try {
            return expireFields(unit, database, entry, hash);
        } catch (ArenaFullException _) {
            return false; // A change may need room; what has expired stays hidden until there is some.
        }
    }

    private boolean expireFields(Unit unit, int database, Entry entry, HashValue hash) {
        int count = hash.findExpired(unit.nowMillis());
        if (count == 0) {
            noteFieldExpiry(entry, hash);
            return false;
        }
        var effects = unit.effects();
        if (effects.isWanted()) {
            effects.command(database, 2 + count);
            effects.arg(HDEL);
            effects.arg(entry.keyBuffer(), entry.keyStart(), entry.keyLength());
            var field = unit.expiredField;
            for (int i = 0; i < count; i++) {
                hash.expired(i, field);
                effects.arg(field.buffer(), field.offset(), field.length());
            }
            effects.separate();
        }
        hash.removeExpired();
        unit.expiredFields += count;
        boolean isEmpty = hash.isEmpty();
        byte[] chunk = entry.keyBuffer();
        int keyStart = entry.keyStart();
        int keyLength = entry.keyLength();
        events.on(KeyspaceEvents.Event.HEXPIRED, database, chunk, keyStart, keyLength);
        if (isEmpty) {
            findAgain(entry.partition(), entry);
            entry.partition().removeFound(entry.handle());
            unit.freedIn(entry.partition());
            events.on(KeyspaceEvents.Event.DEL, database, chunk, keyStart, keyLength);
        }
        changed(unit, database, chunk, keyStart, keyLength); // The block rests until the unit ends.
        return isEmpty;
    }

    private static void noteFieldExpiry(Entry entry, HashValue hash) {
        long next = hash.nextExpiry();
        entry.noteFieldExpiry(next == Long.MAX_VALUE ? NO_EXPIRY : next);
    }

    /**
     * Fetches into the cache what the look-ups of several keys will read; changes nothing. Only with a single shard,
     * which nobody else can be changing meanwhile.
     */
    public void fetch(Unit unit, int database, byte[] buffer, int[] starts, int[] lengths, int count) {
        int[] hashes = unit.hashesAhead(count);
        for (int i = 0; i < count; i++) {
            hashes[i] = hash(buffer, starts[i], lengths[i]);
        }
        unit.fetched += shards[0].databases[database].table.fetch(hashes, count);
    }

    private static boolean isKeptThoughExpired(Unit unit) {
        return unit.isFromMaster();
    }

    private void expire(Unit unit, int database, Partition partition, int handle) {
        byte[] chunk = partition.arena.chunk(handle);
        int base = partition.arena.offset(handle);
        int keyStart = Record.keyStart(chunk, base);
        int keyLength = Record.keyLength(chunk, base);
        var effects = unit.effects();
        if (effects.isWanted()) {
            effects.command(database, 2);
            effects.arg(expiry.unlinks ? UNLINK : DEL);
            effects.arg(chunk, keyStart, keyLength);
            effects.separate();
        }
        events.on(KeyspaceEvents.Event.EXPIRED, database, chunk, keyStart, keyLength);
        partition.removeFound(handle);
        unit.freedIn(partition);
        unit.expiredKeys++;
        changed(unit, database, chunk, keyStart, keyLength); // The block rests until the unit ends.
    }

    /**
     * Deletes a key that nobody named if it has expired. Takes the lock of its shard, and lets the effect out before
     * another lock is taken in its place: a later write to the key must stand behind the DEL in the stream.
     */
    public void expireIfDue(Unit unit, int database, byte[] key, int offset, int length, Entry scratch) {
        lockIfShared(unit, shardOf(key, offset, length));
        find(unit, database, key, offset, length, scratch);
        if (!mode.isExclusiveHere()) {
            unit.end();
            unit.begin(unit.nowMillis(), unit.isFromMaster());
        }
    }

    /** Remembers that an entry was used now. */
    public void touch(Unit unit, Entry entry) {
        if (keptAccess == KeptAccess.FREQUENCY) {
            entry.setAccess(frequency.used(entry.access(), unit.nowMillis()));
            return;
        }
        int now = accessClock(unit);
        if (entry.access() != now) {
            entry.setAccess(now);
        }
    }

    /** What is noted with a value that is put: a key that was there has been used once more. */
    private int accessOfPut(Unit unit, Partition partition, int hash, byte[] key, int offset, int length) {
        if (keptAccess != KeptAccess.FREQUENCY) {
            return accessClock(unit);
        }
        int found = partition.table.find(hash, key, offset, length);
        if (found == 0) {
            return frequency.fresh(unit.nowMillis());
        }
        int old = Record.access(partition.arena.chunk(found), partition.arena.offset(found));
        return frequency.used(old, unit.nowMillis());
    }

    /**
     * Sets a string, whatever was there.
     *
     * @param encoding {@link Encoding#EMBSTR} or {@link Encoding#RAW}; a large value is kept as such by itself
     * @param expiryMillis when the key expires, or {@link #NO_EXPIRY}
     * @return whether there was no such key
     */
    public boolean setString(
            Unit unit,
            int database,
            byte[] key,
            int keyOffset,
            int keyLength,
            int encoding,
            byte[] value,
            int offset,
            int length,
            long expiryMillis) {
        var partition = partition(database, key, keyOffset, keyLength);
        int kept = length >= Record.LARGE ? Encoding.LARGE : encoding;
        int hash = hash(key, keyOffset, keyLength);
        long countBefore = partition.table.count();
        int access = accessOfPut(unit, partition, hash, key, keyOffset, keyLength);
        if (partition.put(hash, key, keyOffset, keyLength, kept, value, offset, length, access)) {
            unit.freedIn(partition);
        }
        boolean isNew = partition.table.count() != countBefore;
        boolean wasExpired = setExpiryAfterPut(unit, partition, database, key, keyOffset, keyLength, expiryMillis);
        changed(unit, database, key, keyOffset, keyLength);
        return wasExpired || isNew;
    }

    /** Sets an integer, whatever was there; says whether there was no such key. */
    public boolean setInteger(
            Unit unit, int database, byte[] key, int keyOffset, int keyLength, long value, long expiryMillis) {
        var partition = partition(database, key, keyOffset, keyLength);
        int hash = hash(key, keyOffset, keyLength);
        byte[] scratch = partition.scratch;
        Record.LONGS.set(scratch, 0, value);
        long countBefore = partition.table.count();
        int access = accessOfPut(unit, partition, hash, key, keyOffset, keyLength);
        if (partition.put(hash, key, keyOffset, keyLength, Encoding.INT, scratch, 0, 8, access)) {
            unit.freedIn(partition);
        }
        boolean isNew = partition.table.count() != countBefore;
        boolean wasExpired = setExpiryAfterPut(unit, partition, database, key, keyOffset, keyLength, expiryMillis);
        changed(unit, database, key, keyOffset, keyLength);
        return wasExpired || isNew;
    }

    /**
     * The table still shows the record that was put, be it new or not. Says whether what was there had expired, so that
     * nobody has overwritten it.
     */
    private boolean setExpiryAfterPut(
            Unit unit, Partition partition, int database, byte[] key, int offset, int length, long expiryMillis) {
        var table = partition.table;
        long oldExpiry = table.foundExpiry();
        if (oldExpiry == expiryMillis) {
            return false;
        }
        table.setFoundExpiry(expiryMillis);
        noteOwnExpiry(unit, database, key, offset, length, expiryMillis);
        if (oldExpiry == NO_EXPIRY
                || oldExpiry > unit.nowMillis()
                || isKeptThoughExpired(unit)
                || expiry.isReplica
                || expiry.isPaused()) {
            return false;
        }
        unit.expiredKeys++;
        events.on(KeyspaceEvents.Event.EXPIRED, database, key, offset, length);
        return true;
    }

    /** Deletes a key; says whether it was there. One that has expired counts as absent. */
    public boolean delete(Unit unit, int database, byte[] key, int offset, int length, Entry entry) {
        if (!find(unit, database, key, offset, length, entry)) {
            return false;
        }
        entry.partition().removeFound(entry.handle());
        unit.freedIn(entry.partition());
        changed(unit, database, key, offset, length);
        return true;
    }

    /** Deletes a key even if it has expired, without an effect: for a copy that replaces it. */
    public boolean deleteSilently(Unit unit, int database, byte[] key, int offset, int length) {
        var partition = partition(database, key, offset, length);
        int handle = partition.table.find(hash(key, offset, length), key, offset, length);
        if (handle == 0) {
            return false;
        }
        partition.removeFound(handle);
        unit.freedIn(partition);
        changed(unit, database, key, offset, length);
        return true;
    }

    /** Sets or, with {@link #NO_EXPIRY}, removes the expiry of a key that exists. */
    public void setExpiry(Unit unit, int database, byte[] key, int offset, int length, long expiryMillis) {
        var table = partition(database, key, offset, length).table;
        if (table.find(hash(key, offset, length), key, offset, length) == 0) {
            throw new IllegalStateException("no such key");
        }
        table.setFoundExpiry(expiryMillis);
        noteOwnExpiry(unit, database, key, offset, length, expiryMillis);
        changed(unit, database, key, offset, length);
    }

    // ---- Values that are no strings ----

    /**
     * Adds a key that is not there with a value of so many bytes, whose content is arbitrary. The entry then shows it.
     */
    public void create(
            Unit unit, int database, byte[] key, int offset, int length, int encoding, int bytes, Entry entry) {
        createDetached(unit, database, key, offset, length, encoding, bytes, entry);
        attach(unit, entry, NO_EXPIRY);
    }

    /**
     * Makes a value for a key that nobody sees before {@link #attach}: for values that are built from others, perhaps
     * from the one they replace, or that may prove damaged. Ends with {@link #attach} or {@link #discard}.
     */
    public void createDetached(
            Unit unit, int database, byte[] key, int offset, int length, int encoding, int bytes, Entry entry) {
        var partition = partition(database, key, offset, length);
        int access = keptAccess == KeptAccess.FREQUENCY ? frequency.fresh(unit.nowMillis()) : accessClock(unit);
        int handle = partition.newRecord(key, offset, length, encoding, bytes, access);
        entry.setDetached(unit, partition, database, hash(key, offset, length), handle);
    }

    /** Puts a detached value in its place; what the key held before is gone. */
    public void attach(Unit unit, Entry entry, long expiryMillis) {
        var partition = entry.partition();
        byte[] chunk = entry.keyBuffer();
        int found = partition.table.find(entry.keyHash(), chunk, entry.keyStart(), entry.keyLength());
        if (found != 0) {
            partition.removeFound(found);
            unit.freedIn(partition);
        }
        partition.table.insert(entry.keyHash(), entry.handle());
        unit.valueChanged();
        if (expiryMillis != NO_EXPIRY) {
            partition.table.setFoundExpiry(expiryMillis);
            noteOwnExpiry(unit, entry.database(), chunk, entry.keyStart(), entry.keyLength(), expiryMillis);
        }
        entry.set(unit, partition, entry.keyHash(), entry.handle(), expiryMillis);
        if (Encoding.hasFieldExpiry(entry.encoding())) {
            noteFieldExpiry(entry, unit.expiringHash.bind(entry));
        }
        changed(unit, entry.database(), chunk, entry.keyStart(), entry.keyLength());
    }

    /** Frees a detached value. */
    public void discard(Unit unit, Entry entry) {
        entry.partition().discard(entry.handle());
        unit.freedIn(entry.partition());
        entry.clear();
    }

    /**
     * Copies an entry to another key, replacing what is there, with its encoding and expiry.
     */
    public void copy(Unit unit, Entry from, int database, byte[] key, int offset, int length) {
        if (from.isInteger()) {
            setInteger(unit, database, key, offset, length, from.integer(), from.expiryMillis());
            return;
        }
        if (from.encoding() == Encoding.LIST_BLOCKS) {
            copyBlocks(unit, from, database, key, offset, length);
            return;
        }
        if (Encoding.isLargeValue(from.encoding())) {
            var value = new Value();
            from.show(value);
            var loader = new ValueLoader(this);
            loader.begin(unit, database, key, offset, length);
            try {
                value.sendTo(loader);
            } catch (ArenaFullException full) {
                loader.discard();
                throw full;
            }
            loader.attach(from.expiryMillis());
            return;
        }
        // The bytes leave their arena first: a block is never written from bytes of the same arena.
        heap.requireForData(from.valueLength() >= Record.LARGE ? heap.footprint(from.valueLength()) : 0);
        byte[] value =
                Arrays.copyOfRange(from.valueBuffer(), from.valueStart(), from.valueStart() + from.valueLength());
        if (from.isString()) {
            int encoding = from.encoding() == Encoding.LARGE ? Encoding.RAW : from.encoding();
            setString(unit, database, key, offset, length, encoding, value, 0, value.length, from.expiryMillis());
            return;
        }
        var copy = new Entry();
        createDetached(unit, database, key, offset, length, from.encoding(), value.length, copy);
        System.arraycopy(value, 0, copy.buffer(), copy.start(), value.length);
        attach(unit, copy, from.expiryMillis());
    }

    /** Copies a list block by block. */
    private void copyBlocks(Unit unit, Entry from, int database, byte[] key, int offset, int length) {
        var list = (ListBlocks) from.large();
        long expiryMillis = from.expiryMillis();
        var copy = new Entry();
        createDetached(unit, database, key, offset, length, Encoding.RAW, 4, copy);
        try {
            var blocks = list.copyTo(copy.arena());
            // Cannot fail: the record has the size already.
            copy.enlarge(Encoding.LIST_BLOCKS, blocks);
        } catch (ArenaFullException full) {
            discard(unit, copy);
            throw full;
        }
        attach(unit, copy, expiryMillis);
    }

    /**
     * Gives the value of an entry to another key, replacing what is there, and deletes its own. Within a partition this
     * takes constant time for a large value, else it is copied.
     */
    public void move(Unit unit, Entry from, int database, byte[] key, int offset, int length) {
        var partition = from.partition();
        boolean isBeside = Encoding.isLargeValue(from.encoding()) || from.encoding() == Encoding.LARGE;
        if (!isBeside || partition(database, key, offset, length) != partition) {
            copy(unit, from, database, key, offset, length);
            findAgain(partition, from);
            partition.removeFound(from.handle());
            unit.freedIn(partition);
            return;
        }
        // The only step that can fail comes first.
        var moved = new Entry();
        createDetached(unit, database, key, offset, length, Encoding.RAW, 4, moved);
        moved.pointAt(from.encoding(), from.largeIndex());
        findAgain(partition, from);
        partition.removeFoundRecord(from.handle());
        unit.freedIn(partition);
        attach(unit, moved, from.expiryMillis());
    }

    private static void findAgain(Partition partition, Entry entry) {
        if (!partition.table.findHandle(entry.keyHash(), entry.handle())) {
            throw new IllegalStateException("the entry is older than the last change of its key");
        }
    }

    /**
     * Makes room in a large value so that it can be changed in place.
     *
     * @return its array, at least {@code newLength} long; null when the value has to be set anew
     */
    public byte @Nullable [] growLarge(Entry entry, int newLength) {
        if (entry.encoding() != Encoding.LARGE) {
            return null;
        }
        int index = entry.largeIndex();
        int oldLength = entry.partition().largeLength(index);
        byte[] bytes = entry.partition().writableLarge(index, newLength);
        if (bytes != null && newLength > oldLength) {
            Arrays.fill(bytes, oldLength, newLength, (byte) 0);
            entry.partition().setLargeLength(index, newLength);
        }
        return bytes;
    }

    /** Counts a look-up for reading. */
    public void countLookup(Unit unit, boolean found) {
        if (found) {
            unit.hits++;
        } else {
            unit.misses++;
        }
    }

    // ---- Who follows single keys ----

    /**
     * Every change of a key passes here. What puts, deletes or expires calls it by itself; who changes a value where it
     * stands calls it afterwards, which {@code Call.changed} does.
     */
    public void changed(Unit unit, int database, byte[] key, int offset, int length) {
        var followers = shards[shardOf(key, offset, length)].followers;
        if (!followers.isEmpty()) {
            followers.changed(unit, database, key, offset, length);
        }
    }

    private Shard shardOf(KeyName key) {
        return shards[shardOf(key.bytes(), 0, key.bytes().length)];
    }

    /** From now on somebody is told of changes of a key. The caller holds its shard. */
    public void follow(KeyName key, KeyFollower follower) {
        shardOf(key).followers.add(key, follower);
    }

    /** Ends {@link #follow}. From any thread. */
    public void unfollow(KeyName key, KeyFollower follower) {
        shardOf(key).followers.remove(key, follower);
    }

    /** Whether anybody follows a key. The caller holds its shard. */
    public boolean isFollowed(int database, byte[] key, int offset, int length) {
        return shards[shardOf(key, offset, length)].followers.isFollowed(database, key, offset, length);
    }

    /** Whether nobody else can change a key now. */
    public boolean isHeld(Unit unit, KeyName key) {
        return shards.length == 1 || mode.isExclusiveHere() || unit.holds(shardOf(key.bytes(), 0, key.bytes().length));
    }

    /** Returns who follows a key, those first who came first. */
    public KeyFollower[] followersOf(KeyName key) {
        return shardOf(key).followers.of(key);
    }

    /** Whether a key exists and has not expired. Changes nothing, and counts as no look-up. */
    public boolean isPresent(Unit unit, KeyName key) {
        var table = shardOf(key).databases[key.database()].table;
        byte[] bytes = key.bytes();
        if (table.find(hash(bytes, 0, bytes.length), bytes, 0, bytes.length) == 0) {
            return false;
        }
        long expiryMillis = table.foundExpiry();
        return expiryMillis == NO_EXPIRY || expiryMillis > unit.nowMillis();
    }

    /** The keys of a database that are followed and are in it, expired or not. */
    private List<KeyName> followedKeysIn(Shard shard, int keyDatabase, int database) {
        if (shard.followers.isEmpty()) {
            return List.of();
        }
        var table = shard.databases[database].table;
        var keys = shard.followers.keysOf(keyDatabase);
        keys.removeIf(key -> {
            byte[] bytes = key.bytes();
            return table.find(hash(bytes, 0, bytes.length), bytes, 0, bytes.length) == 0;
        });
        return keys;
    }

    // ---- Whole databases; exclusive mode where they change ----

    /** Number of keys of a database, those that have expired unnoticed included. */
    public long size(int database) {
        long count = 0;
        for (var shard : shards) {
            count += shard.databases[database].table.count();
        }
        return count;
    }

    /** Number of keys of a database that have an expiry. */
    public long expiryCount(int database) {
        long count = 0;
        for (var shard : shards) {
            count += shard.databases[database].table.expiryCount();
        }
        return count;
    }

    /** Number of hashes of a database that have fields which expire. */
    public long fieldExpiryCount(int database) {
        long count = 0;
        for (var shard : shards) {
            count += shard.databases[database].fieldExpiryCount();
        }
        return count;
    }

    /** Whether fields of hashes expire in any database. */
    public boolean expiresFields() {
        for (int database = 0; database < layout.databases(); database++) {
            if (fieldExpiryCount(database) > 0) {
                return true;
            }
        }
        return false;
    }

    /** Average time to live of a sample of the keys of a database that have an expiry; 0 without any. */
    public long averageTtlMillis(int database) {
        return averageTtlMillis[database];
    }

    /** Empties a database; returns how many keys it had. Exclusive mode. */
    public long flush(Unit unit, int database) {
        long count = size(database);
        if (count > 0) {
            for (var shard : shards) {
                var followed = followedKeysIn(shard, database, database);
                shard.databases[database].retire();
                if (snapshot != null) {
                    flushedHeapBytes.addAndGet(shard.databases[database].heapBytes());
                }
                shard.databases[database] = new Partition(layout.chunkBytes(), heap, sip, thresholds);
                shard.expiryCursors[database] = 0;
                shard.followers.changed(unit, followed);
            }
        }
        return count;
    }

    /** Swaps two databases. Exclusive mode. */
    public void swap(Unit unit, int first, int second) {
        for (var shard : shards) {
            // A key that is in neither database stays what it was.
            var followed = new LinkedHashSet<KeyName>();
            followed.addAll(followedKeysIn(shard, first, first));
            followed.addAll(followedKeysIn(shard, first, second));
            followed.addAll(followedKeysIn(shard, second, first));
            followed.addAll(followedKeysIn(shard, second, second));
            var kept = shard.databases[first];
            shard.databases[first] = shard.databases[second];
            shard.databases[second] = kept;
            shard.followers.changed(unit, followed);
        }
    }

    /**
     * Adds as many databases as there are, behind them and out of sight, in which another data set can be loaded.
     * Snapshots leave them out. Exclusive mode.
     */
    public void openStaging() {
        setShardDatabases(2 * layout.databases());
    }

    private void setShardDatabases(int count) {
        for (var shard : shards) {
            shard.setDatabaseCount(count, layout.chunkBytes(), heap, sip, thresholds);
        }
    }

    /** Puts what was loaded in the place of what there is, or drops it. Exclusive mode. */
    public void closeStaging(Unit unit, boolean isUsed) {
        for (int database = 0; database < layout.databases(); database++) {
            int staged = layout.databases() + database;
            if (isUsed) {
                flush(unit, database);
                swap(unit, database, staged);
            } else {
                flush(unit, staged);
            }
        }
        setShardDatabases(layout.databases());
    }

    /** Receives entries; may not change the keyspace. */
    public interface EntryVisitor {
        void visit(Entry entry);
    }

    /** Visits every key of a database, expired ones included. Exclusive mode. */
    public void forEach(int database, Entry entry, EntryVisitor visitor) {
        for (var shard : shards) {
            var partition = shard.databases[database];
            long cursor = 0;
            do {
                cursor = partition.table.scan(cursor, 1000, (handle, expiryMillis) -> {
                    entry.set(partition, handle, expiryMillis);
                    visitor.visit(entry);
                });
            } while (cursor != 0);
        }
    }

    /**
     * Visits about {@code count} keys behind a cursor. A key present from the first call to the last is visited. The
     * cursor is shard and hash: {@code hash * shards + shard}, below 2^53; each call takes the lock of one shard.
     *
     * @return the next cursor, 0 at the end
     */
    public long scan(Unit unit, int database, long cursor, int count, Entry entry, EntryVisitor visitor) {
        int index = (int) (cursor % shards.length);
        long hash = cursor / shards.length;
        long left = count;
        while (true) {
            lockIfShared(unit, index);
            var partition = shards[index].databases[database];
            int[] seen = {0};
            hash = partition.table.scan(hash, (int) left, (handle, expiryMillis) -> {
                seen[0]++;
                entry.set(partition, handle, expiryMillis);
                visitor.visit(entry);
            });
            left -= seen[0];
            if (hash != 0) {
                return hash * shards.length + index;
            }
            if (++index == shards.length) {
                return 0;
            }
            if (left <= 0) {
                return index; // hash 0 of the next shard; not 0, because index is not.
            }
        }
    }

    private void lockIfShared(Unit unit, int shard) {
        if (shards.length > 1 && !mode.isExclusiveHere()) {
            unit.lock(shard);
        }
    }

    /** Picks a key at random, each as likely as any other; false when the database is empty. */
    public boolean random(Unit unit, int database, RandomGenerator random, Entry entry) {
        long total = size(database);
        if (total == 0) {
            return false;
        }
        long pick = random.nextLong(total);
        for (int i = 0; i < shards.length; i++) {
            long count = shards[i].databases[database].table.count();
            if (pick < count || i == shards.length - 1) {
                lockIfShared(unit, i);
                var partition = shards[i].databases[database];
                int handle = partition.table.randomHandle(random);
                if (handle == 0) {
                    return false;
                }
                byte[] chunk = partition.arena.chunk(handle);
                int base = partition.arena.offset(handle);
                // The look-up finds the expiry as well.
                int start = Record.keyStart(chunk, base);
                int length = Record.keyLength(chunk, base);
                int hash = hash(chunk, start, length);
                partition.table.find(hash, chunk, start, length);
                entry.set(unit, partition, hash, handle, partition.table.foundExpiry());
                return true;
            }
            pick -= count;
        }
        return false;
    }

    // ---- Expiry in the background ----

    /**
     * Deletes keys of one shard that have expired, at most about {@code budget} of them. The caller is inside and holds
     * the shard; the unit begins and ends here.
     *
     * @return how many were deleted
     */
    public int expireSome(Unit unit, int shardIndex, int database, int budget, long now) {
        var shard = shards[shardIndex];
        if (!shard.ownExpiries.isEmpty()) {
            return expireOwn(unit, shard, now);
        }
        var partition = shard.databases[database];
        if (partition.table.expiryCount() == 0 || !expiry.isActive || expiry.isReplica || expiry.isPaused()) {
            return 0;
        }
        int[] handles = new int[budget];
        int[] count = {0};
        long[] lifetime = {0, 0};
        shard.expiryCursors[database] = partition.table.expireSlice(
                shard.expiryCursors[database], budget, (handle, hash, expiryMillis) -> {
                    if (expiryMillis <= now && count[0] < handles.length) {
                        handles[count[0]++] = handle;
                    } else {
                        lifetime[0] += expiryMillis - now;
                        lifetime[1]++;
                    }
                });
        if (lifetime[1] > 0) {
            averageTtlMillis[database] = lifetime[0] / lifetime[1];
        }
        if (count[0] == 0) {
            return 0;
        }
        for (int i = 0; i < count[0]; i++) {
            unit.begin(now, false);
            byte[] chunk = partition.arena.chunk(handles[i]);
            int base = partition.arena.offset(handles[i]);
            int start = Record.keyStart(chunk, base);
            int length = Record.keyLength(chunk, base);
            if (partition.table.find(hash(chunk, start, length), chunk, start, length) == handles[i]) {
                expire(unit, database, partition, handles[i]);
            }
            unit.end();
        }
        return count[0];
    }

    /**
     * Deletes fields of hashes of one shard that have expired, of at most about {@code budget} hashes. As
     * {@link #expireSome}.
     *
     * @return how many fields were deleted
     */
    public int expireSomeFields(Unit unit, int shardIndex, int database, int budget, long now) {
        var partition = shards[shardIndex].databases[database];
        if (partition.fieldExpiryCount() == 0 || !expiry.isActive || expiry.isReplica || expiry.isPaused()) {
            return 0;
        }
        int[] handles = new int[budget];
        int[] hashes = new int[budget];
        int[] count = {0};
        partition.visitFieldExpiry(budget, (handle, hash, expiryMillis) -> {
            if (expiryMillis <= now && count[0] < handles.length) {
                hashes[count[0]] = hash;
                handles[count[0]++] = handle;
            }
        });
        long deletedBefore = unit.expiredFields;
        var entry = new Entry();
        for (int i = 0; i < count[0]; i++) {
            unit.begin(now, false);
            if (partition.table.findHandle(hashes[i], handles[i])) {
                entry.set(unit, partition, hashes[i], handles[i], partition.table.foundExpiry());
                expireFields(unit, database, entry);
            }
            unit.end();
        }
        return (int) (unit.expiredFields - deletedBefore);
    }

    /** Remembers that a client of this replica gave a key an expiry. */
    private void noteOwnExpiry(Unit unit, int database, byte[] key, int offset, int length, long expiryMillis) {
        if (expiry.isReplica && expiryMillis != NO_EXPIRY && !unit.isFromMaster()) {
            shards[shardOf(key, offset, length)].ownExpiries.add(KeyName.copyOf(database, key, offset, length));
        }
    }

    /** On a replica: deletes keys with an expiry that its own clients gave them. The caller holds the shard. */
    private int expireOwn(Unit unit, Shard shard, long now) {
        if (!expiry.isReplica) {
            shard.ownExpiries.clear(); // A master expires all alike.
            return 0;
        }
        int deleted = 0;
        for (var names = shard.ownExpiries.iterator(); names.hasNext(); ) {
            var name = names.next();
            byte[] key = name.bytes();
            var partition = shard.databases[name.database()];
            int handle = partition.table.find(hash(key, 0, key.length), key, 0, key.length);
            long expiryMillis = handle == 0 ? NO_EXPIRY : partition.table.foundExpiry();
            if (expiryMillis == NO_EXPIRY) {
                names.remove();
            } else if (expiryMillis <= now && expiry.isActive && !expiry.isPaused()) {
                names.remove();
                unit.begin(now, false);
                expire(unit, name.database(), partition, handle);
                unit.end();
                deleted++;
            }
        }
        return deleted;
    }

    /** On a replica: how many keys got their expiry from its own clients. Figures of other loops may be a little old. */
    public long ownExpiryCount() {
        long count = 0;
        for (var shard : shards) {
            count += shard.ownExpiries.size();
        }
        return count;
    }

    // ---- Snapshots ----

    /** Starts a snapshot, or returns null when one is running. Exclusive mode. */
    public @Nullable KeyspaceSnapshot beginSnapshot() {
        if (snapshot != null) {
            return null;
        }
        var frozen =
                new KeyspaceSnapshot(layout.databases(), shards, stream.offset(), libraries, keptAccess, frequency);
        snapshot = frozen;
        return frozen;
    }

    /** Whether a snapshot is being read; a figure that may be a little old. */
    public boolean isSnapshotRunning() {
        return snapshot != null;
    }

    /** Ends the running snapshot. Exclusive mode. */
    public void endSnapshot() {
        if (snapshot != null) {
            snapshot.thaw();
            snapshot = null;
            flushedHeapBytes.set(0);
        }
    }

    /** Gives back, in a slice, blocks that a finished snapshot had kept. The caller is inside and holds the shard. */
    public boolean reclaimSome(int shardIndex, int maxBlocks) {
        boolean more = false;
        for (var partition : shards[shardIndex].databases) {
            more |= partition.freeDeleted(maxBlocks);
            freedValues.addAndGet(partition.takeFreedValues());
            more |= partition.arena.reclaim(maxBlocks) > 0;
        }
        return more;
    }

    // ---- Accounts ----

    /** Bytes that keys and values take. Figures of other loops may be a little old. */
    public long usedBytes() {
        long bytes = 0;
        for (var shard : shards) {
            for (var partition : shard.databases) {
                bytes += partition.usedBytes();
            }
        }
        return bytes;
    }

    /** What all data take of the heap; more than {@link #usedBytes}. Figures of other loops may be a little old. */
    public long heapBytes() {
        long bytes = flushedHeapBytes.get() + libraries.bytes();
        for (var shard : shards) {
            for (var partition : shard.databases) {
                bytes += partition.heapBytes();
            }
        }
        return bytes;
    }

    /** Deleted values whose memory is not free yet. */
    public long pendingFrees() {
        long count = 0;
        for (var shard : shards) {
            for (var partition : shard.databases) {
                count += partition.deletedCount();
            }
        }
        return count;
    }

    /** Deleted values that were freed in slices. */
    public long freedValues() {
        return freedValues.get();
    }

    public long changesSinceStart() {
        return sum(unit -> unit.changesSinceStart);
    }

    public long expiredKeys() {
        return sum(unit -> unit.expiredKeys);
    }

    /** Fields of hashes that expired. */
    public long expiredFields() {
        return sum(unit -> unit.expiredFields);
    }

    public long hits() {
        return sum(unit -> unit.hits);
    }

    public long misses() {
        return sum(unit -> unit.misses);
    }

    private long sum(java.util.function.ToLongFunction<Unit> figure) {
        long total = 0;
        for (var unit : units) {
            total += figure.applyAsLong(unit);
        }
        return total;
    }

    /** CONFIG RESETSTAT. Exclusive mode. */
    public void resetStats() {
        freedValues.set(0);
        for (var unit : units) {
            unit.expiredKeys = 0;
            unit.expiredFields = 0;
            unit.hits = 0;
            unit.misses = 0;
        }
    }

    /** Walks everything and fails on the first thing that is not as it must be. Exclusive mode; for tests. */
    public void checkInvariants() {
        for (var shard : shards) {
            if (shard.lock.isHeld()) {
                throw new IllegalStateException("a shard's lock is held");
            }
            for (var partition : shard.databases) {
                partition.checkInvariants();
            }
        }
    }
}
