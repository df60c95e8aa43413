package io.redoubt.observe;

import static io.redoubt.command.CommandFlag.ADMIN;
import static io.redoubt.command.CommandFlag.EXCLUSIVE;
import static io.redoubt.command.CommandFlag.LOADING;
import static io.redoubt.command.CommandFlag.NOSCRIPT;
import static io.redoubt.command.CommandFlag.STALE;

import io.redoubt.command.Call;
import io.redoubt.command.CommandFamily;
import io.redoubt.command.CommandSpec;
import io.redoubt.command.Errors;
import io.redoubt.command.Reveals;
import io.redoubt.command.SubcommandHelp;
import io.redoubt.persist.DumpPayload;
import io.redoubt.persist.Persistence;
import io.redoubt.resp.Decimal;
import io.redoubt.resp.Reply;
import io.redoubt.store.Entry;
import io.redoubt.type.Encoding;
import io.redoubt.type.Value;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * DEBUG, for tests of servers: it runs alone on the whole keyspace. One command with a word of its own grammar, not a
 * container, because that is how COMMAND and ACL rules see it.
 */
public final class DebugCommands extends CommandFamily {
    private static final byte[] NOT_ALLOWED = Errors.line("ERR DEBUG command not allowed. If the enable-debug-command"
            + " option is set to \"local\", you can run it from a local connection, otherwise you need to set this"
            + " option in the configuration file, and then restart the server.");
    private static final byte[] RELOAD_OPTIONS =
            Errors.line("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
    private static final byte[] RELOAD_FAILED =
            Errors.line("ERR Error trying to load the RDB dump, check server logs.");
    private static final byte[] AOF_FAILED = Errors.line("ERR Error trying to load the AOF files, check server logs.");
    private static final byte[] BAD_DATABASE = Errors.line("ERR Out of range database");
    private static final byte[] NO_HASH_TABLE =
            Errors.line("ERR The value stored at the specified key is not represented using an hash table");
    private static final byte[] NO_SDS = Errors.line("ERR Not an sds encoded string.");
    private static final byte[] BAD_PROTOCOL_TYPE = Errors.line("ERR Wrong protocol type name. Please use one of the"
            + " following: string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false");
    private static final byte[] NO_PUSH_IN_RESP2 = Errors.line("ERR RESP2 is not supported by this command");
    private static final byte[] BAD_THRESHOLD =
            Errors.line("ERR argument must be a memory value bigger than 1 and smaller than 4gb");
    private static final String NO_DIGEST = "0".repeat(40);
    private static final byte[] BIG_NUMBER = ascii("1234567999999999999999999999999999999");
    private static final byte[] VALUE_PREFIX = ascii("value:");
    private static final byte[] KEY_PREFIX = ascii("key");
    private static final long VALUE_MAX = 512L << 20;
    private static final int DUMP_FRAME_BYTES = 11; // Type in front, version and checksum behind.
    private static final int SHARED_INTEGERS = 10_000;
    private static final int SUBCOMMAND_MAX = 128;

    private final Supplier<String> enabled;
    private final Persistence persistence;
    private final BooleanSupplier compresses;
    private final DebugHooks hooks;
    private final Entry entry = new Entry();

    /**
     * @param enabled enable-debug-command: no, yes or local
     * @param compresses rdbcompression, which DEBUG OBJECT's serializedlength depends on
     */
    public DebugCommands(
            Supplier<String> enabled, Persistence persistence, BooleanSupplier compresses, DebugHooks hooks) {
        super("server");
        this.enabled = enabled;
        this.persistence = persistence;
        this.compresses = compresses;
        this.hooks = hooks;
    }

    final CommandSpec debug = command("DEBUG")
            .arity(-2)
            .since("1.0.0")
            .complexity("Depends on subcommand")
            .summary("Looks inside the server and disturbs it, for tests.")
            .flags(ADMIN, NOSCRIPT, LOADING, STALE, EXCLUSIVE)
            .reveals(Reveals.VALUE)
            .handler(this::debug);

    private void debug(Call call) {
        String allowed = enabled.get();
        if (!allowed.equals("yes")
                && !(allowed.equals("local") && call.session().link().isLocal())) {
            call.reply().error(NOT_ALLOWED);
            return;
        }
        int count = call.argCount();
        boolean isKnown = switch (call.args().text(1).toUpperCase(Locale.ROOT)) {
            case "HELP" -> run(count == 2, this::help, call);
            case "DIGEST" -> run(count == 2, this::digest, call);
            case "DIGEST-VALUE" -> run(true, this::digestValue, call);
            case "SET-ACTIVE-EXPIRE" -> run(count == 3, this::setActiveExpire, call);
            case "SLEEP" -> run(count == 3, this::sleep, call);
            case "RELOAD" -> run(true, this::reload, call);
            case "POPULATE" -> run(count >= 3 && count <= 5, this::populate, call);
            case "OBJECT" -> run(count == 3, this::object, call);
            case "SDSLEN" -> run(count == 3, this::stringLengths, call);
            case "PROTOCOL" -> run(count == 3, this::protocol, call);
            case "ERROR" -> run(count == 3, this::error, call);
            case "LOG" -> run(count == 3, this::log, call);
            case "REPLICATE" -> run(count >= 3, this::replicate, call);
            case "CHANGE-REPL-ID" -> run(count == 2, this::changeReplicationId, call);
            case "HTSTATS" -> run(count == 3, this::tableStats, call);
            case "HTSTATS-KEY" -> run(count == 3, this::valueTableStats, call);
            case "CONFIG-REWRITE-FORCE-ALL" -> run(count == 2, this::rewriteWholeConfig, call);
            case "SET-SKIP-CHECKSUM-VALIDATION" -> run(count == 3, this::skipChecksums, call);
            case "PAUSE-CRON" -> run(count == 3, this::pauseCron, call);
            case "SET-DISABLE-DENY-SCRIPTS" -> run(count == 3, this::allowDeniedInScripts, call);
            case "QUICKLIST-PACKED-THRESHOLD" -> run(count == 3, this::packedThreshold, call);
            case "REPLYBUFFER" -> run(count == 4 && isReplyBufferSetting(call), this::accept, call);
            case "LOADAOF" -> run(count == 2, this::loadAof, call);
            case "AOF-FLUSH-SLEEP" -> run(count == 3, this::delayFlushing, call);
            case "DROP-CLUSTER-PACKET-FILTER" -> run(count == 3, this::accept, call);
            case "SEGFAULT", "PANIC", "ASSERT", "OOM" -> run(true, this::crash, call);
            default -> false;
        };
        if (!isKnown) {
            unknown(call);
        }
    }

    private static boolean run(boolean isWellFormed, java.util.function.Consumer<Call> subcommand, Call call) {
        if (isWellFormed) {
            subcommand.accept(call);
        }
        return isWellFormed;
    }

    private static void unknown(Call call) {
        String name = call.args().text(1);
        String shown = name.length() <= SUBCOMMAND_MAX ? name : name.substring(0, SUBCOMMAND_MAX);
        byte[] text = ("ERR unknown subcommand or wrong number of arguments for '" + shown + "'. Try DEBUG HELP.")
                .getBytes(StandardCharsets.ISO_8859_1);
        call.reply().error(text, 0, text.length);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Reads a switch as C's atoi does: whatever is no number is 0. */
    private static boolean isOn(Call call, int arg) {
        String text = call.args().text(arg).strip();
        int end = text.startsWith("-") || text.startsWith("+") ? 1 : 0;
        boolean isOn = false;
        while (end < text.length() && text.charAt(end) >= '0' && text.charAt(end) <= '9') {
            isOn |= text.charAt(end++) != '0';
        }
        return isOn;
    }

    // ---- Content ----

    private void digest(Call call) {
        call.reply().status(new Digest().ofAll(call.keyspace()));
    }

    private void digestValue(Call call) {
        call.reply().arrayHeader(call.argCount() - 2L);
        for (int arg = 2; arg < call.argCount(); arg++) {
            boolean isFound = call.find(arg, call.database(), entry);
            call.reply().status(isFound ? new Digest().ofValue(entry) : NO_DIGEST);
        }
    }

    private void setActiveExpire(Call call) {
        call.keyspace().expiry().isActive = isOn(call, 2);
        call.reply().ok();
    }

    /** Everybody waits, because this command runs alone. */
    private void sleep(Call call) {
        double seconds;
        try {
            seconds = Double.parseDouble(call.args().text(2));
        } catch (NumberFormatException _) {
            seconds = 0;
        }
        long end = System.nanoTime() + (long) (seconds * 1e9);
        for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
        call.reply().ok();
    }

    private void reload(Call call) {
        boolean saves = true;
        boolean flushes = true;
        boolean merges = false;
        for (int arg = 2; arg < call.argCount(); arg++) {
            if (call.argIs(arg, "MERGE")) {
                merges = true;
            } else if (call.argIs(arg, "NOFLUSH")) {
                flushes = false;
            } else if (call.argIs(arg, "NOSAVE")) {
                saves = false;
            } else {
                call.reply().error(RELOAD_OPTIONS);
                return;
            }
        }
        if (persistence.reload(new Persistence.Reloading(saves, flushes, merges))) {
            call.reply().ok();
        } else {
            call.reply().error(RELOAD_FAILED);
        }
    }

    private void loadAof(Call call) {
        if (hooks.loadAof()) {
            call.reply().ok();
        } else {
            call.reply().error(AOF_FAILED);
        }
    }

    private void delayFlushing(Call call) {
        if (call.parseLong(2)) {
            hooks.delayAof(Math.max(0, call.parsed()));
            call.reply().ok();
        }
    }

    /** Adds keys that are missing; neither counted as changes nor replicated, as in Redis. */
    private void populate(Call call) {
        if (!call.parseLong(2, Errors.NOT_POSITIVE)) {
            return;
        }
        long count = call.parsed();
        long size = -1;
        if (call.argCount() == 5) {
            if (!call.parseLong(4, Errors.NOT_POSITIVE)) {
                return;
            }
            size = call.parsed();
            if (size > VALUE_MAX) {
                call.reply().error(Errors.TOO_LONG);
                return;
            }
        }
        if (count < 0 || call.argCount() == 5 && size < 0) {
            call.reply().error(Errors.NOT_POSITIVE);
            return;
        }
        byte[] prefix = call.argCount() > 3 ? call.args().bytes(3) : KEY_PREFIX;
        byte[] key = Arrays.copyOf(prefix, prefix.length + 1 + Decimal.LONG_BYTES_MAX);
        key[prefix.length] = ':';
        byte[] text = Arrays.copyOf(VALUE_PREFIX, VALUE_PREFIX.length + Decimal.LONG_BYTES_MAX);
        var keyspace = call.keyspace();
        for (long i = 0; i < count; i++) {
            int digits = Decimal.format(i, key, prefix.length + 1);
            int keyLength = prefix.length + 1 + digits;
            if (keyspace.find(call.unit(), call.database(), key, 0, keyLength, entry)) {
                continue;
            }
            System.arraycopy(key, prefix.length + 1, text, VALUE_PREFIX.length, digits);
            int textLength = VALUE_PREFIX.length + digits;
            int length = size > 0 ? (int) size : textLength;
            byte[] value = text;
            if (size > 0) {
                // A large value keeps the array that it is given.
                value = length >= Encoding.LARGE_MIN ? call.newValue(length) : call.scratch(length);
                int given = Math.min(textLength, length);
                System.arraycopy(text, 0, value, 0, given);
                Arrays.fill(value, given, length, (byte) 0);
            }
            int encoding = length <= Encoding.EMBSTR_MAX ? Encoding.EMBSTR : Encoding.RAW;
            keyspace.setString(call.unit(), call.database(), key, 0, keyLength, encoding, value, 0, length, -1);
        }
        call.reply().ok();
    }

    private void object(Call call) {
        var args = call.args();
        boolean isFound = call.keyspace()
                .findKept(call.unit(), call.database(), args.buffer(), args.start(2), args.length(2), entry);
        if (!isFound) {
            call.reply().error(Errors.NO_SUCH_KEY);
            return;
        }
        boolean isShared = entry.isInteger() && entry.integer() >= 0 && entry.integer() < SHARED_INTEGERS;
        var value = new Value();
        entry.show(value);
        byte[] dump = DumpPayload.encode(value, compresses.getAsBoolean());
        long idleSeconds = call.nowMillis() / 1000 - entry.access() & 0xFFFFFF;
        call.reply()
                .status("Value at:0x" + Long.toHexString(entry.place())
                        + " refcount:" + (isShared ? Integer.MAX_VALUE : 1)
                        + " encoding:" + Encoding.name(entry.encoding())
                        + " serializedlength:" + (dump.length - DUMP_FRAME_BYTES)
                        + " lru:" + entry.access()
                        + " lru_seconds_idle:" + idleSeconds);
    }

    private void stringLengths(Call call) {
        if (!call.find(2, call.database(), entry)) {
            call.reply().error(Errors.NO_SUCH_KEY);
            return;
        }
        if (!entry.isString() || entry.isInteger()) {
            call.reply().error(NO_SDS);
            return;
        }
        int room = entry.encoding() == Encoding.LARGE ? entry.valueBuffer().length : entry.valueLength();
        call.reply()
                .status("key_sds_len:" + entry.keyLength() + ", key_sds_avail:0, key_zmalloc: " + entry.keyLength()
                        + ", val_sds_len:" + entry.valueLength() + ", val_sds_avail:" + (room - entry.valueLength())
                        + ", val_zmalloc: " + room);
    }

    private void tableStats(Call call) {
        if (!call.parseLong(2)) {
            return;
        }
        var keyspace = call.keyspace();
        if (call.parsed() < 0 || call.parsed() >= keyspace.databaseCount()) {
            call.reply().error(BAD_DATABASE);
            return;
        }
        int database = (int) call.parsed();
        // One table of segments per shard, which splits segment by segment and never rehashes as a whole.
        String text = "[Dictionary HT]\nHash table 0 stats (main hash table):\n shards: " + keyspace.shardCount()
                + "\n number of elements: " + keyspace.size(database)
                + "\n[Expires HT]\nHash table 0 stats (main hash table):\n number of elements: "
                + keyspace.expiryCount(database) + "\n";
        call.reply().verbatim("txt", ascii(text));
    }

    private void valueTableStats(Call call) {
        call.reply().error(call.find(2, call.database(), entry) ? NO_HASH_TABLE : Errors.NO_SUCH_KEY);
    }

    // ---- Replies ----

    private void protocol(Call call) {
        var reply = call.reply();
        switch (call.args().text(2).toLowerCase(Locale.ROOT)) {
            case "string" -> reply.bulk("Hello World");
            case "integer" -> reply.integer(12345);
            case "double" -> reply.real(3.141);
            case "null" -> reply.nil();
            case "array" -> numbers(reply);
            case "set" -> {
                reply.setHeader(3);
                reply.integer(0);
                reply.integer(1);
                reply.integer(2);
            }
            case "map" -> {
                reply.mapHeader(3);
                for (int i = 0; i < 3; i++) {
                    reply.integer(i);
                    reply.bool(i == 1);
                }
            }
            case "attrib" -> attribute(reply);
            case "push" -> push(reply);
            case "verbatim" -> reply.verbatim("txt", ascii("This is a verbatim\nstring"));
            case "true" -> reply.bool(true);
            case "false" -> reply.bool(false);
            case "bignum" -> reply.bigNumber(BIG_NUMBER, 0, BIG_NUMBER.length);
            default -> reply.error(BAD_PROTOCOL_TYPE);
        }
    }

    private static void numbers(Reply reply) {
        reply.arrayHeader(3);
        reply.integer(0);
        reply.integer(1);
        reply.integer(2);
    }

    private static void attribute(Reply reply) {
        if (reply.protocol() == 3) {
            reply.attributeHeader(1);
            reply.bulk("key-popularity");
            reply.arrayHeader(2);
            reply.bulk("key:123");
            reply.integer(90);
        }
        reply.bulk("Some real reply following the attribute");
    }

    private static void push(Reply reply) {
        if (reply.protocol() == 2) {
            reply.error(NO_PUSH_IN_RESP2);
            return;
        }
        reply.pushHeader(2);
        reply.bulk("server-cpu-usage");
        reply.integer(42);
        reply.bulk("Some real reply following the push reply");
    }

    private void error(Call call) {
        var args = call.args();
        call.reply().error(args.buffer(), args.start(2), args.length(2));
    }

    // ---- The server ----

    private void log(Call call) {
        hooks.log("DEBUG LOG: " + call.args().text(2));
        call.reply().ok();
    }

    /** Lets replicas differ from their master. */
    private void replicate(Call call) {
        call.ownEffects().command(call.database(), call.argCount() - 2);
        for (int arg = 2; arg < call.argCount(); arg++) {
            call.effectArg(arg);
        }
        call.reply().ok();
    }

    private void changeReplicationId(Call call) {
        hooks.changeReplicationId();
        call.reply().ok();
    }

    private void rewriteWholeConfig(Call call) {
        String problem = hooks.rewriteWholeConfig();
        if (problem == null) {
            call.reply().ok();
        } else {
            call.reply().error("ERR CONFIG-REWRITE-FORCE-ALL failed: " + problem);
        }
    }

    private void skipChecksums(Call call) {
        persistence.setSkipsChecksums(isOn(call, 2));
        hooks.skipChecksums(isOn(call, 2));
        call.reply().ok();
    }

    private void pauseCron(Call call) {
        hooks.pauseCron(isOn(call, 2));
        call.reply().ok();
    }

    private void allowDeniedInScripts(Call call) {
        hooks.allowDeniedInScripts(isOn(call, 2));
        call.reply().ok();
    }

    /** There are no lists yet whose nodes the threshold would decide about. */
    private void packedThreshold(Call call) {
        String text = call.args().text(2).toLowerCase(Locale.ROOT);
        int unitStart = 0;
        while (unitStart < text.length() && Character.isDigit(text.charAt(unitStart))) {
            unitStart++;
        }
        long unit = switch (text.substring(unitStart)) {
            case "", "b" -> 1;
            case "k" -> 1000;
            case "kb" -> 1L << 10;
            case "m" -> 1_000_000;
            case "mb" -> 1L << 20;
            case "g" -> 1_000_000_000;
            case "gb" -> 1L << 30;
            default -> 0;
        };
        boolean isNumber = unit > 0 && unitStart > 0 && unitStart <= 10;
        long bytes = isNumber ? Long.parseLong(text.substring(0, unitStart)) * unit : -1;
        if (bytes < 0 || bytes > 1L << 32) {
            call.reply().error(BAD_THRESHOLD);
        } else {
            call.reply().ok();
        }
    }

    private static boolean isReplyBufferSetting(Call call) {
        return call.argIs(2, "PEAK-RESET-TIME") || call.argIs(2, "RESIZING");
    }

    /** Settings of a mechanism that this server does not have. */
    private void accept(Call call) {
        call.reply().ok();
    }

    private void crash(Call call) {
        hooks.crash(call.args().text(1).toLowerCase(Locale.ROOT));
    }

    private void help(Call call) {
        SubcommandHelp.reply(
                call.reply(),
                "DEBUG",
                "AOF-FLUSH-SLEEP <microsec>",
                "    Wait before each write to the append-only file.",
                "ASSERT | OOM | PANIC | SEGFAULT",
                "    End the process at once.",
                "CHANGE-REPL-ID",
                "    Take a new replication id.",
                "CONFIG-REWRITE-FORCE-ALL",
                "    Write every directive to the configuration file, defaults included.",
                "DIGEST",
                "    Show a signature of the content of all databases.",
                "DIGEST-VALUE <key> [<key> ...]",
                "    Show signatures of the values of keys.",
                "DROP-CLUSTER-PACKET-FILTER <packet-type>",
                "    Accepted without effect.",
                "ERROR <string>",
                "    Answer <string> as an error.",
                "HTSTATS <dbid>",
                "    Show how many keys the tables of a database hold.",
                "HTSTATS-KEY <key>",
                "    The same for the table of a value.",
                "LOADAOF",
                "    Empty all databases and load the append-only file.",
                "LOG <message>",
                "    Write <message> to the log.",
                "OBJECT <key>",
                "    Show how the value of <key> is kept.",
                "PAUSE-CRON <0|1>",
                "    Let periodic work rest.",
                "POPULATE <count> [<prefix>] [<size>]",
                "    Create string keys <prefix>:<number>, without telling replicas.",
                "PROTOCOL <type>",
                "    Answer a sample of a type: string, integer, double, bignum, null, array, set, map,",
                "    attrib, push, verbatim, true or false.",
                "QUICKLIST-PACKED-THRESHOLD <size>",
                "    Accepted without effect.",
                "RELOAD [option ...]",
                "    Save, empty and load all databases. Options: NOSAVE, NOFLUSH, MERGE.",
                "REPLICATE <string> [<string> ...]",
                "    Send a command to replicas only.",
                "REPLYBUFFER PEAK-RESET-TIME|RESIZING <value>",
                "    Accepted without effect.",
                "SDSLEN <key>",
                "    Show lengths of a key and its string.",
                "SET-ACTIVE-EXPIRE <0|1>",
                "    Stop or start deleting expired keys in the background.",
                "SET-DISABLE-DENY-SCRIPTS <0|1>",
                "    Let scripts call what they may not call.",
                "SET-SKIP-CHECKSUM-VALIDATION <0|1>",
                "    Take RDB files whatever their checksum is.",
                "SLEEP <seconds>",
                "    Stop everything for a while. Decimals allowed.");
    }
}
