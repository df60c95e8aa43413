package io.redoubt.command;

import static io.redoubt.command.Category.BITMAP;
import static io.redoubt.command.CommandFlag.DENYOOM;
import static io.redoubt.command.CommandFlag.FAST;
import static io.redoubt.command.CommandFlag.READONLY;
import static io.redoubt.command.CommandFlag.WRITE;
import static io.redoubt.command.KeySpec.Flag.ACCESS;
import static io.redoubt.command.KeySpec.Flag.OW;
import static io.redoubt.command.KeySpec.Flag.RO;
import static io.redoubt.command.KeySpec.Flag.RW;
import static io.redoubt.command.KeySpec.Flag.UPDATE;
import static io.redoubt.command.KeySpec.Flag.VARIABLE_FLAGS;

import io.redoubt.resp.Decimal;
import io.redoubt.store.Keyspace;
import io.redoubt.store.KeyspaceEvents.Event;
import io.redoubt.type.Bits;
import io.redoubt.type.Encoding;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The bitmap commands: strings seen as rows of bits. Each field declares a command; the method below it handles it. */
public final class BitCommands extends CommandFamily {
    private static final byte[] BAD_OFFSET = Errors.line("ERR bit offset is not an integer or out of range");
    private static final byte[] BAD_BIT = Errors.line("ERR bit is not an integer or out of range");
    private static final byte[] NEITHER_ONE_NOR_ZERO = Errors.line("ERR The bit argument must be 1 or 0.");
    private static final byte[] BAD_TYPE = Errors.line(
            "ERR Invalid bitfield type. Use something like i16 u8." + " Note that u64 is not supported but i64 is.");
    private static final byte[] BAD_OVERFLOW = Errors.line("ERR Invalid OVERFLOW type specified");
    private static final byte[] ONLY_GET = Errors.line("ERR BITFIELD_RO only supports the GET subcommand");
    private static final byte[] NOT_TAKES_ONE = Errors.line("ERR BITOP NOT must be called with a single source key.");

    private static final byte[] SET_WORD = word("SET");
    private static final byte[] DEL_WORD = word("DEL");

    // What a range counts, as read by unitAt.
    private static final int BYTES = 0;
    private static final int BITS = 1;
    private static final int NO_UNIT = -1;

    private static final long NO_OFFSET = -1;

    private final LongSupplier valueBytesMax;

    /** @param valueBytesMax {@code proto-max-bulk-len}: no offset may lie behind so many bytes */
    public BitCommands(LongSupplier valueBytesMax) {
        super("bitmap");
        this.valueBytesMax = valueBytesMax;
    }

    private static byte[] word(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    // ---- One bit ----

    final CommandSpec setbit = command("SETBIT")
            .arity(4)
            .since("2.2.0")
            .complexity("O(1), O(N) where the string has to grow, N = its bytes")
            .summary("Sets or clears one bit of the string at a key, which grows as far as needed.")
            .flags(WRITE, DENYOOM)
            .categories(BITMAP)
            .key(1, RW, ACCESS, UPDATE)
            .readsToo()
            .reveals(Reveals.VALUE)
            .args(ArgSpec.key("key"), ArgSpec.integer("offset"), ArgSpec.integer("value"))
            .handler(this::setbit);

    private void setbit(Call call) {
        long offset = offsetAt(call, 2, 0);
        if (offset == NO_OFFSET || !call.parseLong(3, BAD_BIT)) {
            return;
        }
        long bit = call.parsed();
        if (bit != 0 && bit != 1) {
            call.reply().error(BAD_BIT);
            return;
        }
        boolean isFound = call.find(1);
        var entry = call.entry();
        if (isFound && !entry.isString()) {
            call.reply().error(Errors.WRONG_TYPE);
            return;
        }
        int length = isFound ? StringBytes.length(entry) : 0;
        StringBytes.makeWritable(call, 1, isFound, (int) (offset >>> 3) + 1);
        byte[] bytes = entry.valueBuffer();
        int start = entry.valueStart();
        int total = entry.valueLength();
        int old = Bits.get(bytes, start, total, offset);
        if (total != length || old != bit) {
            Bits.set(bytes, start, offset, (int) bit);
            call.changed(1, Event.SETBIT);
        }
        call.reply().integer(old);
    }

    final CommandSpec getbit = command("GETBIT")
            .arity(3)
            .since("2.2.0")
            .complexity("O(1)")
            .summary("Returns one bit of the string at a key; behind its end all are 0.")
            .flags(READONLY, FAST)
            .categories(BITMAP)
            .key(1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(ArgSpec.key("key"), ArgSpec.integer("offset"))
            .handler(this::getbit);

    private void getbit(Call call) {
        long offset = offsetAt(call, 2, 0);
        if (offset == NO_OFFSET) {
            return;
        }
        if (!call.findToRead(1)) {
            call.reply().integer(0);
            return;
        }
        var entry = call.entry();
        if (!entry.isString()) {
            call.reply().error(Errors.WRONG_TYPE);
            return;
        }
        int start = StringBytes.start(entry);
        int length = StringBytes.length(entry);
        call.reply().integer(Bits.get(StringBytes.buffer(call, entry), start, length, offset));
    }

    /**
     * Reads a position, in bits.
     *
     * @param width of the fields that {@code #} counts; 0 where it has no meaning
     * @return the position, or {@link #NO_OFFSET} when the error is written
     */
    private long offsetAt(Call call, int arg, int width) {
        var args = call.args();
        byte[] buffer = args.buffer();
        int start = args.start(arg);
        int length = args.length(arg);
        boolean countsFields = width > 0 && length > 0 && buffer[start] == '#';
        int skipped = countsFields ? 1 : 0;
        long offset = Decimal.parseLong(buffer, start + skipped, length - skipped, NO_OFFSET);
        if (countsFields) {
            offset *= width; // A product that overflows to a small one is taken, as in Redis.
        }
        long index = offset >> 3;
        // The master has judged already; but a field of 64 bits has to fit into an array.
        boolean isTooFar = index > StringBytes.LENGTH_MAX - 16
                || !call.unit().isFromMaster() && index >= valueBytesMax.getAsLong();
        if (offset < 0 || isTooFar) {
            call.reply().error(BAD_OFFSET);
            return NO_OFFSET;
        }
        return offset;
    }

    // ---- Counting and finding ----

    final CommandSpec bitcount = command("BITCOUNT")
            .arity(-2)
            .since("2.6.0")
            .complexity("O(N), N = bytes of the range")
            .summary("Counts the bits that are set in the string at a key, or in a part of it.")
            .history("7.0.0", "Ranges of bits, by BIT.")
            .flags(READONLY)
            .categories(BITMAP)
            .key(1, RO, ACCESS)
            .reveals(Reveals.DERIVED)
            .args(
                    ArgSpec.key("key"),
                    ArgSpec.block("index", ArgSpec.integer("start"), ArgSpec.integer("end"), indexUnit())
                            .optional())
            .handler(this::bitcount);

    private static ArgSpec indexUnit() {
        return ArgSpec.oneOf("index_unit", ArgSpec.word("byte", "BYTE"), ArgSpec.word("bit", "BIT"))
                .since("7.0.0")
                .optional();
    }

    private void bitcount(Call call) {
        var reply = call.reply();
        if (!call.findToRead(1)) {
            reply.integer(0); // Whatever the range says.
            return;
        }
        var entry = call.entry();
        if (!entry.isString()) {
            reply.error(Errors.WRONG_TYPE);
            return;
        }
        int count = call.argCount();
        if (count == 3 || count > 5) {
            reply.error(Errors.SYNTAX);
            return;
        }
        long first = 0;
        long last = -1;
        int unit = BYTES;
        if (count > 2) {
            if (!call.parseLong(2)) {
                return;
            }
            first = call.parsed();
            if (!call.parseLong(3)) {
                return;
            }
            last = call.parsed();
            if (first < 0 && last < 0 && first > last) {
                reply.integer(0); // Even where the unit is no word.
                return;
            }
            unit = unitAt(call, 4);
            if (unit == NO_UNIT) {
                return;
            }
        }
        int length = StringBytes.length(entry);
        first = firstBit(first, length, unit);
        last = lastBit(last, length, unit);
        if (first > last) {
            reply.integer(0);
            return;
        }
        int start = StringBytes.start(entry);
        reply.integer(Bits.count(StringBytes.buffer(call, entry), start, first, last));
    }

    /** Reads BYTE or BIT, which may be missing; {@link #NO_UNIT} when the error is written. */
    private static int unitAt(Call call, int arg) {
        if (arg >= call.argCount() || call.argIs(arg, "BYTE")) {
            return BYTES;
        }
        if (call.argIs(arg, "BIT")) {
            return BITS;
        }
        call.reply().error(Errors.SYNTAX);
        return NO_UNIT;
    }

    /** Returns the first bit of a range; an index below 0 counts from the end. */
    private static long firstBit(long index, long length, int unit) {
        long total = unit == BITS ? length * 8 : length;
        long first = index < 0 ? Math.max(0, index + total) : Math.min(index, total);
        return unit == BITS ? first : first * 8;
    }

    /** Returns the last bit of a range; -1 where the string is empty. */
    private static long lastBit(long index, long length, int unit) {
        long total = unit == BITS ? length * 8 : length;
        long last = Math.min(index < 0 ? Math.max(0, index + total) : index, total - 1);
        return unit == BITS ? last : last * 8 + 7;
    }

    final CommandSpec bitpos = command("BITPOS")
            .arity(-3)
            .since("2.8.7")
            .complexity("O(N), N = bytes of the range")
            .summary("Finds the first bit that is set, or clear, in the string at a key or in a part of it.")
            .history("7.0.0", "Ranges of bits, by BIT.")
            .flags(READONLY)
            .categories(BITMAP)
            .key(1, RO, ACCESS)
            .reveals(Reveals.DERIVED)
            .args(
                    ArgSpec.key("key"),
                    ArgSpec.integer("bit"),
                    ArgSpec.block(
                                    "index",
                                    ArgSpec.integer("start"),
                                    ArgSpec.block("end_index", ArgSpec.integer("end"), indexUnit())
                                            .optional())
                            .optional())
            .handler(this::bitpos);

    private void bitpos(Call call) {
        var reply = call.reply();
        if (!call.parseLong(2)) {
            return;
        }
        long bit = call.parsed();
        if (bit != 0 && bit != 1) {
            reply.error(NEITHER_ONE_NOR_ZERO);
            return;
        }
        if (!call.findToRead(1)) {
            reply.integer(bit == 1 ? Bits.NONE : 0); // Zeros without end, whatever the range says.
            return;
        }
        var entry = call.entry();
        if (!entry.isString()) {
            reply.error(Errors.WRONG_TYPE);
            return;
        }
        int count = call.argCount();
        if (count > 6) {
            reply.error(Errors.SYNTAX);
            return;
        }
        long first = 0;
        long last = -1;
        if (count > 3) {
            if (!call.parseLong(3)) {
                return;
            }
            first = call.parsed();
        }
        int unit = unitAt(call, 5);
        if (unit == NO_UNIT) {
            return;
        }
        if (count > 4) {
            if (!call.parseLong(4)) {
                return;
            }
            last = call.parsed();
        }
        int length = StringBytes.length(entry);
        first = firstBit(first, length, unit);
        last = lastBit(last, length, unit);
        if (first > last) {
            reply.integer(Bits.NONE);
            return;
        }
        int start = StringBytes.start(entry);
        long found = Bits.find(StringBytes.buffer(call, entry), start, first, last, (int) bit);
        // Without an end, zeros follow the string.
        reply.integer(found == Bits.NONE && bit == 0 && count <= 4 ? last + 1 : found);
    }

    // ---- Several strings ----

    /** What BITOP can do; those that Redis 7.0 does not know are logged by their result. */
    private enum Combination {
        AND(1, true),
        OR(1, true),
        XOR(1, true),
        NOT(1, true),
        DIFF(2, false),
        DIFF1(2, false),
        ANDOR(2, false),
        ONE(1, false);

        private static final Combination[] ALL = values();

        private final boolean isOfRedis7;
        private final int sourcesMin;
        private final byte[] tooFew =
                Errors.line("ERR BITOP " + name() + " must be called with at least two source keys.");

        Combination(int sourcesMin, boolean isOfRedis7) {
            this.sourcesMin = sourcesMin;
            this.isOfRedis7 = isOfRedis7;
        }
    }

    private static final int FIRST_SOURCE = 3;

    final CommandSpec bitop = command("BITOP")
            .arity(-4)
            .since("2.6.0")
            .complexity("O(N), N = bytes of the sources")
            .summary("Combines the bits of strings and keeps the result at a key; an empty one deletes the key.")
            .history("8.2.0", "DIFF, DIFF1, ANDOR and ONE.")
            .flags(WRITE, DENYOOM)
            .categories(BITMAP)
            .key(2, OW, UPDATE)
            .keys(3, -1, 1, RO, ACCESS)
            .readsToo()
            .reveals(Reveals.LENGTH)
            .args(
                    ArgSpec.string("operation"),
                    ArgSpec.key("destkey"),
                    ArgSpec.key("key", 1).multiple())
            .handler(this::bitop);

    private void bitop(Call call) {
        var combination = combinationAt(call);
        if (combination == null) {
            return;
        }
        int length = 0;
        for (int arg = FIRST_SOURCE; arg < call.argCount(); arg++) {
            if (call.findToRead(arg)) {
                if (!call.entry().isString()) {
                    call.reply().error(Errors.WRONG_TYPE);
                    return;
                }
                length = Math.max(length, StringBytes.length(call.entry()));
            }
        }
        if (length > 0) {
            byte[] result = combined(call, combination, length);
            call.setString(2, Encoding.RAW, result, 0, length, Keyspace.NO_EXPIRY);
            call.changed(2, Event.SET);
            if (!combination.isOfRedis7) {
                logAsString(call, result, length);
            }
        } else if (call.delete(2)) {
            call.changed(2, Event.DEL);
            if (!combination.isOfRedis7) {
                call.ownEffects().command(call.database(), 2);
                call.ownEffects().arg(DEL_WORD);
                call.effectArg(2);
            }
        }
        call.reply().integer(length);
    }

    private static void logAsString(Call call, byte[] result, int length) {
        var effects = call.ownEffects();
        effects.command(call.database(), 3);
        effects.arg(SET_WORD);
        call.effectArg(2);
        effects.arg(result, 0, length);
    }

    /** Reads the word of an operation and sees that it has as many sources as it needs; null: the error is written. */
    private static @Nullable Combination combinationAt(Call call) {
        int sources = call.argCount() - FIRST_SOURCE;
        for (var combination : Combination.ALL) {
            if (!call.argIs(1, combination.name())) {
                continue;
            }
            if (combination == Combination.NOT && sources > 1) {
                call.reply().error(NOT_TAKES_ONE);
                return null;
            }
            if (sources < combination.sourcesMin) {
                call.reply().error(combination.tooFew);
                return null;
            }
            return combination;
        }
        call.reply().error(Errors.SYNTAX);
        return null;
    }

    private static byte[] combined(Call call, Combination combination, int length) {
        byte[] result = StringBytes.area(call, length);
        // The first source begins the result, but where it is put against all the others.
        boolean keepsFirst = combination != Combination.DIFF1 && combination != Combination.ANDOR;
        int copied = keepsFirst && call.find(FIRST_SOURCE) ? StringBytes.length(call.entry()) : 0;
        if (copied > 0) {
            StringBytes.copy(call.entry(), result);
        }
        Arrays.fill(result, copied, length, (byte) 0);
        switch (combination) {
            case AND -> combineAll(call, Bits.Operation.AND, result, length);
            case OR -> combineAll(call, Bits.Operation.OR, result, length);
            case XOR -> combineAll(call, Bits.Operation.XOR, result, length);
            case NOT -> Bits.invert(result, length);
            case DIFF -> combineAll(call, Bits.Operation.AND_NOT, result, length);
            case DIFF1 -> {
                combineAll(call, Bits.Operation.OR, result, length);
                combineOne(call, FIRST_SOURCE, Bits.Operation.AND_NOT, result, length);
            }
            case ANDOR -> {
                combineAll(call, Bits.Operation.OR, result, length);
                combineOne(call, FIRST_SOURCE, Bits.Operation.AND, result, length);
            }
            case ONE -> keepSingle(call, result, length);
        }
        return result;
    }

    /** Combines the result with every source but the first. */
    private static void combineAll(Call call, Bits.Operation operation, byte[] result, int length) {
        for (int arg = FIRST_SOURCE + 1; arg < call.argCount(); arg++) {
            combineOne(call, arg, operation, result, length);
        }
    }

    private static void combineOne(Call call, int arg, Bits.Operation operation, byte[] result, int length) {
        int shared = 0;
        if (call.find(arg)) {
            var entry = call.entry();
            shared = StringBytes.length(entry);
            Bits.combine(operation, result, StringBytes.buffer(call, entry), StringBytes.start(entry), shared);
        }
        if (operation == Bits.Operation.AND) {
            Arrays.fill(result, shared, length, (byte) 0); // A short string counts as if it ended in zeros.
        }
    }

    /** Keeps the bits that are set in one source only. */
    private static void keepSingle(Call call, byte[] result, int length) {
        byte[] often = new byte[length];
        for (int arg = FIRST_SOURCE + 1; arg < call.argCount(); arg++) {
            if (call.find(arg)) {
                var entry = call.entry();
                byte[] buffer = StringBytes.buffer(call, entry);
                Bits.tally(result, often, buffer, StringBytes.start(entry), StringBytes.length(entry));
            }
        }
        Bits.combine(Bits.Operation.AND_NOT, result, often, 0, length);
    }

    // ---- Integers of any width ----

    // One operation of BITFIELD, as operationAt finds it.
    private static final int GET = 0;
    private static final int SET = 1;
    private static final int INCRBY = 2;
    private static final int OVERFLOW = 3;
    private static final int UNKNOWN = 4;

    /** Arguments of each operation, its name included. */
    private static final int[] ARGS_OF = {3, 4, 4, 2, 0};

    // What happens to an integer that does not fit.
    private static final int WRAP = 0;
    private static final int SAT = 1;
    private static final int FAIL = 2;
    private static final int NO_OVERFLOW = -1;

    final CommandSpec bitfield = command("BITFIELD")
            .arity(-2)
            .since("3.2.0")
            .complexity("O(1) for each operation")
            .summary("Reads, sets and adds to integers of any width within the string at a key.")
            .flags(WRITE, DENYOOM)
            .categories(BITMAP)
            .key(1, RW, ACCESS, UPDATE, VARIABLE_FLAGS)
            .readsToo()
            .reveals(Reveals.VALUE)
            .args(
                    ArgSpec.key("key"),
                    ArgSpec.oneOf(
                                    "operation",
                                    fieldAt("encoding_offset").token("GET"),
                                    ArgSpec.block(
                                            "write",
                                            ArgSpec.oneOf(
                                                            "wrap_sat_fail",
                                                            ArgSpec.word("wrap", "WRAP"),
                                                            ArgSpec.word("sat", "SAT"),
                                                            ArgSpec.word("fail", "FAIL"))
                                                    .token("OVERFLOW")
                                                    .optional(),
                                            ArgSpec.oneOf(
                                                    "write_operation",
                                                    fieldAt("encoding_offset_value", ArgSpec.integer("value"))
                                                            .token("SET"),
                                                    fieldAt("encoding_offset_increment", ArgSpec.integer("increment"))
                                                            .token("INCRBY"))))
                            .optional()
                            .multiple())
            .form(BitCommands::parseBitfield)
            .heardAfterReply()
            .handler(this::bitfield);

    final CommandSpec bitfieldRo = command("BITFIELD_RO")
            .arity(-2)
            .since("6.0.0")
            .complexity("O(1) for each operation")
            .summary("Reads integers of any width within the string at a key.")
            .flags(READONLY, FAST)
            .categories(BITMAP)
            .key(1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(
                    ArgSpec.key("key"),
                    fieldAt("encoding_offset").token("GET").optional().multipleWithToken())
            .handler(this::bitfieldRo);

    private static ArgSpec fieldAt(String name, ArgSpec... more) {
        var parts = new ArgSpec[2 + more.length];
        parts[0] = ArgSpec.string("encoding");
        parts[1] = ArgSpec.integer("offset");
        System.arraycopy(more, 0, parts, 2, more.length);
        return ArgSpec.block(name, parts);
    }

    /** A request that only reads, and one without operations, needs the key to be readable and no more. */
    private static void parseBitfield(Args args, Form form) {
        boolean onlyReads = true;
        for (int arg = 2; arg < args.count() && onlyReads; ) {
            int operation = operationAt(args, arg);
            onlyReads = operation == GET || operation == OVERFLOW;
            arg += ARGS_OF[operation];
        }
        form.addKey(1, onlyReads ? Form.READ : Form.READ | Form.WRITE);
    }

    /** Returns the operation at a position; {@link #UNKNOWN} also where too few arguments follow. */
    private static int operationAt(Args args, int arg) {
        int operation = UNKNOWN;
        if (args.is(arg, "GET")) {
            operation = GET;
        } else if (args.is(arg, "SET")) {
            operation = SET;
        } else if (args.is(arg, "INCRBY")) {
            operation = INCRBY;
        } else if (args.is(arg, "OVERFLOW")) {
            operation = OVERFLOW;
        }
        return arg + ARGS_OF[operation] <= args.count() ? operation : UNKNOWN;
    }

    private static int overflowAt(Args args, int arg) {
        return args.is(arg, "WRAP") ? WRAP : args.is(arg, "SAT") ? SAT : args.is(arg, "FAIL") ? FAIL : NO_OVERFLOW;
    }

    /** Reads a type such as u8 or i16: its width, negative for a signed one; 0 for none. */
    private static int typeAt(Args args, int arg) {
        byte[] buffer = args.buffer();
        int start = args.start(arg);
        int length = args.length(arg);
        if (length < 2 || buffer[start] != 'u' && buffer[start] != 'i') {
            return 0;
        }
        boolean isSigned = buffer[start] == 'i';
        long width = Decimal.parseLong(buffer, start + 1, length - 1, 0);
        if (width < 1 || width > (isSigned ? 64 : 63)) {
            return 0;
        }
        return (int) (isSigned ? -width : width);
    }

    private void bitfield(Call call) {
        operate(call, true);
    }

    private void bitfieldRo(Call call) {
        operate(call, false);
    }

    private void operate(Call call, boolean mayWrite) {
        var args = call.args();
        int operations = 0;
        long end = -1; // Of the farthest write, in bits.
        for (int arg = 2; arg < args.count(); ) {
            int operation = operationAt(args, arg);
            if (operation == UNKNOWN) {
                call.reply().error(Errors.SYNTAX);
                return;
            }
            if (operation == OVERFLOW) {
                if (overflowAt(args, arg + 1) == NO_OVERFLOW) {
                    call.reply().error(BAD_OVERFLOW);
                    return;
                }
            } else {
                int width = Math.abs(typeAt(args, arg + 1));
                if (width == 0) {
                    call.reply().error(BAD_TYPE);
                    return;
                }
                long offset = offsetAt(call, arg + 2, width);
                if (offset == NO_OFFSET || operation != GET && !call.parseLong(arg + 3)) {
                    return;
                }
                end = operation == GET ? end : Math.max(end, offset + width - 1);
                operations++;
            }
            arg += ARGS_OF[operation];
        }
        if (end >= 0 && !mayWrite) {
            call.reply().error(ONLY_GET);
            return;
        }
        boolean isFound = end < 0 ? call.findToRead(1) : call.find(1);
        if (isFound && !call.entry().isString()) {
            call.reply().error(Errors.WRONG_TYPE);
            return;
        }
        int oldLength = isFound ? StringBytes.length(call.entry()) : 0;
        boolean grows = false;
        if (end >= 0) {
            StringBytes.makeWritable(call, 1, isFound, (int) (end >>> 3) + 1);
            isFound = true;
            grows = call.entry().valueLength() > oldLength;
        }
        call.reply().arrayHeader(operations);
        int changes = runOperations(call, isFound, grows);
        if (changes > 0) {
            call.changed(1, Event.SETBIT);
            call.unit().changed(changes - 1L);
        }
    }

    /** Runs the operations, which are well-formed; returns how many changed something. */
    private int runOperations(Call call, boolean isFound, boolean grows) {
        var args = call.args();
        var entry = call.entry();
        byte[] bytes = isFound ? StringBytes.buffer(call, entry) : args.buffer();
        int start = isFound ? StringBytes.start(entry) : 0;
        int length = isFound ? StringBytes.length(entry) : 0;
        int overflow = WRAP;
        int changes = 0;
        for (int arg = 2; arg < args.count(); ) {
            int operation = operationAt(args, arg);
            if (operation == OVERFLOW) {
                overflow = overflowAt(args, arg + 1);
            } else {
                int type = typeAt(args, arg + 1);
                int width = Math.abs(type);
                long offset = offsetAt(call, arg + 2, width);
                long old = type < 0
                        ? Bits.signedField(bytes, start, length, offset, width)
                        : Bits.field(bytes, start, length, offset, width);
                if (operation == GET) {
                    call.reply().integer(old);
                } else {
                    boolean adds = operation == INCRBY;
                    call.parseLong(arg + 3);
                    long base = adds ? old : call.parsed();
                    long step = adds ? call.parsed() : 0;
                    if (overflow == FAIL && direction(base, step, type) != 0) {
                        call.reply().nil();
                    } else {
                        long value = fitted(base, step, type, overflow);
                        Bits.setField(bytes, start, offset, width, value);
                        call.reply().integer(adds ? value : old);
                        changes += grows || value != old ? 1 : 0;
                    }
                }
            }
            arg += ARGS_OF[operation];
        }
        return changes;
    }

    private static long max(int type) {
        return type < 0 ? Long.MAX_VALUE >>> 64 + type : (1L << type) - 1;
    }

    /** Says where {@code base + step} lies: above the range of a type (1), below (-1), or within (0). */
    private static int direction(long base, long step, int type) {
        long max = max(type);
        if (base > max || type > 0 && base < 0) {
            return 1; // A negative number given as an unsigned one is a large one.
        }
        long min = type < 0 ? -max - 1 : 0;
        if (base < min) {
            return max - base < 0
                    ? 1
                    : -1; // Where that overflows itself, Redis takes a very low number for a high one.
        }
        long sum = base + step;
        if (step > 0) {
            return sum > max || sum < base ? 1 : 0; // Smaller than before: even 64 bits were too few.
        }
        return sum < min || sum > base ? -1 : 0;
    }

    /** Returns {@code base + step} as it fits into a type. */
    private static long fitted(long base, long step, int type, int overflow) {
        int direction = direction(base, step, type);
        if (direction == 0) {
            return base + step;
        }
        if (overflow == SAT) {
            return direction > 0 ? max(type) : type < 0 ? -max(type) - 1 : 0;
        }
        int unused = Long.SIZE - Math.abs(type);
        long wrapped = base + step << unused;
        return type < 0 ? wrapped >> unused : wrapped >>> unused;
    }
}
