package io.redoubt.command;

import static io.redoubt.command.Category.HYPERLOGLOG;
import static io.redoubt.command.CommandFlag.ADMIN;
import static io.redoubt.command.CommandFlag.DENYOOM;
import static io.redoubt.command.CommandFlag.FAST;
import static io.redoubt.command.CommandFlag.MAY_REPLICATE;
import static io.redoubt.command.CommandFlag.READONLY;
import static io.redoubt.command.CommandFlag.WRITE;
import static io.redoubt.command.KeySpec.Flag.ACCESS;
import static io.redoubt.command.KeySpec.Flag.INSERT;
import static io.redoubt.command.KeySpec.Flag.RO;
import static io.redoubt.command.KeySpec.Flag.RW;

import io.redoubt.store.Keyspace;
import io.redoubt.store.KeyspaceEvents.Event;
import io.redoubt.type.Encoding;
import io.redoubt.type.HyperLogLog;
import java.util.Arrays;
import java.util.function.LongSupplier;

/**
 * The HyperLogLog commands, which estimate how many different elements were added. A value is a string, byte for byte
 * as in Redis. Each field declares a command; the method below it handles it.
 */
public final class HyperLogLogCommands extends CommandFamily {
    private static final byte[] NO_HYPERLOGLOG = Errors.line("WRONGTYPE Key is not a valid HyperLogLog string value.");
    private static final byte[] CORRUPT = Errors.line("INVALIDOBJ Corrupted HLL object detected");
    private static final byte[] NO_SUCH_KEY = Errors.line("ERR The specified key does not exist");
    private static final byte[] NOT_SPARSE = Errors.line("ERR HLL encoding is not sparse");
    private static final byte[] FAILED = Errors.line("TESTFAILED estimates are farther off than they may be");

    private final LongSupplier sparseBytesMax;

    /** @param sparseBytesMax {@code hll-sparse-max-bytes}: a sparse value that would grow beyond it becomes dense */
    public HyperLogLogCommands(LongSupplier sparseBytesMax) {
        super("hyperloglog");
        this.sparseBytesMax = sparseBytesMax;
    }

    /** Whether the call's entry, which was found, holds one of our values; if not, the error is written. */
    private static boolean isHyperLogLog(Call call) {
        var entry = call.entry();
        if (!entry.isString()) {
            call.reply().error(Errors.WRONG_TYPE);
            return false;
        }
        if (entry.isInteger() || !HyperLogLog.isValid(entry.valueBuffer(), entry.valueStart(), entry.valueLength())) {
            call.reply().error(NO_HYPERLOGLOG);
            return false;
        }
        return true;
    }

    // ---- Adding ----

    final CommandSpec pfadd = command("PFADD")
            .arity(-2)
            .since("2.8.9")
            .complexity("O(1) for each element")
            .summary("Adds elements to a HyperLogLog, which is made where there is none.")
            .flags(WRITE, DENYOOM, FAST)
            .categories(HYPERLOGLOG)
            .key(1, RW, INSERT)
            .readsToo() // SETRANGE can make any value look like a HyperLogLog: the replies would then tell its bytes.
            .reveals(Reveals.DERIVED)
            .args(ArgSpec.key("key"), ArgSpec.string("element").optional().multiple())
            .form((_, form) -> form.addKey(1, Form.WRITE | Form.TELLS))
            .handler(this::pfadd);

    private void pfadd(Call call) {
        boolean isFound = call.find(1);
        if (isFound && !isHyperLogLog(call)) {
            return;
        }
        var entry = call.entry();
        int changes;
        if (isFound && HyperLogLog.isDense(entry.valueBuffer(), entry.valueStart())) {
            StringBytes.makeWritable(call, 1, true, HyperLogLog.DENSE_LENGTH);
            changes = addToDense(call, entry.valueBuffer(), entry.valueStart(), 2);
            if (changes > 0) {
                HyperLogLog.invalidate(entry.valueBuffer(), entry.valueStart());
            }
        } else {
            changes = addToSparse(call, isFound);
            if (changes < 0) {
                call.reply().error(CORRUPT);
                return;
            }
        }
        if (changes > 0) {
            call.changed(1, Event.PFADD);
            call.unit().changed(changes - 1L);
        }
        call.reply().integer(changes > 0 ? 1 : 0);
    }

    /** Adds the elements from an argument on; returns how many raised a register. */
    private static int addToDense(Call call, byte[] bytes, int start, int fromArg) {
        var args = call.args();
        int changes = 0;
        for (int arg = fromArg; arg < args.count(); arg++) {
            long hash = HyperLogLog.hash(args.buffer(), args.start(arg), args.length(arg));
            int value = HyperLogLog.valueOf(hash);
            if (HyperLogLog.raiseDense(bytes, start, HyperLogLog.indexOf(hash), value)) {
                changes++;
            }
        }
        return changes;
    }

    /**
     * Adds the elements to a sparse value, or to a new one; returns how many changed something, negative when the value
     * is corrupt and was left alone.
     */
    private int addToSparse(Call call, boolean isFound) {
        var args = call.args();
        var entry = call.entry();
        long lengthMax = sparseBytesMax.getAsLong();
        int room = HyperLogLog.GROWTH_MAX * args.count();
        int length = isFound ? entry.valueLength() : HyperLogLog.EMPTY_LENGTH;
        byte[] bytes = call.scratch(length + room);
        if (isFound) {
            StringBytes.copy(entry, bytes);
        } else {
            HyperLogLog.writeEmpty(bytes);
        }
        int changes = isFound ? 0 : 1;
        boolean isDense = false;
        for (int arg = 2; arg < args.count() && !isDense; arg++) {
            long hash = HyperLogLog.hash(args.buffer(), args.start(arg), args.length(arg));
            int value = HyperLogLog.valueOf(hash);
            int result = HyperLogLog.setSparse(bytes, length, HyperLogLog.indexOf(hash), value, lengthMax);
            if (result == HyperLogLog.TOO_LARGE) {
                byte[] dense = HyperLogLog.toDense(bytes, 0, length);
                if (dense == null) {
                    return HyperLogLog.CORRUPT;
                }
                bytes = dense;
                length = dense.length;
                isDense = true;
                changes += addToDense(call, bytes, 0, arg);
            } else if (result == HyperLogLog.CORRUPT) {
                return HyperLogLog.CORRUPT;
            } else if (result != HyperLogLog.UNCHANGED) {
                length = result;
                changes++;
            }
        }
        if (changes > 0) {
            HyperLogLog.invalidate(bytes, 0);
        }
        if (changes > 0 || entry.encoding() != Encoding.RAW) {
            set(call, isFound, bytes, length);
        }
        return changes;
    }

    private static void set(Call call, boolean isFound, byte[] bytes, int length) {
        long expiry = isFound ? call.entry().expiryMillis() : Keyspace.NO_EXPIRY;
        call.setString(1, Encoding.RAW, bytes, 0, length, expiry);
    }

    // ---- Counting ----

    final CommandSpec pfcount = command("PFCOUNT")
            .arity(-2)
            .since("2.8.9")
            .complexity("O(1) for one key whose estimate is kept, else O(N), N = keys, with 16384 registers each")
            .summary("Estimates how many different elements were added to HyperLogLogs, taken together.")
            .flags(READONLY, MAY_REPLICATE)
            .categories(HYPERLOGLOG)
            .keys(1, -1, 1, RW, ACCESS)
            .reveals(Reveals.DERIVED)
            .args(ArgSpec.key("key").multiple())
            .handler(this::pfcount);

    private void pfcount(Call call) {
        if (call.argCount() > 2) {
            countTogether(call);
            return;
        }
        if (!call.findToRead(1)) {
            call.reply().integer(0);
            return;
        }
        if (!isHyperLogLog(call)) {
            return;
        }
        var entry = call.entry();
        if (entry.encoding() == Encoding.EMBSTR) {
            StringBytes.makeWritable(call, 1, true, 0); // As Redis does, whether or not the estimate changes.
        }
        long estimate;
        if (HyperLogLog.hasEstimate(entry.valueBuffer(), entry.valueStart())) {
            estimate = HyperLogLog.estimate(entry.valueBuffer(), entry.valueStart());
        } else {
            estimate = HyperLogLog.count(entry.valueBuffer(), entry.valueStart(), entry.valueLength());
            if (estimate < 0) {
                call.reply().error(CORRUPT);
                return;
            }
            StringBytes.makeWritable(call, 1, true, 0);
            HyperLogLog.setEstimate(entry.valueBuffer(), entry.valueStart(), estimate);
            call.unit().changed(); // Without an event, as in Redis; but replicas count anew as well.
        }
        call.reply().integer(estimate);
    }

    private static void countTogether(Call call) {
        byte[] registers = call.scratch(HyperLogLog.REGISTERS);
        Arrays.fill(registers, 0, HyperLogLog.REGISTERS, (byte) 0);
        for (int arg = 1; arg < call.argCount(); arg++) {
            if (call.findToRead(arg) && !mergeFound(call, registers)) {
                return;
            }
        }
        call.reply().integer(HyperLogLog.countRegisters(registers));
    }

    /** Merges the call's entry into registers; false when an error was written. */
    private static boolean mergeFound(Call call, byte[] registers) {
        if (!isHyperLogLog(call)) {
            return false;
        }
        var entry = call.entry();
        if (!HyperLogLog.mergeInto(registers, entry.valueBuffer(), entry.valueStart(), entry.valueLength())) {
            call.reply().error(CORRUPT);
            return false;
        }
        return true;
    }

    final CommandSpec pfmerge = command("PFMERGE")
            .arity(-2)
            .since("2.8.9")
            .complexity("O(N), N = keys, with 16384 registers each")
            .summary("Merges HyperLogLogs into the one at the first key.")
            .flags(WRITE, DENYOOM)
            .categories(HYPERLOGLOG)
            .key(1, RW, ACCESS, INSERT)
            .keys(2, -1, 1, RO, ACCESS)
            .readsToo()
            .args(ArgSpec.key("destkey"), ArgSpec.key("sourcekey", 1).multiple())
            .handler(this::pfmerge);

    private void pfmerge(Call call) {
        byte[] registers = new byte[HyperLogLog.REGISTERS];
        var entry = call.entry();
        boolean isDense = false;
        for (int arg = 1; arg < call.argCount(); arg++) {
            if (call.findToRead(arg)) {
                if (!mergeFound(call, registers)) {
                    return;
                }
                isDense |= HyperLogLog.isDense(entry.valueBuffer(), entry.valueStart());
            }
        }
        boolean isFound = call.find(1);
        long lengthMax = sparseBytesMax.getAsLong();
        int length = isFound ? entry.valueLength() : HyperLogLog.EMPTY_LENGTH;
        byte[] bytes = new byte[Math.max(length, HyperLogLog.DENSE_LENGTH)];
        if (isFound) {
            StringBytes.copy(entry, bytes);
        } else {
            HyperLogLog.writeEmpty(bytes);
        }
        if (isDense && !HyperLogLog.isDense(bytes, 0)) {
            bytes = dense(bytes, length);
            length = bytes.length;
        }
        for (int index = 0; index < HyperLogLog.REGISTERS; index++) {
            if (registers[index] == 0) {
                continue;
            }
            if (!HyperLogLog.isDense(bytes, 0)) {
                if (bytes.length < length + HyperLogLog.GROWTH_MAX) {
                    bytes = Arrays.copyOf(bytes, length * 2);
                }
                int result = HyperLogLog.setSparse(bytes, length, index, registers[index], lengthMax);
                if (result > 0) {
                    length = result;
                } else if (result == HyperLogLog.TOO_LARGE) {
                    bytes = dense(bytes, length);
                    length = bytes.length;
                }
            }
            if (HyperLogLog.isDense(bytes, 0)) {
                HyperLogLog.raiseDense(bytes, 0, index, registers[index]);
            }
        }
        HyperLogLog.invalidate(bytes, 0);
        set(call, isFound, bytes, length);
        call.changed(1, Event.PFADD); // For Redis, a merge is an addition of much at once.
        call.reply().ok();
    }

    /** Returns a dense copy of a sparse value whose runs have been seen to be right. */
    private static byte[] dense(byte[] bytes, int length) {
        byte[] dense = HyperLogLog.toDense(bytes, 0, length);
        if (dense == null) {
            throw new IllegalStateException("a HyperLogLog became corrupt");
        }
        return dense;
    }

    // ---- For those who examine the server ----

    final CommandSpec pfdebug = command("PFDEBUG")
            .arity(3)
            .since("2.8.9")
            .complexity("N/A")
            .summary("Shows the registers, the runs or the encoding of a HyperLogLog, or makes it dense.")
            .flags(WRITE, DENYOOM, ADMIN)
            .categories(HYPERLOGLOG)
            .key(2, RW, ACCESS)
            .readsToo()
            .reveals(Reveals.VALUE)
            .args(ArgSpec.string("subcommand"), ArgSpec.key("key"))
            .handler(this::pfdebug);

    private void pfdebug(Call call) {
        var reply = call.reply();
        if (!call.find(2)) {
            reply.error(NO_SUCH_KEY);
            return;
        }
        if (!isHyperLogLog(call)) {
            return;
        }
        StringBytes.makeWritable(call, 2, true, 0);
        var entry = call.entry();
        boolean isDense = HyperLogLog.isDense(entry.valueBuffer(), entry.valueStart());
        if (call.argIs(1, "GETREG")) {
            if (isDense || makeDense(call)) {
                reply.arrayHeader(HyperLogLog.REGISTERS);
                for (int index = 0; index < HyperLogLog.REGISTERS; index++) {
                    reply.integer(HyperLogLog.denseRegister(entry.valueBuffer(), entry.valueStart(), index));
                }
            }
        } else if (call.argIs(1, "DECODE")) {
            if (isDense) {
                reply.error(NOT_SPARSE);
            } else {
                reply.bulk(HyperLogLog.describe(entry.valueBuffer(), entry.valueStart(), entry.valueLength()));
            }
        } else if (call.argIs(1, "ENCODING")) {
            reply.status(isDense ? "dense" : "sparse");
        } else if (call.argIs(1, "TODENSE")) {
            if (isDense) {
                reply.integer(0);
            } else if (makeDense(call)) {
                reply.integer(1);
            }
        } else {
            reply.error("ERR Unknown PFDEBUG subcommand '" + call.args().text(1) + "'");
        }
    }

    /** Makes the sparse value at position 2 dense; false when an error was written. */
    private static boolean makeDense(Call call) {
        var entry = call.entry();
        byte[] dense = HyperLogLog.toDense(entry.valueBuffer(), entry.valueStart(), entry.valueLength());
        if (dense == null) {
            call.reply().error(CORRUPT);
            return false;
        }
        call.setString(2, Encoding.RAW, dense, 0, dense.length, entry.expiryMillis());
        call.find(2);
        call.unit().changed();
        return true;
    }

    final CommandSpec pfselftest = command("PFSELFTEST")
            .arity(1)
            .since("2.8.9")
            .complexity("N/A")
            .summary("Tests that HyperLogLogs of both encodings agree, and that their estimates are near enough.")
            .flags(ADMIN)
            .categories(HYPERLOGLOG)
            .handler(this::pfselftest);

    private void pfselftest(Call call) {
        if (testSelf()) {
            call.reply().ok();
        } else {
            call.reply().error(FAILED);
        }
    }

    private static boolean testSelf() {
        byte[] sparse = new byte[HyperLogLog.DENSE_LENGTH * 2];
        int length = HyperLogLog.writeEmpty(sparse);
        byte[] dense = HyperLogLog.toDense(sparse, 0, length);
        if (dense == null) {
            return false;
        }
        byte[] element = new byte[Long.BYTES];
        int next = 1;
        for (int added = 1; added <= 100_000; added++) {
            for (int i = 0; i < Integer.BYTES; i++) {
                element[i] = (byte) (added >>> 8 * i);
            }
            long hash = HyperLogLog.hash(element, 0, element.length);
            int index = HyperLogLog.indexOf(hash);
            int value = HyperLogLog.valueOf(hash);
            HyperLogLog.raiseDense(dense, 0, index, value);
            if (added <= 1000) {
                int result = HyperLogLog.setSparse(sparse, length, index, value, Long.MAX_VALUE);
                length = result > 0 ? result : length;
            }
            if (added == next) {
                // Six times the standard error of 1.04 / sqrt(registers).
                double off = Math.abs(HyperLogLog.count(dense, 0, dense.length) - added);
                if (off > Math.max(2, added * 6 * 1.04 / Math.sqrt(HyperLogLog.REGISTERS))) {
                    return false;
                }
                if (added <= 1000
                        && HyperLogLog.count(sparse, 0, length) != HyperLogLog.count(dense, 0, dense.length)) {
                    return false;
                }
                next *= 10;
            }
        }
        return true;
    }
}
