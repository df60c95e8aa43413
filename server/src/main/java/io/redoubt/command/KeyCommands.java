package io.redoubt.command;

import static io.redoubt.command.ArgSpec.integer;
import static io.redoubt.command.ArgSpec.key;
import static io.redoubt.command.ArgSpec.oneOf;
import static io.redoubt.command.ArgSpec.pattern;
import static io.redoubt.command.ArgSpec.string;
import static io.redoubt.command.ArgSpec.word;
import static io.redoubt.command.Category.DANGEROUS;
import static io.redoubt.command.Category.KEYSPACE;
import static io.redoubt.command.CommandFlag.DENYOOM;
import static io.redoubt.command.CommandFlag.EXCLUSIVE;
import static io.redoubt.command.CommandFlag.FAST;
import static io.redoubt.command.CommandFlag.LOADING;
import static io.redoubt.command.CommandFlag.READONLY;
import static io.redoubt.command.CommandFlag.STALE;
import static io.redoubt.command.CommandFlag.WRITE;
import static io.redoubt.command.KeySpec.Flag.ACCESS;
import static io.redoubt.command.KeySpec.Flag.DELETE;
import static io.redoubt.command.KeySpec.Flag.INSERT;
import static io.redoubt.command.KeySpec.Flag.OW;
import static io.redoubt.command.KeySpec.Flag.RM;
import static io.redoubt.command.KeySpec.Flag.RO;
import static io.redoubt.command.KeySpec.Flag.RW;
import static io.redoubt.command.KeySpec.Flag.UPDATE;

import io.redoubt.resp.Decimal;
import io.redoubt.resp.Reply;
import io.redoubt.store.KeyspaceEvents.Event;
import io.redoubt.type.Encoding;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;

/** The commands on keys of any type and on whole databases. Those about expiry are {@link ExpireCommands}. */
public final class KeyCommands extends CommandFamily {
    private static final byte[] INVALID_FIRST_DB = Errors.line("ERR invalid first DB index");
    private static final byte[] INVALID_SECOND_DB = Errors.line("ERR invalid second DB index");
    private static final byte[] NOT_AN_INT =
            Errors.line("ERR value is out of range, value must between -2147483648 and 2147483647");
    private static final byte[] NO_LFU = Errors.line("ERR An LFU maxmemory policy is not selected, access frequency"
            + " not tracked. Please note that when switching between policies at runtime LRU and LFU data will take"
            + " some time to adjust.");
    private static final byte[] NO_LRU = Errors.line("ERR An LFU maxmemory policy is selected, idle time not tracked."
            + " Please note that when switching between policies at runtime LRU and LFU data will take some time to"
            + " adjust.");
    private static final String[] OBJECT_HELP = {
        "ENCODING <key>",
        "    How the value of the key is kept: int, embstr, raw ...",
        "FREQ <key>",
        "    A logarithmic count of recent uses; needs an LFU maxmemory-policy.",
        "IDLETIME <key>",
        "    Seconds since the key was last used.",
        "REFCOUNT <key>",
        "    How many keys share the value.",
    };

    /** Redis keeps one object for each of the first integers, and shows this number as its count of references. */
    private static final int SHARED_INTEGERS = 10_000;

    private static final int SCAN_COUNT = 10;
    private static final int RANDOM_TRIES = 100;
    private static final int WALK_COUNT = 100;
    private static final int REPLACE = 1;
    private static final int NO_DATABASE = -1;

    private final Gate gate;
    private final int databases;
    private final BooleanSupplier usesLfu;
    private final Runnable beforeFlushAll;

    /**
     * @param databases how many there are
     * @param usesLfu whether the maxmemory-policy counts uses instead of noting when they were
     */
    public KeyCommands(Gate gate, int databases, BooleanSupplier usesLfu) {
        this(gate, databases, usesLfu, () -> {});
    }

    /** @param beforeFlushAll run before all keys of all databases are deleted */
    public KeyCommands(Gate gate, int databases, BooleanSupplier usesLfu, Runnable beforeFlushAll) {
        super("generic");
        this.beforeFlushAll = beforeFlushAll;
        this.gate = gate;
        this.databases = databases;
        this.usesLfu = usesLfu;
    }

    // ---- Deleting ----

    final CommandSpec del = command("DEL")
            .arity(-2)
            .since("1.0.0")
            .complexity("O(N), N = keys and elements deleted")
            .summary("Deletes keys and says how many there were.")
            .flags(WRITE)
            .categories(KEYSPACE)
            .tips("request_policy:multi_shard", "response_policy:agg_sum")
            .keys(1, -1, 1, RM, DELETE)
            .reveals(Reveals.EXISTENCE)
            .args(key("key").multiple())
            .handler(this::del);

    final CommandSpec unlink = command("UNLINK")
            .arity(-2)
            .since("4.0.0")
            .complexity("O(N), N = keys deleted")
            .summary("Deletes keys as DEL does; what they held may be given back later.")
            .flags(WRITE, FAST)
            .categories(KEYSPACE)
            .tips("request_policy:multi_shard", "response_policy:agg_sum")
            .keys(1, -1, 1, RM, DELETE)
            .reveals(Reveals.EXISTENCE)
            .args(key("key").multiple())
            .handler(this::del);

    private void del(Call call) {
        int deleted = 0;
        for (int arg = 1; arg < call.argCount(); arg++) {
            if (call.delete(arg)) {
                call.changed(arg, Event.DEL);
                deleted++;
            }
        }
        call.reply().integer(deleted);
    }

    // ---- Asking about keys ----

    final CommandSpec exists = command("EXISTS")
            .arity(-2)
            .since("1.0.0")
            .history("3.0.3", "Accepts more than one key.")
            .complexity("O(N), N = keys")
            .summary("Counts how many of the named keys exist.")
            .flags(READONLY, FAST)
            .categories(KEYSPACE)
            .tips("request_policy:multi_shard", "response_policy:agg_sum")
            .keys(1, -1, 1, RO)
            .reveals(Reveals.EXISTENCE)
            .args(key("key").multiple())
            .handler(this::exists);

    private void exists(Call call) {
        int found = 0;
        for (int arg = 1; arg < call.argCount(); arg++) {
            if (look(call, arg)) {
                found++;
            }
        }
        call.reply().integer(found);
    }

    final CommandSpec touch = command("TOUCH")
            .arity(-2)
            .since("3.2.1")
            .complexity("O(N), N = keys")
            .summary("Marks keys as just used and says how many there are.")
            .flags(READONLY, FAST)
            .categories(KEYSPACE)
            .tips("request_policy:multi_shard", "response_policy:agg_sum")
            .keys(1, -1, 1, RO)
            .reveals(Reveals.EXISTENCE)
            .args(key("key").multiple())
            .handler(this::touch);

    private void touch(Call call) {
        int found = 0;
        for (int arg = 1; arg < call.argCount(); arg++) {
            if (look(call, arg)) {
                // Also for a client that has asked not to touch what it reads: here it says that it wants to.
                call.keyspace().touch(call.unit(), call.entry());
                found++;
            }
        }
        call.reply().integer(found);
    }

    final CommandSpec type = command("TYPE")
            .arity(2)
            .since("1.0.0")
            .complexity("O(1)")
            .summary("Names the type of a key's value.")
            .flags(READONLY, FAST)
            .categories(KEYSPACE)
            .key(1, RO)
            .reveals(Reveals.DERIVED)
            .args(key("key"))
            .handler(this::type);

    private void type(Call call) {
        call.reply().status(look(call, 1) ? Encoding.typeName(call.entry().encoding()) : "none");
    }

    /** Looks a key up for reading without marking it as used. */
    static boolean look(Call call, int arg) {
        boolean found = call.find(arg);
        call.keyspace().countLookup(call.unit(), found);
        if (!found) {
            call.notify(arg, call.database(), Event.KEYMISS);
        }
        return found;
    }

    final CommandSpec object = command("OBJECT")
            .arity(-2)
            .since("2.2.3")
            .complexity("Depends on subcommand")
            .summary("Groups the commands that show how a value is kept.");

    final CommandSpec objectEncoding = objectSubcommand("ENCODING", "2.2.3")
            .summary("Names the way in which a value is kept.")
            .handler(this::objectEncoding);

    private CommandSpec objectSubcommand(String name, String since) {
        return subcommand(object, name)
                .arity(3)
                .since(since)
                .complexity("O(1)")
                .flags(READONLY)
                .categories(KEYSPACE)
                .tips("nondeterministic_output")
                .key(2, RO)
                .reveals(Reveals.DERIVED)
                .args(key("key"));
    }

    private void objectEncoding(Call call) {
        if (findObject(call)) {
            call.reply().bulk(Encoding.name(call.entry().encoding()));
        }
    }

    final CommandSpec objectFreq = objectSubcommand("FREQ", "4.0.0")
            .summary("Shows the logarithmic count of a key's recent uses.")
            .handler(this::objectFreq);

    private void objectFreq(Call call) {
        if (!findObject(call)) {
            return;
        }
        if (usesLfu.getAsBoolean()) {
            call.reply().integer(call.keyspace().frequency().count(call.entry().access(), call.nowMillis()));
        } else {
            call.reply().error(NO_LFU);
        }
    }

    final CommandSpec objectIdletime = objectSubcommand("IDLETIME", "2.2.3")
            .summary("Shows how many seconds ago a key was last used.")
            .handler(this::objectIdletime);

    private void objectIdletime(Call call) {
        if (!findObject(call)) {
            return;
        }
        if (usesLfu.getAsBoolean()) {
            call.reply().error(NO_LRU);
        } else {
            long now = call.nowMillis() / 1000;
            call.reply().integer(now - call.entry().access() & 0xFFFFFF);
        }
    }

    final CommandSpec objectRefcount = objectSubcommand("REFCOUNT", "2.2.3")
            .summary("Shows how many references a value has.")
            .handler(this::objectRefcount);

    private void objectRefcount(Call call) {
        if (findObject(call)) {
            var entry = call.entry();
            boolean isShared = entry.isInteger() && entry.integer() >= 0 && entry.integer() < SHARED_INTEGERS;
            call.reply().integer(isShared ? Integer.MAX_VALUE : 1);
        }
    }

    final CommandSpec objectHelp = subcommand(object, "HELP")
            .arity(2)
            .since("6.2.0")
            .complexity("O(1)")
            .summary("Explains the subcommands of OBJECT.")
            .flags(LOADING, STALE)
            .categories(KEYSPACE)
            .handler(this::objectHelp);

    private void objectHelp(Call call) {
        SubcommandHelp.reply(call.reply(), "OBJECT", OBJECT_HELP);
    }

    /** Finds the key of OBJECT, which neither marks it as used nor tells of a miss; without one answers nil. */
    private static boolean findObject(Call call) {
        boolean found = call.find(2);
        call.keyspace().countLookup(call.unit(), found);
        if (!found) {
            call.reply().nil();
        }
        return found;
    }

    // ---- Names of keys ----

    final CommandSpec keys = command("KEYS")
            .arity(2)
            .since("1.0.0")
            .complexity("O(N), N = keys of the database")
            .summary("Lists all keys that match a pattern.")
            .flags(READONLY, EXCLUSIVE)
            .categories(KEYSPACE, DANGEROUS)
            .tips("request_policy:all_shards", "nondeterministic_output_order")
            .touchesKeyspace()
            .reveals(Reveals.EXISTENCE)
            .args(pattern("pattern"))
            .handler(this::keys);

    private void keys(Call call) {
        var reply = call.reply();
        var listing = new KeyListing(reply, gate, call.session(), call.nowMillis());
        listing.match(call.args(), 1);
        int mark = reply.beginArray();
        call.keyspace().forEach(call.database(), call.entry(), listing);
        reply.endArray(mark, listing.count());
    }

    final CommandSpec scan = command("SCAN")
            .arity(-2)
            .since("2.8.0")
            .history("6.0.0", "Filters by type.")
            .complexity("O(1) per call, O(N) for all, N = keys of the database")
            .summary("Lists some keys and a cursor to go on from.")
            .flags(READONLY)
            .categories(KEYSPACE)
            .tips("nondeterministic_output", "request_policy:special")
            .touchesKeyspace()
            .reveals(Reveals.EXISTENCE)
            .args(
                    integer("cursor"),
                    pattern("pattern").token("MATCH").optional(),
                    integer("count").token("COUNT").optional(),
                    string("type").token("TYPE").optional().since("6.0.0"))
            .form(KeyCommands::parseScan)
            .handler(this::scan);

    /** Slots: the pattern's argument, the type's (0 for none), the count. Options: the cursor. */
    private static void parseScan(Args args, Form form) {
        form.slots[0] = 0;
        form.slots[1] = 0;
        form.slots[2] = SCAN_COUNT;
        form.options = ScanOptions.parseCursor(args, 1);
        if (form.options == ScanOptions.INVALID_CURSOR) {
            form.error = Errors.INVALID_CURSOR;
            return;
        }
        for (int arg = 2; arg < args.count(); arg += 2) {
            boolean hasValue = arg + 1 < args.count();
            if (hasValue && args.is(arg, "COUNT")) {
                long count =
                        Decimal.parseLong(args.buffer(), args.start(arg + 1), args.length(arg + 1), Long.MIN_VALUE);
                if (count < 1) {
                    form.error = isLong(args, arg + 1) ? Errors.SYNTAX : Errors.NOT_AN_INTEGER;
                    return;
                }
                form.slots[2] = (int) Math.min(count, Integer.MAX_VALUE);
            } else if (hasValue && args.is(arg, "MATCH")) {
                form.slots[0] = arg + 1;
            } else if (hasValue && args.is(arg, "TYPE")) {
                form.slots[1] = arg + 1;
            } else {
                form.error = Errors.SYNTAX;
                return;
            }
        }
    }

    private void scan(Call call) {
        var form = call.form();
        var keyspace = call.keyspace();
        // The cursor stands before the names and is known after them.
        var names = new Reply();
        var listing = new KeyListing(names, gate, call.session(), call.nowMillis());
        if (form.slots[0] > 0) {
            listing.match(call.args(), form.slots[0]);
        }
        if (form.slots[1] > 0) {
            listing.type(call.args(), form.slots[1]);
        }
        listing.collectExpired();
        long next = 0;
        if (form.options != ScanOptions.NO_CURSOR && form.options < (long) keyspace.shardCount() << 32) {
            next = keyspace.scan(call.unit(), call.database(), form.options, form.slots[2], call.entry(), listing);
        }
        for (byte[] key : listing.expired()) {
            keyspace.expireIfDue(call.unit(), call.database(), key, 0, key.length, call.otherEntry());
        }
        var reply = call.reply();
        reply.arrayHeader(2);
        reply.bulkInteger(next);
        reply.arrayHeader(listing.count());
        reply.raw(names.buffer(), 0, names.length());
    }

    final CommandSpec randomkey = command("RANDOMKEY")
            .arity(1)
            .since("1.0.0")
            .complexity("O(1)")
            .summary("Names a key picked at random.")
            .flags(READONLY)
            .categories(KEYSPACE)
            .tips("request_policy:all_shards", "nondeterministic_output")
            .touchesKeyspace()
            .reveals(Reveals.EXISTENCE)
            .handler(this::randomkey);

    private void randomkey(Call call) {
        var keyspace = call.keyspace();
        var entry = call.entry();
        var random = new SplittableRandom();
        var listing = new KeyListing(call.reply(), gate, call.session(), call.nowMillis());
        listing.limit(1);
        for (int tries = 0; tries < RANDOM_TRIES && keyspace.size(call.database()) > 0; tries++) {
            if (!keyspace.random(call.unit(), call.database(), random, entry)) {
                continue;
            }
            if (!KeyListing.isAlive(entry, call.nowMillis())) {
                // The look-up deletes what has expired, unless this is a replica.
                byte[] buffer = entry.keyBuffer();
                keyspace.expireIfDue(
                        call.unit(), call.database(), buffer, entry.keyStart(), entry.keyLength(), call.otherEntry());
                continue;
            }
            listing.visit(entry);
            if (listing.count() > 0) {
                return;
            }
        }
        // Few of the keys can be shown: takes the first that can, from a random place on, then from the start.
        long cursor = random.nextLong((long) keyspace.shardCount() << 32);
        for (int round = 0; round < 2; round++) {
            do {
                cursor = keyspace.scan(call.unit(), call.database(), cursor, WALK_COUNT, entry, listing);
                if (listing.count() > 0) {
                    return;
                }
            } while (cursor != 0);
        }
        call.reply().nil();
    }

    final CommandSpec dbsize = command("DBSIZE")
            .group("server")
            .arity(1)
            .since("1.0.0")
            .complexity("O(1)")
            .summary("Counts the keys of the database.")
            .flags(READONLY, FAST)
            .categories(KEYSPACE)
            .tips("request_policy:all_shards", "response_policy:agg_sum")
            .touchesKeyspace()
            .reveals(Reveals.LENGTH)
            .handler(this::dbsize);

    private void dbsize(Call call) {
        call.reply().integer(call.keyspace().size(call.database()));
    }

    // ---- Other names, other databases ----

    final CommandSpec rename = command("RENAME")
            .arity(3)
            .since("1.0.0")
            .complexity("O(1)")
            .summary("Gives a key another name, replacing what has that name.")
            .flags(WRITE)
            .categories(KEYSPACE)
            .key(1, RW, ACCESS, DELETE)
            .key(2, OW, UPDATE)
            .reveals(Reveals.EXISTENCE)
            .args(key("key"), key("newkey", 1))
            .handler(call -> rename(call, false));

    final CommandSpec renamenx = command("RENAMENX")
            .arity(3)
            .since("1.0.0")
            .history("3.2.0", "The same name twice is no error.")
            .complexity("O(1)")
            .summary("Gives a key another name unless that name is taken.")
            .flags(WRITE, FAST)
            .categories(KEYSPACE)
            .key(1, RW, ACCESS, DELETE)
            .key(2, OW, INSERT)
            .reveals(Reveals.EXISTENCE)
            .args(key("key"), key("newkey", 1))
            .handler(call -> rename(call, true));

    private static void rename(Call call, boolean keepsTarget) {
        if (!call.find(1)) {
            call.reply().error(Errors.NO_SUCH_KEY);
            return;
        }
        boolean isSame = call.args().areSame(1, 2);
        if (isSame || call.find(2, call.database(), call.otherEntry()) && keepsTarget) {
            if (keepsTarget) {
                call.reply().integer(0);
            } else {
                call.reply().ok();
            }
            return;
        }
        moveTo(call, 2, call.database());
        call.notify(2, call.database(), Event.NEW);
        call.changed(1, Event.RENAME_FROM);
        call.notify(2, call.database(), Event.RENAME_TO);
        if (keepsTarget) {
            call.reply().integer(1);
        } else {
            call.reply().ok();
        }
    }

    /** Copies the first key. It is looked up anew: looking up the target may have deleted an expired one. */
    private static void copyTo(Call call, int keyArg, int database) {
        if (!call.find(1)) {
            throw new IllegalStateException("the key was there a moment ago");
        }
        var args = call.args();
        call.keyspace()
                .copy(call.unit(), call.entry(), database, args.buffer(), args.start(keyArg), args.length(keyArg));
    }

    /** Gives the value of the first key to another, and deletes the first. */
    private static void moveTo(Call call, int keyArg, int database) {
        if (!call.find(1)) {
            throw new IllegalStateException("the key was there a moment ago");
        }
        var args = call.args();
        call.keyspace()
                .move(call.unit(), call.entry(), database, args.buffer(), args.start(keyArg), args.length(keyArg));
    }

    final CommandSpec copy = command("COPY")
            .arity(-3)
            .since("6.2.0")
            .complexity("O(N), N = elements copied; O(1) for a string")
            .summary("Copies a key's value and expiry to another key or database.")
            .flags(WRITE, DENYOOM)
            .categories(KEYSPACE)
            .key(1, RO, ACCESS)
            .key(2, OW, UPDATE)
            .readsToo()
            .reveals(Reveals.EXISTENCE)
            .args(
                    key("source"),
                    key("destination", 1),
                    integer("destination-db").token("DB").optional(),
                    word("replace", "REPLACE").optional())
            .form(this::parseCopy)
            .handler(this::copy);

    /** Slot 0: the target's database or {@link #NO_DATABASE}. Options: {@link #REPLACE}. */
    private void parseCopy(Args args, Form form) {
        form.addKey(1, Form.READ);
        form.slots[0] = NO_DATABASE;
        for (int arg = 3; arg < args.count(); arg++) {
            if (args.is(arg, "REPLACE")) {
                form.options |= REPLACE;
            } else if (args.is(arg, "DB") && arg + 1 < args.count()) {
                int database = databaseAt(args, ++arg, form);
                if (database < 0) {
                    break;
                }
                // Only the last one counts for the copy, yet the user must be allowed in each that is named.
                form.addKey(2, Form.WRITE, database);
                form.slots[0] = database;
            } else {
                form.error = Errors.SYNTAX;
                break;
            }
        }
        if (form.slots[0] == NO_DATABASE) {
            form.addKey(2, Form.WRITE);
        }
    }

    /** Reads the number of a database that exists; else leaves the error in the form, and the number is negative. */
    private int databaseAt(Args args, int arg, Form form) {
        long number = Decimal.parseLong(args.buffer(), args.start(arg), args.length(arg), Long.MIN_VALUE);
        if (number != (int) number) {
            form.error = isLong(args, arg) ? NOT_AN_INT : Errors.NOT_AN_INTEGER;
            return NO_DATABASE;
        }
        if (number < 0 || number >= databases) {
            form.error = Errors.DB_INDEX;
            return NO_DATABASE;
        }
        return (int) number;
    }

    private void copy(Call call) {
        var form = call.form();
        int database = form.slots[0] == NO_DATABASE ? call.database() : form.slots[0];
        if (database == call.database() && call.args().areSame(1, 2)) {
            call.reply().error(Errors.SAME_OBJECT);
            return;
        }
        if (!call.findToRead(1)) {
            call.reply().integer(0);
            return;
        }
        if (call.find(2, database, call.otherEntry()) && (form.options & REPLACE) == 0) {
            call.reply().integer(0);
            return;
        }
        copyTo(call, 2, database);
        call.notify(2, database, Event.NEW);
        call.changed(2, database, Event.COPY_TO);
        call.reply().integer(1);
    }

    final CommandSpec move = command("MOVE")
            .arity(3)
            .since("1.0.0")
            .complexity("O(1)")
            .summary("Moves a key to another database unless it is there already.")
            .flags(WRITE, FAST)
            .categories(KEYSPACE)
            .key(1, RW, ACCESS, UPDATE)
            .readsToo()
            .reveals(Reveals.EXISTENCE)
            .args(key("key"), integer("db"))
            .form(this::parseMove)
            .handler(this::move);

    private void parseMove(Args args, Form form) {
        form.addKey(1, Form.READ | Form.WRITE);
        int database = databaseAt(args, 2, form);
        if (database >= 0) {
            form.addKey(1, Form.WRITE, database);
            form.slots[0] = database;
        }
    }

    private void move(Call call) {
        int database = call.form().slots[0];
        if (database == call.database()) {
            call.reply().error(Errors.SAME_OBJECT);
            return;
        }
        if (!call.find(1) || call.find(1, database, call.otherEntry())) {
            call.reply().integer(0);
            return;
        }
        moveTo(call, 1, database);
        call.notify(1, database, Event.NEW);
        call.changed(1, Event.MOVE_FROM);
        call.notify(1, database, Event.MOVE_TO);
        call.reply().integer(1);
    }

    // ---- Whole databases ----

    final CommandSpec flushdb = command("FLUSHDB")
            .group("server")
            .arity(-1)
            .since("1.0.0")
            .history("4.0.0", "Takes ASYNC.")
            .history("6.2.0", "Takes SYNC.")
            .complexity("O(1)")
            .summary("Deletes all keys of the database.")
            .flags(WRITE, EXCLUSIVE)
            .categories(KEYSPACE, DANGEROUS)
            .tips("request_policy:all_shards", "response_policy:all_succeeded")
            .writesAllKeys()
            .args(flushMode())
            .form((args, form) -> parseFlush(args, form, false))
            .handler(this::flushdb);

    final CommandSpec flushall = command("FLUSHALL")
            .group("server")
            .arity(-1)
            .since("1.0.0")
            .history("4.0.0", "Takes ASYNC.")
            .history("6.2.0", "Takes SYNC.")
            .complexity("O(N), N = databases")
            .summary("Deletes all keys of all databases.")
            .flags(WRITE, EXCLUSIVE)
            .categories(KEYSPACE, DANGEROUS)
            .tips("request_policy:all_shards", "response_policy:all_succeeded")
            .writesAllKeys()
            .args(flushMode())
            .form((args, form) -> parseFlush(args, form, true))
            .handler(this::flushall);

    private static ArgSpec flushMode() {
        return oneOf(
                        "async",
                        word("async", "ASYNC").since("4.0.0"),
                        word("sync", "SYNC").since("6.2.0"))
                .optional();
    }

    private static void parseFlush(Args args, Form form, boolean all) {
        form.allDatabases = all;
        boolean hasMode = args.count() == 2 && (args.is(1, "ASYNC") || args.is(1, "SYNC"));
        if (args.count() > 1 && !hasMode) {
            form.error = Errors.SYNTAX;
        }
    }

    private void flushdb(Call call) {
        flush(call, call.database());
        call.logAsSent(); // Also when nothing was there, as Redis does: a replica may hold what we do not.
        call.reply().ok();
    }

    private void flushall(Call call) {
        beforeFlushAll.run();
        for (int database = 0; database < databases; database++) {
            flush(call, database);
        }
        call.unit().changed();
        call.logAsSent();
        call.reply().ok();
    }

    private static void flush(Call call, int database) {
        call.keyspace().events().beforeFlush(database);
        call.unit().changed(call.keyspace().flush(call.unit(), database));
    }

    final CommandSpec swapdb = command("SWAPDB")
            .group("server")
            .arity(3)
            .since("4.0.0")
            .complexity("O(N), N = shards")
            .summary("Exchanges the keys of two databases.")
            .flags(WRITE, FAST, EXCLUSIVE)
            .categories(KEYSPACE, DANGEROUS)
            .writesAllKeys()
            .args(integer("index1"), integer("index2"))
            .form(this::parseSwapdb)
            .handler(this::swapdb);

    private void parseSwapdb(Args args, Form form) {
        form.touchesCurrentDatabase = false;
        for (int arg = 1; arg <= 2; arg++) {
            long number = Decimal.parseLong(args.buffer(), args.start(arg), args.length(arg), Long.MIN_VALUE);
            if (number != (int) number) {
                form.error = arg == 1 ? INVALID_FIRST_DB : INVALID_SECOND_DB;
                return;
            }
            form.slots[arg] = (int) number;
            if (number >= 0 && number < databases) {
                form.addDatabase((int) number);
            }
        }
        if (form.databaseCount() < 2) {
            form.error = Errors.DB_INDEX;
        }
    }

    private void swapdb(Call call) {
        int first = call.form().slots[1];
        int second = call.form().slots[2];
        if (first != second) {
            call.keyspace().events().beforeSwap(first, second);
            call.keyspace().swap(call.unit(), first, second);
        }
        call.unit().changed();
        call.reply().ok();
    }

    private static boolean isLong(Args args, int arg) {
        return Decimal.isLong(args.buffer(), args.start(arg), args.length(arg));
    }
}
