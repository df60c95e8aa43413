package io.redoubt.command;

import static io.redoubt.command.ArgSpec.block;
import static io.redoubt.command.ArgSpec.integer;
import static io.redoubt.command.ArgSpec.key;
import static io.redoubt.command.ArgSpec.oneOf;
import static io.redoubt.command.ArgSpec.string;
import static io.redoubt.command.ArgSpec.unixTime;
import static io.redoubt.command.ArgSpec.word;
import static io.redoubt.command.Category.STREAM;
import static io.redoubt.command.CommandFlag.BLOCKING;
import static io.redoubt.command.CommandFlag.DENYOOM;
import static io.redoubt.command.CommandFlag.FAST;
import static io.redoubt.command.CommandFlag.LOADING;
import static io.redoubt.command.CommandFlag.MOVABLEKEYS;
import static io.redoubt.command.CommandFlag.READONLY;
import static io.redoubt.command.CommandFlag.STALE;
import static io.redoubt.command.CommandFlag.WRITE;
import static io.redoubt.command.KeySpec.Flag.ACCESS;
import static io.redoubt.command.KeySpec.Flag.DELETE;
import static io.redoubt.command.KeySpec.Flag.INSERT;
import static io.redoubt.command.KeySpec.Flag.RO;
import static io.redoubt.command.KeySpec.Flag.RW;
import static io.redoubt.command.KeySpec.Flag.UPDATE;
import static io.redoubt.command.StreamCommands.ascii;
import static io.redoubt.command.StreamCommands.effectId;
import static io.redoubt.command.StreamCommands.isByte;
import static io.redoubt.command.StreamCommands.parseEnd;
import static io.redoubt.command.StreamCommands.parseId;
import static io.redoubt.command.StreamCommands.parseStart;
import static io.redoubt.command.StreamCommands.replyEntry;
import static io.redoubt.command.StreamCommands.replyId;
import static io.redoubt.command.StreamCommands.stream;
import static io.redoubt.command.StreamCommands.writable;

import io.redoubt.store.KeyName;
import io.redoubt.store.KeyspaceEvents.Event;
import io.redoubt.type.Encoding;
import io.redoubt.type.Encoding.Type;
import io.redoubt.type.Stream;
import io.redoubt.type.StreamGroup;
import io.redoubt.type.StreamId;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The commands of consumer groups. Each field declares a command; the method below it handles it. */
public final class StreamGroupCommands extends CommandFamily {
    private static final byte[] KEY_NEEDED =
            Errors.line("ERR The XGROUP subcommand requires the key to exist. Note that"
                    + " for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.");
    private static final byte[] BUSY = Errors.line("BUSYGROUP Consumer Group name already exists");
    private static final byte[] BAD_READ = Errors.line("ERR value for ENTRIESREAD must be positive or -1");
    private static final byte[] NO_GROUP_OPTION = Errors.line("ERR Missing GROUP option for XREADGROUP");
    private static final byte[] LAST_IN_XREADGROUP = Errors.line("ERR The $ ID is meaningless in the context of"
            + " XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to"
            + " get new messages. The $ ID would just return an empty result set.");
    private static final byte[] STREAM_GONE = Errors.line("UNBLOCKED the stream key no longer exists");
    private static final byte[] GROUP_GONE =
            Errors.line("NOGROUP the consumer group this client was blocked on no longer exists");
    private static final byte[] BAD_CLAIM_MIN = Errors.line("ERR Invalid min-idle-time argument for XCLAIM");
    private static final byte[] BAD_CLAIM_IDLE = Errors.line("ERR Invalid IDLE option argument for XCLAIM");
    private static final byte[] BAD_CLAIM_TIME = Errors.line("ERR Invalid TIME option argument for XCLAIM");
    private static final byte[] BAD_CLAIM_RETRIES = Errors.line("ERR Invalid RETRYCOUNT option argument for XCLAIM");
    private static final byte[] BAD_AUTOCLAIM_MIN = Errors.line("ERR Invalid min-idle-time argument for XAUTOCLAIM");
    private static final byte[] BAD_AUTOCLAIM_COUNT = Errors.line("ERR COUNT must be > 0");

    private static final byte[] XCLAIM = ascii("XCLAIM");
    private static final byte[] XGROUP = ascii("XGROUP");
    private static final byte[] XACK = ascii("XACK");
    private static final byte[] CREATECONSUMER = ascii("CREATECONSUMER");
    private static final byte[] SETID = ascii("SETID");
    private static final byte[] ENTRIESREAD = ascii("ENTRIESREAD");
    private static final byte[] ZERO = ascii("0");
    private static final byte[] TIME = ascii("TIME");
    private static final byte[] RETRYCOUNT = ascii("RETRYCOUNT");
    private static final byte[] FORCE = ascii("FORCE");
    private static final byte[] JUSTID = ascii("JUSTID");
    private static final byte[] LASTID = ascii("LASTID");

    private static final int KEY_SLOT = 0;
    private static final int NONE = -1;
    private static final int AUTOCLAIM_COUNT_DEFAULT = 100;
    private static final long AUTOCLAIM_COUNT_MAX = Long.MAX_VALUE / 16;
    /** XAUTOCLAIM looks at so many entries for each that it may claim. */
    private static final int AUTOCLAIM_ATTEMPTS = 10;

    public StreamGroupCommands() {
        super("stream");
    }

    // ---- Common to them ----

    private static @Nullable StreamGroup group(Call call, int arg) {
        var args = call.args();
        return stream(call).group(args.buffer(), args.start(arg), args.length(arg));
    }

    /** The group again, to be changed; it is there. */
    private static StreamGroup writableGroup(Call call, int arg) {
        var args = call.args();
        var group = writable(call).writableGroup(args.buffer(), args.start(arg), args.length(arg));
        if (group == null) {
            throw new IllegalStateException("the group has gone");
        }
        return group;
    }

    private static int consumer(Call call, StreamGroup group, int arg) {
        var args = call.args();
        return group.consumer(args.buffer(), args.start(arg), args.length(arg));
    }

    /** Adds a consumer of the key's group, for which somebody has asked. */
    private static int addConsumer(Call call, int keyArg, StreamGroup group, int arg) {
        var args = call.args();
        int consumer = group.addConsumer(args.buffer(), args.start(arg), args.length(arg), call.nowMillis());
        call.unit().changed();
        call.notify(keyArg, call.database(), Event.XGROUP_CREATECONSUMER);
        return consumer;
    }

    /** The consumer that asks, which is added if it is not there; says that it was seen. */
    private static int seenConsumer(Call call, int keyArg, StreamGroup group, int arg) {
        int consumer = consumer(call, group, arg);
        if (consumer == NONE) {
            return addConsumer(call, keyArg, group, arg);
        }
        group.seen(consumer, call.nowMillis());
        return consumer;
    }

    /** Answers the name of a consumer. */
    static void replyName(Call call, StreamGroup group, int consumer) {
        call.reply().bulk(group.nameBuffer(consumer), group.nameStart(consumer), group.nameLength(consumer));
    }

    /** Answers the entry with an ID, which may not be there; says whether it is. */
    private static boolean replyEntryOf(Call call, Stream stream, StreamId id) {
        var cursor = call.streams().cursor;
        cursor.seek(stream, id, id, false);
        if (cursor.next()) {
            replyEntry(call, cursor.entry());
            return true;
        }
        return false;
    }

    private static void noGroup(Call call, int keyArg, int groupArg, String where) {
        call.reply()
                .error("NOGROUP No such key '" + call.args().text(keyArg) + "' or consumer group '"
                        + call.args().text(groupArg) + "'" + where);
    }

    // ---- Effects, in the forms of Redis ----

    /** A pending entry is with a consumer, delivered so often, and the group has come so far. */
    private static void logClaim(Call call, int keyArg, int groupArg, StreamGroup group, int entry) {
        var effects = call.ownEffects();
        if (!effects.isWanted()) {
            return;
        }
        int consumer = group.owner(entry);
        group.showId(entry, call.streams().id);
        effects.command(call.database(), 14);
        effects.arg(XCLAIM);
        call.effectArg(keyArg);
        call.effectArg(groupArg);
        effects.arg(group.nameBuffer(consumer), group.nameStart(consumer), group.nameLength(consumer));
        effects.arg(ZERO);
        effectId(call, call.streams().id);
        effects.arg(TIME);
        effects.arg(group.deliveryMillis(entry));
        effects.arg(RETRYCOUNT);
        effects.arg(group.deliveries(entry));
        effects.arg(FORCE);
        effects.arg(JUSTID);
        effects.arg(LASTID);
        effectId(call, group.last());
    }

    /** The group has come so far. */
    private static void logProgress(Call call, int keyArg, int groupArg, StreamGroup group) {
        var effects = call.ownEffects();
        effects.command(call.database(), 7);
        effects.arg(XGROUP);
        effects.arg(SETID);
        call.effectArg(keyArg);
        call.effectArg(groupArg);
        effectId(call, group.last());
        effects.arg(ENTRIESREAD);
        effects.arg(group.entriesRead());
    }

    private static void logConsumer(Call call, int keyArg, int groupArg, int consumerArg) {
        var effects = call.ownEffects();
        effects.command(call.database(), 5);
        effects.arg(XGROUP);
        effects.arg(CREATECONSUMER);
        call.effectArg(keyArg);
        call.effectArg(groupArg);
        call.effectArg(consumerArg);
    }

    // ---- XGROUP ----

    final CommandSpec xgroup = command("XGROUP")
            .arity(-2)
            .since("5.0.0")
            .complexity("Depends on subcommand")
            .summary("Groups the commands that change consumer groups.");

    private CommandSpec changing(String name, KeySpec.Flag access) {
        return subcommand(xgroup, name).flags(WRITE).categories(STREAM).key(2, RW, access);
    }

    final CommandSpec create = changing("CREATE", INSERT)
            .flags(DENYOOM)
            .arity(-5)
            .since("5.0.0")
            .history("7.0.0", "Takes `ENTRIESREAD`.")
            .complexity("O(1)")
            .summary("Adds a consumer group to a stream.")
            .reveals(Reveals.EXISTENCE)
            .args(
                    key("key"),
                    string("groupname"),
                    oneOf("id", string("id"), word("new_id", "$")),
                    word("mkstream", "MKSTREAM").optional(),
                    integer("entries_read").token("ENTRIESREAD").optional())
            .heardAfterReply()
            .handler(this::create);

    private void create(Call call) {
        boolean makesStream = false;
        long read = StreamGroup.UNKNOWN;
        for (int arg = 5; arg < call.argCount(); arg++) {
            if (call.argIs(arg, "MKSTREAM")) {
                makesStream = true;
            } else if (call.argIs(arg, "ENTRIESREAD") && arg + 1 < call.argCount()) {
                if (!parseRead(call, ++arg)) {
                    return;
                }
                read = call.parsed();
            } else {
                wrongSubcommand(call);
                return;
            }
        }
        var presence = call.find(2, Type.STREAM);
        if (presence == Presence.WRONG_TYPE) {
            return;
        }
        if (presence == Presence.ABSENT && !makesStream) {
            call.reply().error(KEY_NEEDED);
            return;
        }
        if (call.argCount() > 8) {
            wrongSubcommand(call);
            return;
        }
        var id = call.streams().id;
        id.set(0, 0);
        boolean isLast = isByte(call, 4, '$');
        if (!isLast && !parseId(call, 4, 0, id)) {
            return;
        }
        if (presence == Presence.PRESENT && group(call, 3) != null) {
            call.reply().error(BUSY);
            return;
        }
        addGroup(call, presence, isLast, read);
    }

    private static void addGroup(Call call, Presence presence, boolean isLast, long read) {
        Stream stream;
        if (presence == Presence.PRESENT) {
            stream = writable(call);
        } else {
            var entry = call.create(2);
            stream = new Stream(entry.arena());
            entry.enlarge(Encoding.STREAM, stream);
        }
        var args = call.args();
        var group = stream.addGroup(args.buffer(), args.start(3), args.length(3));
        if (group == null) {
            throw new IllegalStateException("the group is there already");
        }
        group.last().set(isLast ? stream.last() : call.streams().id);
        group.setEntriesRead(read);
        call.reply().ok();
        // Nobody who watches the key minds what its groups are; a new key has told them itself.
        call.unit().changed();
        call.notify(2, call.database(), Event.XGROUP_CREATE);
    }

    private static boolean parseRead(Call call, int arg) {
        if (!call.parseLong(arg)) {
            return false;
        }
        if (call.parsed() < 0 && call.parsed() != StreamGroup.UNKNOWN) {
            call.reply().error(BAD_READ);
            return false;
        }
        return true;
    }

    private static void wrongSubcommand(Call call) {
        call.reply()
                .error("ERR unknown subcommand or wrong number of arguments for '"
                        + call.args().text(1) + "'. Try XGROUP HELP.");
    }

    /** Finds the group that XGROUP names; null when there is none and the error is written. */
    private static @Nullable StreamGroup findGroup(Call call) {
        if (!findStream(call)) {
            return null;
        }
        var group = group(call, 3);
        if (group == null) {
            call.reply()
                    .error("NOGROUP No such consumer group '" + call.args().text(3) + "' for key name '"
                            + call.args().text(2) + "'");
        }
        return group;
    }

    /** Finds the stream that XGROUP names; false when there is none and the error is written. */
    private static boolean findStream(Call call) {
        var presence = call.find(2, Type.STREAM);
        if (presence == Presence.ABSENT) {
            call.reply().error(KEY_NEEDED);
        }
        return presence == Presence.PRESENT;
    }

    final CommandSpec setId = changing("SETID", UPDATE)
            .arity(-5)
            .since("5.0.0")
            .history("7.0.0", "Takes `ENTRIESREAD`.")
            .complexity("O(1)")
            .summary("Sets what a consumer group was given last.")
            .reveals(Reveals.EXISTENCE)
            .args(
                    key("key"),
                    string("groupname"),
                    oneOf("id", string("id"), word("new_id", "$")),
                    integer("entries_read").token("ENTRIESREAD").optional())
            .handler(this::setId);

    private void setId(Call call) {
        long read = StreamGroup.UNKNOWN;
        for (int arg = 5; arg < call.argCount(); arg += 2) {
            if (!call.argIs(arg, "ENTRIESREAD") || arg + 1 == call.argCount()) {
                wrongSubcommand(call);
                return;
            }
            if (!parseRead(call, arg + 1)) {
                return;
            }
            read = call.parsed();
        }
        if (findGroup(call) == null) {
            return;
        }
        if (call.argCount() > 7) {
            wrongSubcommand(call);
            return;
        }
        var id = call.streams().id;
        if (isByte(call, 4, '$')) {
            id.set(stream(call).last());
        } else if (!parseIdOrEnd(call, 4, id)) {
            return;
        }
        var group = writableGroup(call, 3);
        group.last().set(id);
        group.setEntriesRead(read);
        call.reply().ok();
        call.unit().changed();
        call.notify(2, call.database(), Event.XGROUP_SETID);
    }

    /** Reads an ID, which unlike elsewhere may be one of the ends; false when the error is written. */
    private static boolean parseIdOrEnd(Call call, int arg, StreamId into) {
        var args = call.args();
        boolean isId = into.parse(args.buffer(), args.start(arg), args.length(arg), 0, false, false)
                != StreamId.Parsed.INVALID;
        if (!isId) {
            call.reply().error(StreamCommands.BAD_ID);
        }
        return isId;
    }

    final CommandSpec destroy = changing("DESTROY", DELETE)
            .arity(4)
            .since("5.0.0")
            .complexity("O(N), N = entries that are pending")
            .summary("Removes a consumer group.")
            .reveals(Reveals.MEMBERSHIP)
            .args(key("key"), string("groupname"))
            .handler(this::destroy);

    private void destroy(Call call) {
        if (!findStream(call)) {
            return;
        }
        var args = call.args();
        var removed = group(call, 3) == null
                ? null
                : writable(call).removeGroup(args.buffer(), args.start(3), args.length(3));
        if (removed != null) {
            call.entry().free(removed);
            call.unit().changed();
            call.notify(2, call.database(), Event.XGROUP_DESTROY);
            // Who waits for entries of the group learns that it is gone; who watches the key does not mind.
            call.unit().ready(KeyName.copyOf(call.database(), args.buffer(), args.start(2), args.length(2)));
        }
        call.reply().integer(removed != null ? 1 : 0);
    }

    final CommandSpec createConsumer = changing("CREATECONSUMER", INSERT)
            .flags(DENYOOM)
            .arity(5)
            .since("6.2.0")
            .complexity("O(1)")
            .summary("Adds a consumer to a group.")
            .reveals(Reveals.MEMBERSHIP)
            .args(key("key"), string("groupname"), string("consumername"))
            .handler(this::createConsumer);

    private void createConsumer(Call call) {
        var group = findGroup(call);
        if (group == null) {
            return;
        }
        boolean isNew = consumer(call, group, 4) == NONE;
        if (isNew) {
            addConsumer(call, 2, writableGroup(call, 3), 4);
        }
        call.reply().integer(isNew ? 1 : 0);
    }

    final CommandSpec delConsumer = changing("DELCONSUMER", DELETE)
            .arity(5)
            .since("5.0.0")
            .complexity("O(N), N = entries that are pending")
            .summary("Removes a consumer of a group.")
            .reveals(Reveals.LENGTH)
            .args(key("key"), string("groupname"), string("consumername"))
            .handler(this::delConsumer);

    private void delConsumer(Call call) {
        var group = findGroup(call);
        if (group == null) {
            return;
        }
        int consumer = consumer(call, group, 4);
        int pending = 0;
        if (consumer != NONE) {
            pending = group.pendingCount(consumer);
            var removed = writableGroup(call, 3).removeConsumer(consumer);
            if (removed != null) {
                call.entry().free(removed);
            }
            call.unit().changed();
            call.notify(2, call.database(), Event.XGROUP_DELCONSUMER);
        }
        call.reply().integer(pending);
    }

    final CommandSpec help = subcommand(xgroup, "HELP")
            .arity(2)
            .since("5.0.0")
            .complexity("O(1)")
            .summary("Explains the subcommands of XGROUP.")
            .flags(LOADING, STALE)
            .categories(STREAM)
            .handler(this::help);

    private void help(Call call) {
        SubcommandHelp.reply(
                call.reply(),
                "XGROUP",
                "CREATE <key> <groupname> <id|$> [MKSTREAM] [ENTRIESREAD <count>]",
                "    Add a group that gets what is newer than <id>; MKSTREAM makes the stream.",
                "CREATECONSUMER <key> <groupname> <consumer>",
                "    Add a consumer.",
                "DELCONSUMER <key> <groupname> <consumer>",
                "    Remove a consumer and what it has not acknowledged.",
                "DESTROY <key> <groupname>",
                "    Remove a group.",
                "SETID <key> <groupname> <id|$> [ENTRIESREAD <count>]",
                "    Set what the group was given last.");
    }

    // ---- Reading ----

    final CommandSpec xreadgroup = command("XREADGROUP")
            .arity(-7)
            .since("5.0.0")
            .complexity("O(N) for each stream, N = entries that are returned")
            .summary("Returns entries that no consumer of a group has got, or waits for one; or what one has pending.")
            .flags(WRITE, BLOCKING, MOVABLEKEYS)
            .categories(STREAM)
            .keySpec(new KeySpec("STREAMS", 4, false, -1, 1, 2, Set.of(RO, ACCESS), null))
            .reveals(Reveals.VALUE)
            .readsToo()
            .wakesWhenDeleted()
            .form(StreamGroupCommands::parseXreadgroup)
            .args(
                    block("group_consumer", string("group"), string("consumer")).token("GROUP"),
                    integer("count").token("COUNT").optional(),
                    integer("milliseconds").token("BLOCK").optional(),
                    word("noack", "NOACK").optional(),
                    block("streams", key("key").multiple(), string("id").multiple())
                            .token("STREAMS"))
            .handler(this::xreadgroup);

    /** A group or consumer may have the name STREAMS, so the keys are where the handler finds them, going on in order. */
    private static void parseXreadgroup(Args args, Form form) {
        form.slots[KEY_SLOT] = 0;
        int arg = 1;
        while (arg < args.count() && form.slots[KEY_SLOT] == 0) {
            int left = args.count() - arg - 1;
            if (left > 0 && args.is(arg, "STREAMS")) {
                form.slots[KEY_SLOT] = arg + 1;
            } else if (left > 0 && (args.is(arg, "BLOCK") || args.is(arg, "COUNT"))) {
                arg += 2;
            } else if (left > 1 && args.is(arg, "GROUP")) {
                arg += 3;
            } else if (args.is(arg, "NOACK")) {
                arg++;
            } else {
                return; // The handler says what is wrong.
            }
        }
        int first = form.slots[KEY_SLOT];
        if (first != 0) {
            for (int i = 0; i < (args.count() - first) / 2; i++) {
                form.addKey(first + i, Form.READ);
            }
        }
    }

    private void xreadgroup(Call call) {
        var told = call.streams();
        told.beginReading();
        int groupArg = 0;
        boolean isAcknowledged = false;
        for (int arg = 1; arg < call.argCount() && told.keyArg == 0; arg++) {
            int last = StreamCommands.parseReading(call, arg);
            if (last == StreamCommands.REFUSED) {
                return;
            }
            if (last != StreamCommands.NO_OPTION) {
                arg = last;
            } else if (arg + 2 < call.argCount() && call.argIs(arg, "GROUP")) {
                groupArg = arg + 1;
                arg += 2;
            } else if (call.argIs(arg, "NOACK")) {
                isAcknowledged = true;
            } else {
                call.reply().error(Errors.SYNTAX);
                return;
            }
        }
        int keyArg = told.keyArg;
        int streams = (call.argCount() - keyArg) / 2;
        if (keyArg == 0 || keyArg != call.form().slots[KEY_SLOT]) {
            call.reply().error(Errors.SYNTAX);
        } else if ((call.argCount() - keyArg) % 2 != 0) {
            call.reply().error(StreamCommands.UNBALANCED);
        } else if (groupArg == 0) {
            call.reply().error(NO_GROUP_OPTION);
        } else if (checkGroups(call, keyArg, streams, groupArg)) {
            long limit = call.isServing() && told.count == 0 ? StreamCommands.COUNT_AFTER_WAITING : told.count;
            if (!serve(call, keyArg, streams, groupArg, limit, isAcknowledged)) {
                call.waitOrReplyNilArray(told.waitMillis);
            }
        }
    }

    /** Whether streams, groups and IDs are what they should be; if not, the error is written. */
    private static boolean checkGroups(Call call, int keyArg, int streams, int groupArg) {
        for (int i = 0; i < streams; i++) {
            int idArg = keyArg + streams + i;
            boolean isThere = call.findToRead(keyArg + i);
            boolean isStream = isThere && Encoding.type(call.entry().encoding()) == Type.STREAM;
            if (call.isServing()) {
                if (!isStream || group(call, groupArg) == null) {
                    call.reply().error(isStream ? GROUP_GONE : STREAM_GONE);
                    return false;
                }
                continue;
            }
            if (isThere && !isStream) {
                call.reply().error(Errors.WRONG_TYPE);
                return false;
            }
            if (!isThere || group(call, groupArg) == null) {
                noGroup(call, keyArg + i, groupArg, " in XREADGROUP with GROUP option");
                return false;
            }
            if (isByte(call, idArg, '$')) {
                call.reply().error(LAST_IN_XREADGROUP);
                return false;
            }
            if (!isByte(call, idArg, '>') && !parseId(call, idArg, 0, call.streams().from)) {
                return false;
            }
        }
        return true;
    }

    /** Answers the streams from which the consumer gets something; says whether there are any. */
    private static boolean serve(
            Call call, int keyArg, int streams, int groupArg, long countMax, boolean isAcknowledged) {
        var scratch = call.streams();
        int mark = -1;
        long served = 0;
        for (int i = 0; i < streams; i++) {
            int idArg = keyArg + streams + i;
            if (!call.find(keyArg + i)) {
                continue; // It has expired since a moment ago.
            }
            boolean isHistory = !isByte(call, idArg, '>');
            if (isHistory) {
                parseId(call, idArg, 0, scratch.from);
                isHistory = scratch.from.increment();
            }
            if (!isHistory && !hasNew(call, groupArg)) {
                continue;
            }
            if (mark < 0) {
                mark = call.reply().beginArray();
            }
            if (call.reply().protocol() == 2) {
                call.reply().arrayHeader(2);
            }
            call.replyArg(keyArg + i);
            served++;
            if (isHistory) {
                replyHistory(call, keyArg + i, groupArg, countMax);
            } else {
                deliver(call, keyArg + i, groupArg, countMax, isAcknowledged);
            }
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

    /** Whether the stream has an entry that the group has not been given. */
    private static boolean hasNew(Call call, int groupArg) {
        var stream = stream(call);
        var group = group(call, groupArg);
        if (group == null || stream.count() == 0) {
            return false;
        }
        StreamCommands.lastEntry(call, stream, call.streams().to);
        return call.streams().to.compareTo(group.last()) > 0;
    }

    /** Gives the consumer new entries, and answers them. */
    private static void deliver(Call call, int keyArg, int groupArg, long countMax, boolean isAcknowledged) {
        var scratch = call.streams();
        var group = writableGroup(call, groupArg);
        var stream = stream(call);
        call.ownEffects();
        call.unit().changed();
        boolean isNew = consumer(call, group, groupArg + 1) == NONE;
        int consumer = seenConsumer(call, keyArg, group, groupArg + 1);
        if (isNew && isAcknowledged) {
            logConsumer(call, keyArg, groupArg, groupArg + 1); // No claim makes it there.
        }
        scratch.from.set(group.last());
        scratch.from.increment();
        scratch.to.setMax();
        scratch.cursor.seek(stream, scratch.from, scratch.to, false);
        int mark = call.reply().beginArray();
        long count = 0;
        try {
            while ((countMax == 0 || count < countMax) && scratch.cursor.next()) {
                var entry = scratch.cursor.entry();
                scratch.pending.set(entry.ms(), entry.seq());
                if (!isAcknowledged) {
                    group.give(scratch.pending, consumer, call.nowMillis(), 1);
                }
                stream.advance(group, scratch.pending);
                count++;
                if (!isAcknowledged) {
                    logClaim(call, keyArg, groupArg, group, group.find(scratch.pending));
                }
                replyEntry(call, entry);
            }
        } finally {
            // Claims say nothing of how many entries were read. Also when memory or reply are full.
            if (count > 0) {
                logProgress(call, keyArg, groupArg, group);
            }
        }
        call.reply().endArray(mark, count);
    }

    /** Answers what the consumer has pending from an ID on. */
    private static void replyHistory(Call call, int keyArg, int groupArg, long countMax) {
        var scratch = call.streams();
        var group = writableGroup(call, groupArg);
        var stream = stream(call);
        call.ownEffects();
        call.unit().changed();
        boolean isNew = consumer(call, group, groupArg + 1) == NONE;
        int consumer = seenConsumer(call, keyArg, group, groupArg + 1);
        if (isNew) {
            logConsumer(call, keyArg, groupArg, groupArg + 1);
        }
        int mark = call.reply().beginArray();
        int rank = group.ownedFrom(consumer, scratch.from);
        long count = 0;
        for (; (countMax == 0 || count < countMax) && rank < group.pendingCount(); rank++) {
            int entry = group.ownedAt(rank);
            if (group.owner(entry) != consumer) {
                break;
            }
            group.showId(entry, scratch.pending);
            if (replyEntryOf(call, stream, scratch.pending)) {
                group.give(scratch.pending, consumer, call.nowMillis(), group.deliveries(entry) + 1);
                logClaim(call, keyArg, groupArg, group, group.ownedAt(rank));
            } else {
                call.reply().arrayHeader(2);
                replyId(call, scratch.pending);
                call.reply().nilArray();
            }
            count++;
        }
        call.reply().endArray(mark, count);
    }

    // ---- Acknowledging ----

    final CommandSpec xack = command("XACK")
            .arity(-4)
            .since("5.0.0")
            .complexity("O(1) for each entry")
            .summary("Acknowledges entries, which are no longer pending then.")
            .flags(WRITE, FAST)
            .categories(STREAM)
            .key(1, RW, UPDATE)
            .reveals(Reveals.MEMBERSHIP)
            .args(key("key"), string("group"), string("id").multiple())
            .handler(this::xack);

    private void xack(Call call) {
        var presence = call.find(1, Type.STREAM);
        if (presence != Presence.PRESENT) {
            call.replyIfAbsent(0);
            return;
        }
        if (group(call, 2) == null) {
            call.reply().integer(0);
            return;
        }
        var id = call.streams().id;
        for (int arg = 3; arg < call.argCount(); arg++) {
            if (!parseId(call, arg, 0, id)) {
                return;
            }
        }
        var group = writableGroup(call, 2);
        long acknowledged = 0;
        for (int arg = 3; arg < call.argCount(); arg++) {
            parseId(call, arg, 0, id);
            if (group.acknowledge(id)) {
                acknowledged++;
                call.unit().changed();
            }
        }
        call.reply().integer(acknowledged);
    }

    final CommandSpec xackdel = command("XACKDEL")
            .arity(-6)
            .since("8.2.0")
            .complexity("O(1) for each entry and group")
            .summary("Acknowledges entries and removes them, minding whether other groups still need them.")
            .flags(WRITE, FAST)
            .categories(STREAM)
            .key(1, RW, DELETE)
            .reveals(Reveals.MEMBERSHIP)
            .args(
                    key("key"),
                    string("group"),
                    StreamCommands.referencesArg(),
                    block("ids", integer("numids"), string("id").multiple()).token("IDS"))
            .handler(this::xackdel);

    private void xackdel(Call call) {
        int firstId = StreamCommands.parseIds(call, 3);
        if (firstId < 0) {
            return;
        }
        int count = (int) call.parsed();
        var presence = call.find(1, Type.STREAM);
        if (presence == Presence.WRONG_TYPE) {
            return;
        }
        boolean hasGroup = presence == Presence.PRESENT && group(call, 2) != null;
        var scratch = call.streams();
        scratch.deleted.begin();
        call.reply().arrayHeader(count);
        for (int i = 0; i < count; i++) {
            parseId(call, firstId + i, 0, scratch.pending);
            call.reply().integer(hasGroup ? acknowledgeAndRemove(call) : StreamCommands.NO_ENTRY);
        }
        if (scratch.deleted.count() > 0) {
            call.changed(1, Event.XDEL, scratch.deleted.count());
            StreamCommands.logDeleted(call, scratch.deleted);
        }
    }

    private static int acknowledgeAndRemove(Call call) {
        var id = call.streams().pending;
        if (!writableGroup(call, 2).acknowledge(id)) {
            return StreamCommands.NO_ENTRY;
        }
        call.unit().changed();
        var effects = call.ownEffects();
        effects.command(call.database(), 4);
        effects.arg(XACK);
        call.effectArg(1);
        call.effectArg(2);
        effectId(call, id);
        // An entry that was deleted before is done with, too.
        return Math.abs(StreamCommands.remove(call, stream(call), id));
    }

    // ---- What is pending ----

    final CommandSpec xpending = command("XPENDING")
            .arity(-3)
            .since("5.0.0")
            .history("6.2.0", "Takes `IDLE` and ranges without their ends.")
            .complexity("O(N), N = entries that are returned, or consumers")
            .summary("Returns which entries of a group are pending, or how many.")
            .flags(READONLY)
            .categories(STREAM)
            .tips("nondeterministic_output")
            .key(1, RO, ACCESS)
            .reveals(Reveals.DERIVED)
            .args(
                    key("key"),
                    string("group"),
                    block(
                                    "filters",
                                    integer("min-idle-time")
                                            .token("IDLE")
                                            .since("6.2.0")
                                            .optional(),
                                    string("start"),
                                    string("end"),
                                    integer("count"),
                                    string("consumer").optional())
                            .optional())
            .handler(this::xpending);

    private void xpending(Call call) {
        int argCount = call.argCount();
        if (argCount != 3 && (argCount < 6 || argCount > 9)) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        long idleMin = 0;
        long count = 0;
        int startArg = 3;
        var scratch = call.streams();
        if (argCount >= 6) {
            if (call.argIs(3, "IDLE")) {
                if (!call.parseLong(4)) {
                    return;
                }
                idleMin = call.parsed();
                if (argCount < 8) {
                    call.reply().error(Errors.SYNTAX);
                    return;
                }
                startArg = 5;
            }
            if (!call.parseLong(startArg + 2)) {
                return;
            }
            count = Math.max(0, call.parsed());
            if (!parseStart(call, startArg, scratch.from) || !parseEnd(call, startArg + 1, scratch.to)) {
                return;
            }
        }
        var presence = call.findToRead(1, Type.STREAM);
        if (presence == Presence.WRONG_TYPE) {
            return;
        }
        var group = presence == Presence.PRESENT ? group(call, 2) : null;
        if (group == null) {
            noGroup(call, 1, 2, "");
        } else if (argCount == 3) {
            replyOverview(call, group);
        } else if (startArg + 3 == argCount) {
            group.walk(scratch.entries, group.pendingFrom(scratch.from));
            replyPending(call, group, NONE, count, idleMin);
        } else {
            int consumer = consumer(call, group, startArg + 3);
            if (consumer == NONE) {
                call.reply().emptyArray();
                return;
            }
            group.walkOwned(scratch.entries, group.ownedFrom(consumer, scratch.from));
            replyPending(call, group, consumer, count, idleMin);
        }
    }

    private static void replyOverview(Call call, StreamGroup group) {
        var reply = call.reply();
        int count = group.pendingCount();
        reply.arrayHeader(4);
        reply.integer(count);
        if (count == 0) {
            reply.nil();
            reply.nil();
            reply.nilArray();
            return;
        }
        var id = call.streams().pending;
        group.showId(group.pendingAt(0), id);
        replyId(call, id);
        group.showId(group.pendingAt(count - 1), id);
        replyId(call, id);
        int mark = reply.beginArray();
        long shown = 0;
        for (int i = 0; i < group.consumerCount(); i++) {
            int consumer = group.consumerAt(i);
            int pending = group.pendingCount(consumer);
            if (pending > 0) {
                reply.arrayHeader(2);
                replyName(call, group, consumer);
                reply.bulkInteger(pending);
                shown++;
            }
        }
        reply.endArray(mark, shown);
    }

    /** Answers what the walk passes, of one consumer or of all, up to an ID. */
    private static void replyPending(Call call, StreamGroup group, int consumer, long countMax, long idleMin) {
        var scratch = call.streams();
        var reply = call.reply();
        int mark = reply.beginArray();
        long count = 0;
        while (count < countMax) {
            int entry = scratch.entries.next();
            if (entry == 0 || consumer != NONE && group.owner(entry) != consumer) {
                break;
            }
            group.showId(entry, scratch.pending);
            if (scratch.pending.compareTo(scratch.to) > 0) {
                break;
            }
            long idle = call.nowMillis() - group.deliveryMillis(entry);
            if (idleMin != 0 && idle < idleMin) {
                continue;
            }
            reply.arrayHeader(4);
            replyId(call, scratch.pending);
            replyName(call, group, group.owner(entry));
            reply.integer(Math.max(0, idle));
            reply.integer(group.deliveries(entry));
            count++;
        }
        reply.endArray(mark, count);
    }

    // ---- Claiming ----

    final CommandSpec xclaim = command("XCLAIM")
            .arity(-6)
            .since("5.0.0")
            .complexity("O(log N) for each entry, N = entries that are pending")
            .summary("Gives pending entries to another consumer.")
            .flags(WRITE, FAST)
            .categories(STREAM)
            .tips("nondeterministic_output")
            .key(1, RW, UPDATE)
            .reveals(Reveals.VALUE)
            .readsToo()
            .args(
                    key("key"),
                    string("group"),
                    string("consumer"),
                    string("min-idle-time"),
                    string("id").multiple(),
                    integer("ms").token("IDLE").optional(),
                    unixTime("unix-time-milliseconds").token("TIME").optional(),
                    integer("count").token("RETRYCOUNT").optional(),
                    word("force", "FORCE").optional(),
                    word("justid", "JUSTID").optional(),
                    string("id").token("LASTID").optional())
            .handler(this::xclaim);

    /** How XCLAIM and XAUTOCLAIM claim. One for a run, since it is passed on only. */
    private record Claim(int consumerArg, long idleMin, long deliveryMillis, long deliveries, boolean isJustId) {}

    private void xclaim(Call call) {
        var presence = call.find(1, Type.STREAM);
        if (presence == Presence.WRONG_TYPE) {
            return;
        }
        if (presence == Presence.ABSENT || group(call, 2) == null) {
            noGroup(call, 1, 2, "");
            return;
        }
        if (!call.parseLong(4, BAD_CLAIM_MIN)) {
            return;
        }
        long idleMin = Math.max(0, call.parsed());
        var scratch = call.streams();
        var args = call.args();
        int optionArg = 5;
        while (optionArg < call.argCount()
                && scratch.id.parse(args.buffer(), args.start(optionArg), args.length(optionArg), 0, true, false)
                        != StreamId.Parsed.INVALID) {
            optionArg++;
        }
        long time = -1;
        long deliveries = -1;
        boolean isForced = false;
        boolean isJustId = false;
        scratch.from.set(0, 0);
        for (int arg = optionArg; arg < call.argCount(); arg++) {
            boolean hasMore = arg + 1 < call.argCount();
            if (call.argIs(arg, "FORCE")) {
                isForced = true;
            } else if (call.argIs(arg, "JUSTID")) {
                isJustId = true;
            } else if (hasMore && call.argIs(arg, "IDLE")) {
                if (!call.parseLong(++arg, BAD_CLAIM_IDLE)) {
                    return;
                }
                time = call.nowMillis() - call.parsed();
            } else if (hasMore && call.argIs(arg, "TIME")) {
                if (!call.parseLong(++arg, BAD_CLAIM_TIME)) {
                    return;
                }
                time = call.parsed();
            } else if (hasMore && call.argIs(arg, "RETRYCOUNT")) {
                if (!call.parseLong(++arg, BAD_CLAIM_RETRIES)) {
                    return;
                }
                deliveries = call.parsed();
            } else if (hasMore && call.argIs(arg, "LASTID")) {
                if (!parseId(call, ++arg, 0, scratch.from)) {
                    return;
                }
            } else {
                call.reply().error("ERR Unrecognized XCLAIM option '" + args.text(arg) + "'");
                return;
            }
        }
        if (time < 0 || time > call.nowMillis()) {
            time = call.nowMillis(); // A client that counts wrongly is no reason to fail.
        }
        claim(call, optionArg, isForced, new Claim(3, idleMin, time, deliveries, isJustId));
    }

    private static void claim(Call call, int idEnd, boolean isForced, Claim how) {
        var scratch = call.streams();
        var group = writableGroup(call, 2);
        var stream = stream(call);
        boolean isAdvanced = scratch.from.compareTo(group.last()) > 0;
        if (isAdvanced) {
            group.last().set(scratch.from);
            call.unit().changed();
            logProgress(call, 1, 2, group);
        }
        int mark = call.reply().beginArray();
        long count = 0;
        for (int arg = 5; arg < idEnd; arg++) {
            parseId(call, arg, 0, scratch.pending);
            int entry = group.find(scratch.pending);
            if (!stream.contains(scratch.pending)) {
                if (entry != 0) {
                    forget(call, group, entry);
                }
            } else if (entry != 0 || isForced) {
                if (claim(call, stream, group, entry, how)) {
                    count++;
                }
            }
        }
        call.reply().endArray(mark, count);
    }

    /** Drops a pending entry that is no longer in the stream; replicas see that by the claim, too. */
    private static void forget(Call call, StreamGroup group, int entry) {
        logClaim(call, 1, 2, group, entry);
        call.unit().changed();
        group.remove(entry);
    }

    /** Claims an entry, which may not be pending yet, and answers it; false if it has not been idle for long enough. */
    private static boolean claim(Call call, Stream stream, StreamGroup group, int entry, Claim how) {
        var id = call.streams().pending;
        if (entry != 0 && isBusy(call, group, entry, how.idleMin)) {
            return false;
        }
        long deliveries = entry == 0 ? 1 : group.deliveries(entry);
        if (how.deliveries >= 0) {
            deliveries = how.deliveries;
        } else if (!how.isJustId) {
            deliveries++;
        }
        int consumer = seenConsumer(call, 1, group, how.consumerArg);
        group.give(id, consumer, how.deliveryMillis, deliveries);
        call.unit().changed();
        logClaim(call, 1, 2, group, group.find(id));
        replyClaimed(call, stream, id, how.isJustId);
        return true;
    }

    private static boolean isBusy(Call call, StreamGroup group, int entry, long idleMin) {
        return idleMin != 0 && call.nowMillis() - group.deliveryMillis(entry) < idleMin;
    }

    private static void replyClaimed(Call call, Stream stream, StreamId id, boolean isJustId) {
        if (isJustId) {
            replyId(call, id);
        } else {
            replyEntryOf(call, stream, id);
        }
    }

    final CommandSpec xautoclaim = command("XAUTOCLAIM")
            .arity(-6)
            .since("6.2.0")
            .history("7.0.0", "Returns the IDs of entries that are deleted, and no longer counts them as claimed.")
            .complexity("O(1) if COUNT is small")
            .summary("Gives entries that are pending for long to another consumer.")
            .flags(WRITE, FAST)
            .categories(STREAM)
            .tips("nondeterministic_output")
            .key(1, RW, DELETE)
            .reveals(Reveals.VALUE)
            .readsToo()
            .args(
                    key("key"),
                    string("group"),
                    string("consumer"),
                    string("min-idle-time"),
                    string("start"),
                    integer("count").token("COUNT").optional(),
                    word("justid", "JUSTID").optional())
            .handler(this::xautoclaim);

    private void xautoclaim(Call call) {
        if (!call.parseLong(4, BAD_AUTOCLAIM_MIN)) {
            return;
        }
        long idleMin = Math.max(0, call.parsed());
        var scratch = call.streams();
        if (!parseStart(call, 5, scratch.from)) {
            return;
        }
        long count = AUTOCLAIM_COUNT_DEFAULT;
        boolean isJustId = false;
        for (int arg = 6; arg < call.argCount(); arg++) {
            if (call.argIs(arg, "COUNT") && arg + 1 < call.argCount()) {
                if (!call.parseAtLeast(++arg, 1, BAD_AUTOCLAIM_COUNT)) {
                    return;
                }
                count = call.parsed();
                if (count > AUTOCLAIM_COUNT_MAX) {
                    call.reply().error(BAD_AUTOCLAIM_COUNT);
                    return;
                }
            } else if (call.argIs(arg, "JUSTID")) {
                isJustId = true;
            } else {
                call.reply().error(Errors.SYNTAX);
                return;
            }
        }
        var presence = call.find(1, Type.STREAM);
        if (presence == Presence.WRONG_TYPE) {
            return;
        }
        if (presence == Presence.ABSENT || group(call, 2) == null) {
            noGroup(call, 1, 2, "");
            return;
        }
        autoclaim(call, count, new Claim(3, idleMin, call.nowMillis(), -1, isJustId));
    }

    /** Claims first and answers then, because the place where to go on stands before the entries. */
    private static void autoclaim(Call call, long countMax, Claim how) {
        var scratch = call.streams();
        var group = writableGroup(call, 2);
        var stream = stream(call);
        scratch.ids.begin();
        scratch.deleted.begin();
        int rank = group.pendingFrom(scratch.from);
        long attempts = countMax * AUTOCLAIM_ATTEMPTS;
        for (long left = countMax; left > 0 && attempts > 0 && rank < group.pendingCount(); attempts--) {
            int entry = group.pendingAt(rank);
            group.showId(entry, scratch.pending);
            if (!stream.contains(scratch.pending)) {
                scratch.deleted.add(scratch.pending);
                forget(call, group, entry);
                left--;
                continue;
            }
            rank++;
            if (!isBusy(call, group, entry, how.idleMin)) {
                long deliveries = group.deliveries(entry) + (how.isJustId ? 0 : 1);
                int consumer = seenConsumer(call, 1, group, how.consumerArg);
                group.give(scratch.pending, consumer, how.deliveryMillis, deliveries);
                call.unit().changed();
                logClaim(call, 1, 2, group, group.find(scratch.pending));
                scratch.ids.add(scratch.pending);
                left--;
            }
        }
        if (rank < group.pendingCount()) {
            group.showId(group.pendingAt(rank), scratch.pending);
        } else {
            scratch.pending.set(0, 0);
        }
        replyAutoclaim(call, stream, how.isJustId);
    }

    private static void replyAutoclaim(Call call, Stream stream, boolean isJustId) {
        var scratch = call.streams();
        call.reply().arrayHeader(3);
        replyId(call, scratch.pending);
        call.reply().arrayHeader(scratch.ids.count());
        for (int i = 0; i < scratch.ids.count(); i++) {
            scratch.ids.show(i, scratch.pending);
            replyClaimed(call, stream, scratch.pending, isJustId);
        }
        call.reply().arrayHeader(scratch.deleted.count());
        for (int i = 0; i < scratch.deleted.count(); i++) {
            scratch.deleted.show(i, scratch.pending);
            replyId(call, scratch.pending);
        }
    }
}
