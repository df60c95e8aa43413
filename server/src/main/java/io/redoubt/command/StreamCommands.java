package io.redoubt.command;

import static io.redoubt.command.ArgSpec.block;
import static io.redoubt.command.ArgSpec.integer;
import static io.redoubt.command.ArgSpec.key;
import static io.redoubt.command.ArgSpec.oneOf;
import static io.redoubt.command.ArgSpec.string;
import static io.redoubt.command.ArgSpec.word;
import static io.redoubt.command.Category.STREAM;
import static io.redoubt.command.CommandFlag.BLOCKING;
import static io.redoubt.command.CommandFlag.DENYOOM;
import static io.redoubt.command.CommandFlag.FAST;
import static io.redoubt.command.CommandFlag.MOVABLEKEYS;
import static io.redoubt.command.CommandFlag.READONLY;
import static io.redoubt.command.CommandFlag.WRITE;
import static io.redoubt.command.KeySpec.Flag.ACCESS;
import static io.redoubt.command.KeySpec.Flag.DELETE;
import static io.redoubt.command.KeySpec.Flag.RO;
import static io.redoubt.command.KeySpec.Flag.RW;
import static io.redoubt.command.KeySpec.Flag.UPDATE;

import io.redoubt.command.StreamScratch.References;
import io.redoubt.store.KeyspaceEvents.Event;
import io.redoubt.type.Element;
import io.redoubt.type.Encoding;
import io.redoubt.type.Encoding.Type;
import io.redoubt.type.Stream;
import io.redoubt.type.StreamBlock;
import io.redoubt.type.StreamId;
import io.redoubt.type.StreamIds;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The commands of streams. Each field declares a command; the method below it handles it. */
public final class StreamCommands extends CommandFamily {
    static final byte[] BAD_ID = Errors.line("ERR Invalid stream ID specified as stream command argument");
    private static final byte[] ID_ZERO = Errors.line("ERR The ID specified in XADD must be greater than 0-0");
    private static final byte[] ID_SMALL =
            Errors.line("ERR The ID specified in XADD is equal or smaller than the target stream top item");
    private static final byte[] EXHAUSTED =
            Errors.line("ERR The stream has exhausted the last possible ID, unable to add more items");
    private static final byte[] TOO_LARGE = Errors.line("ERR Elements are too large to be stored");
    private static final byte[] TWO_STRATEGIES =
            Errors.line("ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
    private static final byte[] MAXLEN_NEGATIVE = Errors.line("ERR The MAXLEN argument must be >= 0.");
    private static final byte[] LIMIT_NEGATIVE = Errors.line("ERR The LIMIT argument must be >= 0.");
    private static final byte[] LIMIT_WITHOUT_STRATEGY =
            Errors.line("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
    private static final byte[] NO_STRATEGY =
            Errors.line("ERR syntax error, XTRIM must be called with a trimming strategy");
    private static final byte[] LIMIT_EXACT =
            Errors.line("ERR syntax error, LIMIT cannot be used without the special ~ option");
    private static final byte[] BAD_START = Errors.line("ERR invalid start ID for the interval");
    private static final byte[] BAD_END = Errors.line("ERR invalid end ID for the interval");
    /** Of {@link #parseReading}. */
    static final int NO_OPTION = 0;

    static final int REFUSED = -1;
    static final byte[] UNBALANCED =
            Errors.line("ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.");
    private static final byte[] GROUP_IN_XREAD =
            Errors.line("ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.");
    private static final byte[] NOACK_IN_XREAD =
            Errors.line("ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.");
    private static final byte[] NEW_IN_XREAD = Errors.line("ERR The > ID can be specified only when calling XREADGROUP"
            + " using the GROUP <group> <consumer> option.");
    private static final byte[] ADDED_NEGATIVE = Errors.line("ERR entries_added must be positive");
    private static final byte[] SETID_BELOW_GIVEN =
            Errors.line("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
    private static final byte[] SETID_BELOW_TOP =
            Errors.line("ERR The ID specified in XSETID is smaller than the target stream top item");
    private static final byte[] SETID_ADDED =
            Errors.line("ERR The entries_added specified in XSETID is smaller than the target stream length");

    private static final byte[] BAD_ID_COUNT = Errors.line("ERR Number of IDs must be a positive integer");
    private static final byte[] WRONG_ID_COUNT =
            Errors.line("ERR The `numids` parameter must match the number of arguments");

    private static final byte[] XACK_WORD = ascii("XACK");
    private static final byte[] XDEL_WORD = ascii("XDEL");
    private static final byte[] XADD_WORD = ascii("XADD");
    private static final byte[] XTRIM_WORD = ascii("XTRIM");
    private static final byte[] MAXLEN = ascii("MAXLEN");
    private static final byte[] MINID = ascii("MINID");
    private static final byte[] EXACTLY = ascii("=");

    /** What XREAD with BLOCK answers at most for each stream, where no COUNT is given and it has waited. */
    static final int COUNT_AFTER_WAITING = 1000;

    private static final int LIMIT_BLOCKS = 100;
    private static final int LIMIT_DEFAULT = 10_000;
    private static final int LIMIT_MAX = 1_000_000;

    public StreamCommands() {
        super("stream");
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Reads an ID that is neither {@code -} nor {@code +}; false when it is none, and the error is written. */
    static boolean parseId(Call call, int arg, long missingSeq, StreamId into) {
        var args = call.args();
        var parsed = into.parse(args.buffer(), args.start(arg), args.length(arg), missingSeq, true, false);
        if (parsed == StreamId.Parsed.INVALID) {
            call.reply().error(BAD_ID);
            return false;
        }
        return true;
    }

    static boolean isByte(Call call, int arg, char wanted) {
        var args = call.args();
        return args.length(arg) == 1 && args.buffer()[args.start(arg)] == wanted;
    }

    static Stream stream(Call call) {
        return (Stream) call.entry().large();
    }

    static Stream writable(Call call) {
        return (Stream) call.entry().writableLarge();
    }

    static void replyId(Call call, StreamId id) {
        byte[] text = call.streams().text;
        call.reply().bulk(text, 0, id.format(text, 0));
    }

    static void effectId(Call call, StreamId id) {
        byte[] text = call.streams().text;
        call.unit().effects().arg(text, 0, id.format(text, 0));
    }

    /** The word of an option that says what becomes of an entry in groups when it is removed; null for another word. */
    static StreamScratch.@Nullable References references(Call call, int arg) {
        return call.argIs(arg, "KEEPREF")
                ? References.KEEP
                : call.argIs(arg, "DELREF")
                        ? References.DROP
                        : call.argIs(arg, "ACKED") ? References.WAIT_FOR_ALL : null;
    }

    static ArgSpec referencesArg() {
        return oneOf("condition", word("keepref", "KEEPREF"), word("delref", "DELREF"), word("acked", "ACKED"))
                .optional();
    }

    /**
     * Reads {@code [KEEPREF|DELREF|ACKED] IDS numids id [id ...]}, where the first option may also stand behind the IDs.
     *
     * @return the position of the first ID, and their number is {@link Call#parsed()}; -1 when the error is written
     */
    static int parseIds(Call call, int fromArg) {
        var scratch = call.streams();
        scratch.references = References.KEEP;
        int firstId = -1;
        int count = 0;
        for (int arg = fromArg; arg < call.argCount(); arg++) {
            var references = references(call, arg);
            if (references != null) {
                scratch.references = references;
            } else if (call.argIs(arg, "IDS") && firstId < 0 && arg + 1 < call.argCount()) {
                if (!call.parseAtLeast(arg + 1, 1, BAD_ID_COUNT)) {
                    return -1;
                }
                if (call.parsed() > call.argCount() - arg - 2) {
                    call.reply().error(WRONG_ID_COUNT);
                    return -1;
                }
                count = (int) call.parsed();
                firstId = arg + 2;
                arg = firstId + count - 1;
            } else {
                call.reply().error(firstId < 0 ? Errors.SYNTAX : WRONG_ID_COUNT);
                return -1;
            }
        }
        if (firstId < 0) {
            call.reply().error(Errors.SYNTAX);
            return -1;
        }
        for (int i = 0; i < count; i++) {
            if (!parseId(call, firstId + i, 0, scratch.id)) {
                return -1;
            }
        }
        return firstId;
    }

    /** Whether every group has read an entry and acknowledged it; not where there is no group. */
    static boolean isDoneByAll(Stream stream, StreamId id) {
        for (int i = 0; i < stream.groupCount(); i++) {
            var group = stream.groupAt(i);
            if (id.compareTo(group.last()) > 0 || group.find(id) != 0) {
                return false;
            }
        }
        return stream.groupCount() > 0;
    }

    /** An entry is no longer pending in any group; logged as acknowledgements. Says whether it was. */
    static boolean dropReferences(Call call, Stream stream, StreamId id) {
        boolean isDropped = false;
        for (int i = 0; i < stream.groupCount(); i++) {
            if (stream.groupAt(i).find(id) == 0) {
                continue;
            }
            var group = stream.writableGroupAt(i);
            group.acknowledge(id);
            var effects = call.ownEffects();
            effects.command(call.database(), 4);
            effects.arg(XACK_WORD);
            call.effectArg(1);
            effects.arg(group.name());
            effectId(call, id);
            isDropped = true;
        }
        return isDropped;
    }

    /** Logs that entries were deleted. */
    static void logDeleted(Call call, StreamIds ids) {
        var scratch = call.streams();
        if (ids.count() == 0) {
            return;
        }
        var effects = call.ownEffects();
        effects.command(call.database(), 2 + ids.count());
        effects.arg(XDEL_WORD);
        call.effectArg(1);
        for (int i = 0; i < ids.count(); i++) {
            ids.show(i, scratch.id);
            effectId(call, scratch.id);
        }
    }

    /** Answers an entry: its ID and an array of fields and values. */
    static void replyEntry(Call call, StreamBlock entry) {
        var id = call.streams().id;
        id.set(entry.ms(), entry.seq());
        call.reply().arrayHeader(2);
        replyId(call, id);
        call.reply().arrayHeader(2L * entry.fieldCount());
        Element element = call.element();
        for (int i = 0; i < entry.fieldCount(); i++) {
            entry.nextField(element);
            call.reply(element);
            entry.nextValue(element);
            call.reply(element);
        }
    }

    /** Answers the entries of a range, so many at most; 0 for all. */
    static void replyRange(Call call, Stream stream, StreamId from, StreamId to, long countMax, boolean isBackwards) {
        var cursor = call.streams().cursor;
        int mark = call.reply().beginArray();
        long count = 0;
        cursor.seek(stream, from, to, isBackwards);
        while ((countMax == 0 || count < countMax) && cursor.next()) {
            replyEntry(call, cursor.entry());
            count++;
        }
        call.reply().endArray(mark, count);
    }

    // ---- Adding ----

    private static ArgSpec trimArg() {
        return block(
                "trim",
                oneOf(
                        "strategy",
                        word("maxlen", "MAXLEN"),
                        word("minid", "MINID").since("6.2.0")),
                oneOf("operator", word("equal", "="), word("approximately", "~"))
                        .optional(),
                string("threshold"),
                integer("count").token("LIMIT").since("6.2.0").optional());
    }

    final CommandSpec xadd = command("XADD")
            .arity(-5)
            .since("5.0.0")
            .history("6.2.0", "Takes `NOMKSTREAM`, `MINID` and `LIMIT`.")
            .history("7.0.0", "Takes an ID of the form `<ms>-*`.")
            .history("8.2.0", "Options KEEPREF, DELREF and ACKED.")
            .complexity("O(1), and O(N) for trimming, N = entries that are removed")
            .summary("Adds an entry to a stream.")
            .flags(WRITE, DENYOOM, FAST)
            .categories(STREAM)
            .tips("nondeterministic_output")
            .key(1, RW, UPDATE)
            .reveals(Reveals.DERIVED)
            .args(
                    key("key"),
                    word("nomkstream", "NOMKSTREAM").since("6.2.0").optional(),
                    referencesArg().since("8.2.0"),
                    trimArg().optional(),
                    oneOf("id_or_auto", word("auto_id", "*"), string("id")),
                    block("field_value", string("field"), string("value")).multiple())
            .heardAfterReply()
            .handler(this::xadd);

    private void xadd(Call call) {
        int idArg = parseTrim(call, true);
        if (idArg < 0) {
            return;
        }
        var scratch = call.streams();
        int fieldArg = idArg + 1;
        int left = call.argCount() - fieldArg;
        if (left < 2 || left % 2 == 1) {
            call.reply().error("ERR wrong number of arguments for 'xadd' command");
            return;
        }
        if (scratch.hasId && scratch.hasSequence && scratch.id.isZero()) {
            call.reply().error(ID_ZERO);
            return;
        }
        var presence = call.find(1, Type.STREAM);
        if (presence == Presence.WRONG_TYPE) {
            return;
        }
        if (presence == Presence.ABSENT && scratch.createsNone) {
            call.reply().nil();
            return;
        }
        if (presence == Presence.PRESENT && stream(call).last().isMax()) {
            call.reply().error(EXHAUSTED);
            return;
        }
        if (!chooseId(call, presence == Presence.PRESENT ? stream(call) : null)) {
            call.reply().error(ID_SMALL);
            return;
        }
        if (!draft(call, fieldArg)) {
            call.reply().error(TOO_LARGE);
            return;
        }
        add(call, presence, fieldArg);
    }

    /** Makes the ID complete; false if it would not be greater than all before. */
    private static boolean chooseId(Call call, @Nullable Stream stream) {
        var scratch = call.streams();
        var id = scratch.id;
        long lastMs = stream == null ? 0 : stream.last().ms();
        long lastSeq = stream == null ? 0 : stream.last().seq();
        if (!scratch.hasId) {
            id.set(call.nowMillis(), 0);
            if (id.compareTo(lastMs, lastSeq) <= 0) {
                id.set(lastMs, lastSeq);
                id.increment();
            }
        } else if (!scratch.hasSequence && id.ms() == lastMs) {
            if (lastSeq == -1) {
                return false;
            }
            id.set(lastMs, lastSeq + 1);
        }
        return id.compareTo(lastMs, lastSeq) > 0;
    }

    private static boolean draft(Call call, int fieldArg) {
        var draft = call.streams().draft;
        draft.begin();
        for (int arg = fieldArg; arg < call.argCount(); arg += 2) {
            if (!draft.add(call.element(arg), call.otherElement(arg + 1))) {
                return false;
            }
        }
        return true;
    }

    private static void add(Call call, Presence presence, int fieldArg) {
        var scratch = call.streams();
        Stream stream;
        if (presence == Presence.PRESENT) {
            stream = writable(call);
        } else {
            var entry = call.create(1);
            stream = new Stream(entry.arena());
            entry.enlarge(Encoding.STREAM, stream);
        }
        stream.append(scratch.draft, scratch.id, call.entry().thresholds());
        replyId(call, scratch.id);
        call.changed(1, Event.XADD);
        boolean isTrimmed = scratch.trims && trim(call, stream) > 0;
        if (isTrimmed) {
            call.notify(1, call.database(), Event.XTRIM);
        }
        logAdd(call, stream, fieldArg);
        logReferences(call, stream);
    }

    /** Trims as the options say and returns how many entries were removed. Their IDs are noted where groups matter. */
    private static long trim(Call call, Stream stream) {
        var scratch = call.streams();
        scratch.ids.begin();
        if (scratch.references == References.WAIT_FOR_ALL) {
            return trimDone(call, stream);
        }
        boolean drops = scratch.references == References.DROP && stream.groupCount() > 0;
        scratch.trim.removed = drops ? scratch.ids : null;
        return stream.trim(scratch.trim);
    }

    /** Removes of the oldest entries those that every group has done, one by one, until so many are left. */
    private static long trimDone(Call call, Stream stream) {
        var scratch = call.streams();
        var how = scratch.trim;
        scratch.cursor.seekAll(stream, false);
        for (long left = stream.count(); !how.byCount || left > how.countMax; left--) {
            if (!scratch.cursor.next() || how.limit != 0 && scratch.ids.count() >= how.limit) {
                break;
            }
            var entry = scratch.cursor.entry();
            scratch.pending.set(entry.ms(), entry.seq());
            if (!how.byCount && scratch.pending.compareTo(how.least) >= 0) {
                break;
            }
            if (isDoneByAll(stream, scratch.pending)) {
                scratch.ids.add(scratch.pending);
            }
        }
        for (int i = 0; i < scratch.ids.count(); i++) {
            scratch.ids.show(i, scratch.pending);
            stream.delete(scratch.pending);
        }
        return scratch.ids.count();
    }

    /** Behind a trimming that minds groups: what else replicas have to do. */
    private static void logReferences(Call call, Stream stream) {
        var scratch = call.streams();
        if (!scratch.trims || scratch.references == References.KEEP) {
            return;
        }
        if (scratch.references == References.WAIT_FOR_ALL) {
            logDeleted(call, scratch.ids);
            return;
        }
        for (int i = 0; i < scratch.ids.count(); i++) {
            scratch.ids.show(i, scratch.pending);
            dropReferences(call, stream, scratch.pending);
        }
    }

    /** Whether a trimming is logged as such, not as deletions. */
    private static boolean logsTrim(Call call) {
        return call.streams().trims && call.streams().references != References.WAIT_FOR_ALL;
    }

    private static void logAdd(Call call, Stream stream, int fieldArg) {
        var scratch = call.streams();
        var effects = call.ownEffects();
        effects.command(call.database(), call.argCount() - fieldArg + (logsTrim(call) ? 6 : 3));
        effects.arg(XADD_WORD);
        call.effectArg(1);
        logTrim(call, stream);
        effectId(call, scratch.id);
        for (int arg = fieldArg; arg < call.argCount(); arg++) {
            call.effectArg(arg);
        }
    }

    /** Logs a trimming so that it has the same result elsewhere. */
    private static void logTrim(Call call, Stream stream) {
        var scratch = call.streams();
        if (!logsTrim(call)) {
            return;
        }
        var effects = call.unit().effects();
        effects.arg(scratch.trim.byCount ? MAXLEN : MINID);
        effects.arg(EXACTLY);
        if (!scratch.trim.isApproximate) {
            call.effectArg(scratch.trimArg);
        } else if (scratch.trim.byCount) {
            effects.arg(stream.count());
        } else {
            scratch.from.setMax();
            effectId(call, stream.count() == 0 ? scratch.from : stream.firstEntry());
        }
    }

    /**
     * Reads the options of XADD and XTRIM.
     *
     * @return the position of the ID or behind the options; -1 when the error is written
     */
    private static int parseTrim(Call call, boolean isAdd) {
        var scratch = call.streams();
        scratch.begin();
        int arg = 2;
        for (; arg < call.argCount(); arg++) {
            boolean hasMore = arg + 1 < call.argCount();
            if (isAdd && isByte(call, arg, '*')) {
                break;
            }
            if (hasMore && (call.argIs(arg, "MAXLEN") || call.argIs(arg, "MINID"))) {
                arg = parseStrategy(call, arg);
                if (arg < 0) {
                    return -1;
                }
            } else if (hasMore && call.argIs(arg, "LIMIT")) {
                if (!call.parseLong(++arg)) {
                    return -1;
                }
                if (call.parsed() < 0) {
                    call.reply().error(LIMIT_NEGATIVE);
                    return -1;
                }
                scratch.trim.limit = call.parsed();
                scratch.hasLimit = true;
            } else if (isAdd && call.argIs(arg, "NOMKSTREAM")) {
                scratch.createsNone = true;
            } else if (references(call, arg) instanceof References references) {
                scratch.references = references;
            } else if (isAdd) {
                var args = call.args();
                var parsed = scratch.id.parse(args.buffer(), args.start(arg), args.length(arg), 0, true, true);
                if (parsed == StreamId.Parsed.INVALID) {
                    call.reply().error(BAD_ID);
                    return -1;
                }
                scratch.hasId = true;
                scratch.hasSequence = parsed == StreamId.Parsed.COMPLETE;
                break;
            } else {
                call.reply().error(Errors.SYNTAX);
                return -1;
            }
        }
        return checkTrim(call, isAdd) ? arg : -1;
    }

    /** Reads MAXLEN or MINID; returns the position of its number or ID, or -1 when the error is written. */
    private static int parseStrategy(Call call, int optionArg) {
        var scratch = call.streams();
        if (scratch.trims) {
            call.reply().error(TWO_STRATEGIES);
            return -1;
        }
        scratch.trim.byCount = call.argIs(optionArg, "MAXLEN");
        scratch.trim.isApproximate = false;
        int arg = optionArg + 1;
        if (arg + 1 < call.argCount() && (isByte(call, arg, '~') || isByte(call, arg, '='))) {
            scratch.trim.isApproximate = isByte(call, arg, '~');
            arg++;
        }
        if (scratch.trim.byCount) {
            if (!call.parseLong(arg)) {
                return -1;
            }
            if (call.parsed() < 0) {
                call.reply().error(MAXLEN_NEGATIVE);
                return -1;
            }
            scratch.trim.countMax = call.parsed();
        } else if (!parseId(call, arg, 0, scratch.trim.least)) {
            return -1;
        }
        scratch.trims = true;
        scratch.trimArg = arg;
        return arg;
    }

    private static boolean checkTrim(Call call, boolean isAdd) {
        var scratch = call.streams();
        if (scratch.trim.limit != 0 && !scratch.trims) {
            call.reply().error(LIMIT_WITHOUT_STRATEGY);
            return false;
        }
        if (!isAdd && !scratch.trims) {
            call.reply().error(NO_STRATEGY);
            return false;
        }
        if (call.session().isMaster()) {
            scratch.trim.limit = 0;
        } else if (scratch.hasLimit && !scratch.trim.isApproximate) {
            call.reply().error(LIMIT_EXACT);
            return false;
        } else if (!scratch.hasLimit && scratch.trim.isApproximate) {
            // Of an approximate trimming nobody expects that it takes long.
            long limit = (long) LIMIT_BLOCKS * call.keyspace().thresholds().streamBlockEntries;
            scratch.trim.limit = limit <= 0 ? LIMIT_DEFAULT : Math.min(limit, LIMIT_MAX);
        }
        return true;
    }

    final CommandSpec xsetid = command("XSETID")
            .arity(-3)
            .since("5.0.0")
            .history("7.0.0", "Takes `ENTRIESADDED` and `MAXDELETEDID`.")
            .complexity("O(1)")
            .summary("Sets what a stream knows of itself, when streams are replicated.")
            .flags(WRITE, DENYOOM, FAST)
            .categories(STREAM)
            .key(1, RW, UPDATE)
            .reveals(Reveals.DERIVED)
            .args(
                    key("key"),
                    string("last-id"),
                    integer("entries_added")
                            .token("ENTRIESADDED")
                            .since("7.0.0")
                            .optional(),
                    string("max_deleted_entry_id")
                            .token("MAXDELETEDID")
                            .since("7.0.0")
                            .optional())
            .heardAfterReply()
            .handler(this::xsetid);

    private void xsetid(Call call) {
        var scratch = call.streams();
        var id = scratch.id;
        var deleted = scratch.to;
        deleted.set(0, 0);
        long added = -1;
        if (!parseId(call, 2, 0, id)) {
            return;
        }
        for (int arg = 3; arg < call.argCount(); arg += 2) {
            boolean hasMore = arg + 1 < call.argCount();
            if (hasMore && call.argIs(arg, "ENTRIESADDED")) {
                if (!call.parseLong(arg + 1)) {
                    return;
                }
                added = call.parsed();
                if (added < 0) {
                    call.reply().error(ADDED_NEGATIVE);
                    return;
                }
            } else if (hasMore && call.argIs(arg, "MAXDELETEDID")) {
                if (!parseId(call, arg + 1, 0, deleted)) {
                    return;
                }
                if (id.compareTo(deleted) < 0) {
                    call.reply().error(SETID_BELOW_GIVEN);
                    return;
                }
            } else {
                call.reply().error(Errors.SYNTAX);
                return;
            }
        }
        var presence = call.find(1, Type.STREAM);
        if (presence == Presence.ABSENT) {
            call.reply().error(Errors.NO_SUCH_KEY);
        }
        if (presence == Presence.PRESENT) {
            setId(call, added);
        }
    }

    private static void setId(Call call, long added) {
        var scratch = call.streams();
        var stream = stream(call);
        if (stream.count() > 0) {
            lastEntry(call, stream, scratch.from);
            if (scratch.id.compareTo(scratch.from) < 0) {
                call.reply().error(SETID_BELOW_TOP);
                return;
            }
            if (added != -1 && stream.count() > added) {
                call.reply().error(SETID_ADDED);
                return;
            }
        }
        stream = writable(call);
        if (scratch.to.isZero()) {
            scratch.to.set(stream.deleted());
        }
        stream.setState(scratch.id, scratch.to, added == -1 ? stream.added() : added);
        call.reply().ok();
        call.changed(1, Event.XSETID);
    }

    /** ID of the last entry of a stream that has one. */
    static void lastEntry(Call call, Stream stream, StreamId into) {
        var cursor = call.streams().cursor;
        cursor.seekAll(stream, true);
        if (cursor.next()) {
            into.set(cursor.entry().ms(), cursor.entry().seq());
        } else {
            into.set(0, 0);
        }
    }

    // ---- Removing ----

    final CommandSpec xdel = command("XDEL")
            .arity(-3)
            .since("5.0.0")
            .complexity("O(1) for each entry")
            .summary("Removes entries of a stream by their IDs.")
            .flags(WRITE, FAST)
            .categories(STREAM)
            .key(1, RW, DELETE)
            .reveals(Reveals.MEMBERSHIP)
            .args(key("key"), string("id").multiple())
            .handler(this::xdel);

    private void xdel(Call call) {
        if (call.find(1, Type.STREAM) != Presence.PRESENT) {
            call.replyIfAbsent(0);
            return;
        }
        var id = call.streams().id;
        for (int arg = 2; arg < call.argCount(); arg++) {
            if (!parseId(call, arg, 0, id)) {
                return;
            }
        }
        var stream = writable(call);
        long deleted = 0;
        for (int arg = 2; arg < call.argCount(); arg++) {
            var args = call.args();
            id.parse(args.buffer(), args.start(arg), args.length(arg), 0, true, false);
            if (stream.delete(id)) {
                deleted++;
            }
        }
        if (deleted > 0) {
            call.changed(1, Event.XDEL, deleted);
        }
        call.reply().integer(deleted);
    }

    final CommandSpec xdelex = command("XDELEX")
            .arity(-5)
            .since("8.2.0")
            .complexity("O(1) for each entry and group")
            .summary("Removes entries of a stream, minding whether groups still need them.")
            .flags(WRITE, FAST)
            .categories(STREAM)
            .key(1, RW, DELETE)
            .reveals(Reveals.MEMBERSHIP)
            .args(
                    key("key"),
                    referencesArg(),
                    block("ids", integer("numids"), string("id").multiple()).token("IDS"))
            .handler(this::xdelex);

    private void xdelex(Call call) {
        int firstId = parseIds(call, 2);
        if (firstId < 0) {
            return;
        }
        int count = (int) call.parsed();
        var presence = call.find(1, Type.STREAM);
        if (presence == Presence.WRONG_TYPE) {
            return;
        }
        var scratch = call.streams();
        var stream = presence == Presence.PRESENT ? writable(call) : null;
        scratch.deleted.begin();
        call.reply().arrayHeader(count);
        for (int i = 0; i < count; i++) {
            var args = call.args();
            scratch.pending.parse(args.buffer(), args.start(firstId + i), args.length(firstId + i), 0, true, false);
            call.reply().integer(stream == null ? NO_ENTRY : remove(call, stream, scratch.pending));
        }
        if (scratch.deleted.count() > 0) {
            call.changed(1, Event.XDEL, scratch.deleted.count());
            logDeleted(call, scratch.deleted);
        }
    }

    /** What XDELEX and XACKDEL answer for an ID. */
    static final int NO_ENTRY = -1;

    private static final int REMOVED = 1;
    private static final int KEPT = 2;

    /** Removes an entry as far as its references let it, and notes it among the deleted; returns what is answered. */
    static int remove(Call call, Stream stream, StreamId id) {
        var scratch = call.streams();
        if (scratch.references == References.DROP) {
            if (dropReferences(call, stream, id)) {
                call.unit().changed();
            }
        } else if (scratch.references == References.WAIT_FOR_ALL && stream.contains(id) && !isDoneByAll(stream, id)) {
            return KEPT;
        }
        if (!stream.delete(id)) {
            return NO_ENTRY;
        }
        scratch.deleted.add(id);
        return REMOVED;
    }

    final CommandSpec xtrim = command("XTRIM")
            .arity(-4)
            .since("5.0.0")
            .history("6.2.0", "Takes `MINID` and `LIMIT`.")
            .history("8.2.0", "Options KEEPREF, DELREF and ACKED.")
            .complexity("O(N), N = entries that are removed, whole blocks of them at once")
            .summary("Removes the oldest entries of a stream.")
            .flags(WRITE)
            .categories(STREAM)
            .tips("nondeterministic_output")
            .key(1, RW, DELETE)
            .reveals(Reveals.LENGTH)
            .args(key("key"), trimArg(), referencesArg().since("8.2.0"))
            .handler(this::xtrim);

    private void xtrim(Call call) {
        if (parseTrim(call, false) < 0) {
            return;
        }
        if (call.find(1, Type.STREAM) != Presence.PRESENT) {
            call.replyIfAbsent(0);
            return;
        }
        var stream = writable(call);
        long removed = trim(call, stream);
        if (removed > 0) {
            call.changed(1, Event.XTRIM, removed);
            if (logsTrim(call)) {
                var effects = call.ownEffects();
                effects.command(call.database(), 5);
                effects.arg(XTRIM_WORD);
                call.effectArg(1);
                logTrim(call, stream);
            }
            logReferences(call, stream);
        }
        call.reply().integer(removed);
    }

    // ---- Reading ----

    final CommandSpec xlen = command("XLEN")
            .arity(2)
            .since("5.0.0")
            .complexity("O(1)")
            .summary("Returns how many entries a stream has.")
            .flags(READONLY, FAST)
            .categories(STREAM)
            .key(1, RO)
            .reveals(Reveals.LENGTH)
            .args(key("key"))
            .handler(this::xlen);

    private void xlen(Call call) {
        if (call.findToRead(1, Type.STREAM) == Presence.PRESENT) {
            call.reply().integer(stream(call).count());
        } else {
            call.replyIfAbsent(0);
        }
    }

    final CommandSpec xrange = ranging("XRANGE")
            .summary("Returns entries of a stream with IDs between two.")
            .args(key("key"), string("start"), string("end"))
            .args(integer("count").token("COUNT").optional())
            .handler(call -> range(call, false));

    final CommandSpec xrevrange = ranging("XREVRANGE")
            .summary("Returns entries of a stream with IDs between two, the newest first.")
            .args(key("key"), string("end"), string("start"))
            .args(integer("count").token("COUNT").optional())
            .handler(call -> range(call, true));

    private CommandSpec ranging(String name) {
        return command(name)
                .arity(-4)
                .since("5.0.0")
                .history("6.2.0", "Takes ranges without their ends.")
                .complexity("O(N), N = entries that are returned")
                .flags(READONLY)
                .categories(STREAM)
                .key(1, RO, ACCESS)
                .reveals(Reveals.VALUE);
    }

    private static void range(Call call, boolean isBackwards) {
        var scratch = call.streams();
        if (!parseStart(call, isBackwards ? 3 : 2, scratch.from) || !parseEnd(call, isBackwards ? 2 : 3, scratch.to)) {
            return;
        }
        long count = -1;
        for (int arg = 4; arg < call.argCount(); arg += 2) {
            if (arg + 1 == call.argCount() || !call.argIs(arg, "COUNT")) {
                call.reply().error(Errors.SYNTAX);
                return;
            }
            if (!call.parseLong(arg + 1)) {
                return;
            }
            count = Math.max(call.parsed(), 0);
        }
        var presence = call.findToRead(1, Type.STREAM);
        if (presence == Presence.ABSENT) {
            call.reply().emptyArray();
        } else if (presence == Presence.PRESENT) {
            if (count == 0) {
                call.reply().nilArray();
            } else {
                replyRange(call, stream(call), scratch.from, scratch.to, Math.max(count, 0), isBackwards);
            }
        }
    }

    static boolean parseStart(Call call, int arg, StreamId into) {
        if (!parseBound(call, arg, 0, into)) {
            return false;
        }
        if (isExclusive(call, arg) && !into.increment()) {
            call.reply().error(BAD_START);
            return false;
        }
        return true;
    }

    static boolean parseEnd(Call call, int arg, StreamId into) {
        if (!parseBound(call, arg, -1, into)) {
            return false;
        }
        if (isExclusive(call, arg) && !into.decrement()) {
            call.reply().error(BAD_END);
            return false;
        }
        return true;
    }

    private static boolean isExclusive(Call call, int arg) {
        var args = call.args();
        return args.length(arg) > 1 && args.buffer()[args.start(arg)] == '(';
    }

    private static boolean parseBound(Call call, int arg, long missingSeq, StreamId into) {
        var args = call.args();
        int skipped = isExclusive(call, arg) ? 1 : 0;
        int from = args.start(arg) + skipped;
        int length = args.length(arg) - skipped;
        if (into.parse(args.buffer(), from, length, missingSeq, skipped == 1, false) == StreamId.Parsed.INVALID) {
            call.reply().error(BAD_ID);
            return false;
        }
        return true;
    }

    final CommandSpec xread = command("XREAD")
            .arity(-4)
            .since("5.0.0")
            .complexity("O(N) for each stream, N = entries that are returned")
            .summary("Returns entries of streams that are newer than given IDs, or waits for one.")
            .flags(READONLY, BLOCKING, MOVABLEKEYS)
            .categories(STREAM)
            .keySpec(new KeySpec("STREAMS", 1, false, -1, 1, 2, Set.of(RO, ACCESS), null))
            .reveals(Reveals.VALUE)
            .args(
                    integer("count").token("COUNT").optional(),
                    integer("milliseconds").token("BLOCK").optional(),
                    block("streams", key("key").multiple(), string("id").multiple())
                            .token("STREAMS"))
            .handler(this::xread);

    /**
     * Reads BLOCK, COUNT or STREAMS at an argument, options of XREAD and XREADGROUP, into the scratch.
     *
     * @return the last argument of the option; {@link #NO_OPTION} if it is none of these, {@link #REFUSED} if it is wrong
     *     and the error is written
     */
    static int parseReading(Call call, int arg) {
        var told = call.streams();
        int next = arg + 1;
        if (next == call.argCount()) {
            return NO_OPTION;
        }
        if (call.argIs(arg, "BLOCK")) {
            if (!call.parseWaitMillis(next)) {
                return REFUSED;
            }
            told.waitMillis = call.parsed();
            return next;
        }
        if (call.argIs(arg, "COUNT")) {
            if (!call.parseLong(next)) {
                return REFUSED;
            }
            told.count = Math.max(call.parsed(), 0);
            return next;
        }
        if (call.argIs(arg, "STREAMS")) {
            told.keyArg = next;
            return arg;
        }
        return NO_OPTION;
    }

    private void xread(Call call) {
        var told = call.streams();
        told.beginReading();
        for (int arg = 1; arg < call.argCount() && told.keyArg == 0; arg++) {
            int last = parseReading(call, arg);
            if (last == REFUSED) {
                return;
            }
            if (last != NO_OPTION) {
                arg = last;
            } else {
                boolean isGroup = call.argIs(arg, "GROUP") && arg + 2 < call.argCount();
                boolean isNoAck = call.argIs(arg, "NOACK");
                call.reply().error(isGroup ? GROUP_IN_XREAD : isNoAck ? NOACK_IN_XREAD : Errors.SYNTAX);
                return;
            }
        }
        int keyArg = told.keyArg;
        if (keyArg == 0) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        if ((call.argCount() - keyArg) % 2 != 0) {
            call.reply().error(UNBALANCED);
            return;
        }
        int streams = (call.argCount() - keyArg) / 2;
        long count = call.isServing() && told.count == 0 ? COUNT_AFTER_WAITING : told.count;
        if (checkIds(call, keyArg, streams) && !readNewer(call, keyArg, streams, count)) {
            if (told.waitMillis >= 0) {
                resolveLastIds(call, keyArg, streams);
            }
            call.waitOrReplyNilArray(told.waitMillis);
        }
    }

    /** Whether keys and IDs are what they should be; if not, the error is written. */
    private static boolean checkIds(Call call, int keyArg, int streams) {
        for (int i = 0; i < streams; i++) {
            int idArg = keyArg + streams + i;
            if (call.findToRead(keyArg + i)
                    && Encoding.type(call.entry().encoding()) != Type.STREAM
                    && !call.isServing()) {
                call.reply().error(Errors.WRONG_TYPE);
                return false;
            }
            if (isByte(call, idArg, '>')) {
                call.reply().error(NEW_IN_XREAD);
                return false;
            }
            if (!isByte(call, idArg, '$') && !parseId(call, idArg, 0, call.streams().from)) {
                return false;
            }
        }
        return true;
    }

    static boolean findStream(Call call, int keyArg) {
        return call.find(keyArg) && Encoding.type(call.entry().encoding()) == Type.STREAM;
    }

    /** Answers the streams that have something newer than what is known; says whether there are any. */
    private static boolean readNewer(Call call, int keyArg, int streams, long count) {
        var scratch = call.streams();
        int mark = -1;
        long served = 0;
        for (int i = 0; i < streams; i++) {
            int idArg = keyArg + streams + i;
            if (isByte(call, idArg, '$') || !findStream(call, keyArg + i)) {
                continue; // Nothing is newer than the last.
            }
            var stream = stream(call);
            parseId(call, idArg, 0, scratch.from);
            if (stream.count() == 0) {
                continue;
            }
            lastEntry(call, stream, scratch.to);
            if (scratch.to.compareTo(scratch.from) <= 0) {
                continue;
            }
            if (mark < 0) {
                mark = call.reply().beginArray();
            }
            if (call.reply().protocol() == 2) {
                call.reply().arrayHeader(2);
            }
            call.replyArg(keyArg + i);
            scratch.from.increment();
            replyRange(call, stream, scratch.from, scratch.to, count, false);
            served++;
        }
        if (mark < 0) {
            return false;
        }
        if (call.reply().protocol() == 2) {
            call.reply().endArray(mark, served);
        } else {
            call.reply().endMap(mark, served);
        }
        return true;
    }

    /** Puts IDs in the place of {@code $}, which means the last one now, not when somebody is served. */
    private static void resolveLastIds(Call call, int keyArg, int streams) {
        var args = call.args();
        boolean isResolved = true;
        byte[][] resolved = new byte[args.count()][];
        for (int arg = 0; arg < resolved.length; arg++) {
            resolved[arg] = args.bytes(arg);
        }
        for (int i = 0; i < streams; i++) {
            int idArg = keyArg + streams + i;
            if (isByte(call, idArg, '$')) {
                var id = call.streams().id;
                id.set(0, 0);
                if (findStream(call, keyArg + i)) {
                    id.set(stream(call).last());
                }
                byte[] text = call.streams().text;
                resolved[idArg] = Arrays.copyOf(text, id.format(text, 0));
                isResolved = false;
            }
        }
        if (!isResolved) {
            args.set(resolved);
        }
    }
}
