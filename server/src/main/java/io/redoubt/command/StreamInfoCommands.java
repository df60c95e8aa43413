package io.redoubt.command;

import static io.redoubt.command.ArgSpec.block;
import static io.redoubt.command.ArgSpec.integer;
import static io.redoubt.command.ArgSpec.key;
import static io.redoubt.command.ArgSpec.string;
import static io.redoubt.command.Category.STREAM;
import static io.redoubt.command.CommandFlag.LOADING;
import static io.redoubt.command.CommandFlag.READONLY;
import static io.redoubt.command.CommandFlag.STALE;
import static io.redoubt.command.KeySpec.Flag.ACCESS;
import static io.redoubt.command.KeySpec.Flag.RO;
import static io.redoubt.command.StreamCommands.replyEntry;
import static io.redoubt.command.StreamCommands.replyId;
import static io.redoubt.command.StreamCommands.replyRange;
import static io.redoubt.command.StreamCommands.stream;

import io.redoubt.type.Encoding.Type;
import io.redoubt.type.Stream;
import io.redoubt.type.StreamGroup;

/** XINFO, which tells about streams. Each field declares a command; the method below it handles it. */
public final class StreamInfoCommands extends CommandFamily {
    private static final int COUNT_DEFAULT = 10;

    public StreamInfoCommands() {
        super("stream");
    }

    final CommandSpec xinfo = command("XINFO")
            .arity(-2)
            .since("5.0.0")
            .complexity("Depends on subcommand")
            .summary("Groups the commands that tell about streams.");

    final CommandSpec xinfoStream = subcommand(xinfo, "STREAM")
            .arity(-3)
            .since("5.0.0")
            .history("6.0.0", "Takes `FULL`.")
            .history(
                    "7.0.0",
                    "Tells `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`,"
                            + " `entries-read` and `lag`.")
            .complexity("O(N), N = number of blocks")
            .summary("Tells about a stream.")
            .flags(READONLY)
            .categories(STREAM)
            .key(2, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(
                    key("key"),
                    block("full", integer("count").token("COUNT").optional())
                            .token("FULL")
                            .optional())
            .handler(this::xinfoStream);

    private void xinfoStream(Call call) {
        if (!isStream(call)) {
            return;
        }
        int argCount = call.argCount();
        boolean isFull = argCount > 3;
        long count = COUNT_DEFAULT;
        if (isFull) {
            boolean isRight = (argCount == 4 || argCount == 6) && call.argIs(3, "FULL");
            if (!isRight || argCount == 6 && !call.argIs(4, "COUNT")) {
                wrongSubcommand(call);
                return;
            }
            if (argCount == 6) {
                if (!call.parseLong(5)) {
                    return;
                }
                count = call.parsed() < 0 ? COUNT_DEFAULT : call.parsed();
            }
        }
        describe(call, stream(call), isFull, count);
    }

    private static void wrongSubcommand(Call call) {
        call.reply()
                .error("ERR unknown subcommand or wrong number of arguments for '"
                        + call.args().text(1) + "'. Try XINFO HELP.");
    }

    private static void describe(Call call, Stream stream, boolean isFull, long count) {
        var reply = call.reply();
        reply.mapHeader(isFull ? 9 : 10);
        reply.bulk("length");
        reply.integer(stream.count());
        reply.bulk("radix-tree-keys");
        reply.integer(stream.blockCount());
        reply.bulk("radix-tree-nodes");
        reply.integer(stream.radixNodes());
        reply.bulk("last-generated-id");
        replyId(call, stream.last());
        reply.bulk("max-deleted-entry-id");
        replyId(call, stream.deleted());
        reply.bulk("entries-added");
        reply.integer(stream.added());
        reply.bulk("recorded-first-entry-id");
        replyId(call, stream.firstEntry());
        if (isFull) {
            var scratch = call.streams();
            scratch.from.set(0, 0);
            scratch.to.setMax();
            reply.bulk("entries");
            replyRange(call, stream, scratch.from, scratch.to, count, false);
            reply.bulk("groups");
            describeGroups(call, stream, count);
            return;
        }
        reply.bulk("groups");
        reply.integer(stream.groupCount());
        reply.bulk("first-entry");
        replyEdge(call, stream, false);
        reply.bulk("last-entry");
        replyEdge(call, stream, true);
    }

    private static void replyEdge(Call call, Stream stream, boolean isLast) {
        var cursor = call.streams().cursor;
        cursor.seekAll(stream, isLast);
        if (cursor.next()) {
            replyEntry(call, cursor.entry());
        } else {
            call.reply().nil();
        }
    }

    final CommandSpec xinfoGroups = subcommand(xinfo, "GROUPS")
            .arity(3)
            .since("5.0.0")
            .history("7.0.0", "Tells `entries-read` and `lag`.")
            .complexity("O(1)")
            .summary("Tells about the consumer groups of a stream.")
            .flags(READONLY)
            .categories(STREAM)
            .key(2, RO, ACCESS)
            .reveals(Reveals.DERIVED)
            .args(key("key"))
            .handler(this::xinfoGroups);

    private void xinfoGroups(Call call) {
        if (!isStream(call)) {
            return;
        }
        var stream = stream(call);
        var reply = call.reply();
        reply.arrayHeader(stream.groupCount());
        for (int i = 0; i < stream.groupCount(); i++) {
            var group = stream.groupAt(i);
            reply.mapHeader(6);
            reply.bulk("name");
            reply.bulk(group.name());
            reply.bulk("consumers");
            reply.integer(group.consumerCount());
            reply.bulk("pending");
            reply.integer(group.pendingCount());
            replyProgress(call, stream, group);
        }
    }

    /** What a group was given last, how many entries it has read, and how many not. */
    private static void replyProgress(Call call, Stream stream, StreamGroup group) {
        var reply = call.reply();
        reply.bulk("last-delivered-id");
        replyId(call, group.last());
        reply.bulk("entries-read");
        if (group.entriesRead() == StreamGroup.UNKNOWN) {
            reply.nil();
        } else {
            reply.integer(group.entriesRead());
        }
        reply.bulk("lag");
        long lag = stream.lag(group);
        if (lag == Stream.UNKNOWN_LAG) {
            reply.nil();
        } else {
            reply.integer(lag);
        }
    }

    final CommandSpec xinfoConsumers = subcommand(xinfo, "CONSUMERS")
            .arity(4)
            .since("5.0.0")
            .complexity("O(1)")
            .summary("Tells about the consumers of a group.")
            .flags(READONLY)
            .categories(STREAM)
            .tips("nondeterministic_output")
            .key(2, RO, ACCESS)
            .reveals(Reveals.DERIVED)
            .args(key("key"), string("groupname"))
            .handler(this::xinfoConsumers);

    private void xinfoConsumers(Call call) {
        if (!isStream(call)) {
            return;
        }
        var args = call.args();
        var group = stream(call).group(args.buffer(), args.start(3), args.length(3));
        if (group == null) {
            call.reply()
                    .error("NOGROUP No such consumer group '" + args.text(3) + "' for key name '" + args.text(2) + "'");
            return;
        }
        var reply = call.reply();
        reply.arrayHeader(group.consumerCount());
        for (int i = 0; i < group.consumerCount(); i++) {
            int consumer = group.consumerAt(i);
            reply.mapHeader(3);
            reply.bulk("name");
            StreamGroupCommands.replyName(call, group, consumer);
            reply.bulk("pending");
            reply.integer(group.pendingCount(consumer));
            reply.bulk("idle");
            reply.integer(Math.max(0, call.nowMillis() - group.seenMillis(consumer)));
        }
    }

    /** Everything about the groups, with so many pending entries of each at most; 0 for all. */
    private static void describeGroups(Call call, Stream stream, long countMax) {
        var reply = call.reply();
        reply.arrayHeader(stream.groupCount());
        for (int i = 0; i < stream.groupCount(); i++) {
            var group = stream.groupAt(i);
            reply.mapHeader(7);
            reply.bulk("name");
            reply.bulk(group.name());
            replyProgress(call, stream, group);
            reply.bulk("pel-count");
            reply.integer(group.pendingCount());
            reply.bulk("pending");
            group.walk(call.streams().entries, 0);
            replyPending(call, group, true, limited(group.pendingCount(), countMax));
            reply.bulk("consumers");
            reply.arrayHeader(group.consumerCount());
            for (int j = 0; j < group.consumerCount(); j++) {
                describeConsumer(call, group, group.consumerAt(j), countMax);
            }
        }
    }

    private static void describeConsumer(Call call, StreamGroup group, int consumer, long countMax) {
        var reply = call.reply();
        reply.mapHeader(4);
        reply.bulk("name");
        StreamGroupCommands.replyName(call, group, consumer);
        reply.bulk("seen-time");
        reply.integer(group.seenMillis(consumer));
        reply.bulk("pel-count");
        int pending = group.pendingCount(consumer);
        reply.integer(pending);
        reply.bulk("pending");
        var from = call.streams().from;
        from.set(0, 0);
        group.walkOwned(call.streams().entries, group.ownedFrom(consumer, from));
        replyPending(call, group, false, limited(pending, countMax));
    }

    private static int limited(int count, long countMax) {
        return countMax == 0 ? count : (int) Math.min(count, countMax);
    }

    /** Answers the next entries of the walk. */
    private static void replyPending(Call call, StreamGroup group, boolean hasOwner, int count) {
        var scratch = call.streams();
        var reply = call.reply();
        reply.arrayHeader(count);
        for (int i = 0; i < count; i++) {
            int entry = scratch.entries.next();
            group.showId(entry, scratch.pending);
            reply.arrayHeader(hasOwner ? 4 : 3);
            replyId(call, scratch.pending);
            if (hasOwner) {
                StreamGroupCommands.replyName(call, group, group.owner(entry));
            }
            reply.integer(group.deliveryMillis(entry));
            reply.integer(group.deliveries(entry));
        }
    }

    /** Whether the key of XINFO holds a stream; if not, the error is written. */
    private static boolean isStream(Call call) {
        var presence = call.findToRead(2, Type.STREAM);
        if (presence == Presence.ABSENT) {
            call.reply().error(Errors.NO_SUCH_KEY);
        }
        return presence == Presence.PRESENT;
    }

    final CommandSpec xinfoHelp = subcommand(xinfo, "HELP")
            .arity(2)
            .since("5.0.0")
            .complexity("O(1)")
            .summary("Explains the subcommands of XINFO.")
            .flags(LOADING, STALE)
            .categories(STREAM)
            .handler(this::xinfoHelp);

    private void xinfoHelp(Call call) {
        SubcommandHelp.reply(
                call.reply(),
                "XINFO",
                "CONSUMERS <key> <groupname>",
                "    Tell about the consumers of a group.",
                "GROUPS <key>",
                "    Tell about the consumer groups of a stream.",
                "STREAM <key> [FULL [COUNT <count>]]",
                "    Tell about a stream; with FULL all of it, or the first <count> entries.");
    }
}
