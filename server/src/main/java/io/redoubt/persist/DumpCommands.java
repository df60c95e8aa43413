package io.redoubt.persist;

import static io.redoubt.command.ArgSpec.integer;
import static io.redoubt.command.ArgSpec.key;
import static io.redoubt.command.ArgSpec.string;
import static io.redoubt.command.ArgSpec.word;
import static io.redoubt.command.Category.DANGEROUS;
import static io.redoubt.command.Category.KEYSPACE;
import static io.redoubt.command.CommandFlag.ASKING;
import static io.redoubt.command.CommandFlag.DENYOOM;
import static io.redoubt.command.CommandFlag.READONLY;
import static io.redoubt.command.CommandFlag.WRITE;
import static io.redoubt.command.KeySpec.Flag.ACCESS;
import static io.redoubt.command.KeySpec.Flag.OW;
import static io.redoubt.command.KeySpec.Flag.RO;
import static io.redoubt.command.KeySpec.Flag.UPDATE;

import io.redoubt.command.Args;
import io.redoubt.command.Call;
import io.redoubt.command.CommandFamily;
import io.redoubt.command.CommandSpec;
import io.redoubt.command.Errors;
import io.redoubt.command.Form;
import io.redoubt.command.Reveals;
import io.redoubt.resp.Decimal;
import io.redoubt.store.Keyspace;
import io.redoubt.store.KeyspaceEvents.Event;
import io.redoubt.store.ValueLoader;
import io.redoubt.type.Value;
import java.nio.charset.StandardCharsets;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** DUMP and RESTORE: values as bytes that another server can take. */
public final class DumpCommands extends CommandFamily {
    private static final int REPLACE = 1;
    private static final int ABSTTL = 1 << 1;
    private static final int FREQUENCY_MAX = 255;
    private static final byte[] BUSY_KEY = Errors.line("BUSYKEY Target key name already exists.");
    private static final byte[] INVALID_TTL = Errors.line("ERR Invalid TTL value, must be >= 0");
    private static final byte[] INVALID_IDLETIME = Errors.line("ERR Invalid IDLETIME value, must be >= 0");
    private static final byte[] INVALID_FREQ = Errors.line("ERR Invalid FREQ value, must be >= 0 and <= 255");
    private static final byte[] ABSTTL_WORD = "ABSTTL".getBytes(StandardCharsets.ISO_8859_1);
    private static final byte[] DEL = "DEL".getBytes(StandardCharsets.ISO_8859_1);
    private static final byte[] UNLINK = "UNLINK".getBytes(StandardCharsets.ISO_8859_1);

    /** Slots of the form: positions of the arguments of IDLETIME and FREQ, or 0. */
    private static final int IDLE = 0;

    private static final int FREQUENCY = 1;

    private final BooleanSupplier compresses;
    private final BooleanSupplier usesLfu;
    private final BooleanSupplier verifies;
    private final Consumer<String> log;

    public DumpCommands(BooleanSupplier compresses) {
        this(compresses, () -> false, () -> true, _ -> {});
    }

    /**
     * @param compresses whether payloads are compressed: `rdbcompression`
     * @param usesLfu whether keys keep how often they are used, rather than when: by `maxmemory-policy`
     * @param verifies whether the checksums of payloads are held against them
     * @param log told of what is wrong with a payload that is refused
     */
    public DumpCommands(
            BooleanSupplier compresses, BooleanSupplier usesLfu, BooleanSupplier verifies, Consumer<String> log) {
        super("generic");
        this.compresses = compresses;
        this.usesLfu = usesLfu;
        this.verifies = verifies;
        this.log = log;
    }

    final CommandSpec dump = command("DUMP")
            .arity(2)
            .since("2.6.0")
            .complexity("O(N), N = bytes of the value")
            .summary("Returns a value in the form that RESTORE takes.")
            .flags(READONLY)
            .categories(KEYSPACE)
            .tips("nondeterministic_output")
            .key(1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(key("key"))
            .handler(this::dump);

    private void dump(Call call) {
        if (!call.findToRead(1)) {
            call.reply().nil();
            return;
        }
        var value = new Value();
        call.entry().show(value);
        byte[] payload = DumpPayload.encode(value, compresses.getAsBoolean());
        call.reply().bulk(payload);
    }

    final CommandSpec restore = restoring("RESTORE", "2.6.0")
            .history("3.0.0", "Takes REPLACE.")
            .history("5.0.0", "Takes ABSTTL.")
            .history("5.0.0", "Takes IDLETIME and FREQ.")
            .summary("Makes a key of what DUMP returned.");

    final CommandSpec restoreAsking = restoring("RESTORE-ASKING", "3.0.0")
            .group("server")
            .flags(ASKING)
            .summary("RESTORE for a slot that is being moved between nodes of a cluster.");

    private CommandSpec restoring(String name, String since) {
        return command(name)
                .arity(-4)
                .since(since)
                .complexity("O(N), N = bytes of the value")
                .flags(WRITE, DENYOOM)
                .categories(KEYSPACE, DANGEROUS)
                .key(1, OW, UPDATE)
                .reveals(Reveals.EXISTENCE)
                .args(
                        key("key"),
                        integer("ttl"),
                        string("serialized-value"),
                        word("replace", "REPLACE").optional().since("3.0.0"),
                        word("absttl", "ABSTTL").optional().since("5.0.0"),
                        integer("seconds").token("IDLETIME").optional().since("5.0.0"),
                        integer("frequency").token("FREQ").optional().since("5.0.0"))
                .form(DumpCommands::parseRestore)
                .handler(this::restore);
    }

    /** Options: the two words. */
    private static void parseRestore(Args args, Form form) {
        form.addKey(1, Form.WRITE);
        form.slots[IDLE] = 0;
        form.slots[FREQUENCY] = 0;
        for (int arg = 4; arg < args.count(); arg++) {
            boolean hasValue = arg + 1 < args.count();
            if (args.is(arg, "REPLACE")) {
                form.options |= REPLACE;
            } else if (args.is(arg, "ABSTTL")) {
                form.options |= ABSTTL;
            } else if (args.is(arg, "IDLETIME") && hasValue && form.slots[FREQUENCY] == 0) {
                form.slots[IDLE] = ++arg;
                form.error = numberError(args, arg, Long.MAX_VALUE, INVALID_IDLETIME);
            } else if (args.is(arg, "FREQ") && hasValue && form.slots[IDLE] == 0) {
                form.slots[FREQUENCY] = ++arg;
                form.error = numberError(args, arg, FREQUENCY_MAX, INVALID_FREQ);
            } else {
                form.error = Errors.SYNTAX;
            }
            if (form.error != null) {
                return;
            }
        }
    }

    private static byte @org.jspecify.annotations.Nullable [] numberError(
            Args args, int arg, long max, byte[] outOfRange) {
        long value = Decimal.parseLong(args.buffer(), args.start(arg), args.length(arg), Long.MIN_VALUE);
        if (value == Long.MIN_VALUE && !Decimal.isLong(args.buffer(), args.start(arg), args.length(arg))) {
            return Errors.NOT_AN_INTEGER;
        }
        return value < 0 || value > max ? outOfRange : null;
    }

    private void restore(Call call) {
        long options = call.form().options;
        boolean replaces = (options & REPLACE) != 0;
        if (!replaces && call.find(1)) {
            call.reply().error(BUSY_KEY);
            return;
        }
        if (!call.parseLong(2)) {
            return;
        }
        long ttl = call.parsed();
        if (ttl < 0) {
            call.reply().error(INVALID_TTL);
            return;
        }
        var args = call.args();
        var loader = new ValueLoader(call.keyspace());
        loader.begin(call.unit(), call.database(), args.buffer(), args.start(1), args.length(1));
        var refusal = DumpPayload.decode(
                args.buffer(), args.start(3), args.length(3), DumpPayload.VERSION, verifies.getAsBoolean(), loader);
        if (refusal != null) {
            loader.discard();
            log.accept("RESTORE refuses a payload: " + refusal.detail());
            call.reply().error("ERR " + refusal.reason().text());
            return;
        }
        put(call, loader, expiry(ttl, call.nowMillis(), (options & ABSTTL) != 0), replaces);
        call.reply().ok();
    }

    private static long expiry(long ttl, long nowMillis, boolean isAbsolute) {
        if (ttl == 0) {
            return Keyspace.NO_EXPIRY;
        }
        return isAbsolute ? ttl : ttl > Long.MAX_VALUE - nowMillis ? Long.MAX_VALUE : ttl + nowMillis;
    }

    private void put(Call call, ValueLoader loader, long when, boolean replaces) {
        var args = call.args();
        var keyspace = call.keyspace();
        // A replica leaves deleting to its master, so it keeps what its master kept.
        boolean isOver = when != Keyspace.NO_EXPIRY
                && when <= call.nowMillis()
                && !keyspace.expiry().isReplica
                && !call.unit().isFromMaster();
        if (isOver) {
            loader.discard();
            if (replaces
                    && keyspace.deleteSilently(
                            call.unit(), call.database(), args.buffer(), args.start(1), args.length(1))) {
                call.changed(1, Event.DEL);
                var effects = call.ownEffects();
                effects.command(call.database(), 2);
                effects.arg(keyspace.expiry().unlinks ? UNLINK : DEL);
                call.effectArg(1);
            }
            return;
        }
        loader.attach(when);
        setAccess(call);
        call.notify(1, call.database(), Event.NEW); // Redis deletes the old key and adds another.
        call.changed(1, Event.RESTORE);
        if (when != Keyspace.NO_EXPIRY && (call.form().options & ABSTTL) == 0) {
            logAbsolute(call, when);
        }
    }

    /** What does not fit the policy of now is left out, as in Redis. */
    private void setAccess(Call call) {
        boolean isFrequency = usesLfu.getAsBoolean();
        int arg = call.form().slots[isFrequency ? FREQUENCY : IDLE];
        if (arg > 0 && call.find(1)) {
            var args = call.args();
            long number = Decimal.parseLong(args.buffer(), args.start(arg), args.length(arg), 0);
            if (isFrequency) {
                call.entry().setFrequency(call.nowMillis(), (int) number);
            } else {
                call.entry().setIdle(call.nowMillis(), number);
            }
        }
    }

    /** Replicas restore later than we did: they are told when the key expires, not how long it lives. */
    private static void logAbsolute(Call call, long when) {
        var effects = call.ownEffects();
        effects.command(call.database(), call.argCount() + 1);
        for (int arg = 0; arg < call.argCount(); arg++) {
            if (arg == 2) {
                effects.arg(when);
            } else {
                call.effectArg(arg);
            }
        }
        effects.arg(ABSTTL_WORD);
    }
}
