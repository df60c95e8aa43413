package io.redoubt.command;

import static io.redoubt.command.ArgSpec.integer;
import static io.redoubt.command.ArgSpec.key;
import static io.redoubt.command.ArgSpec.pattern;
import static io.redoubt.command.ArgSpec.string;
import static io.redoubt.command.Category.SET;
import static io.redoubt.command.CommandFlag.DENYOOM;
import static io.redoubt.command.CommandFlag.FAST;
import static io.redoubt.command.CommandFlag.MOVABLEKEYS;
import static io.redoubt.command.CommandFlag.READONLY;
import static io.redoubt.command.CommandFlag.WRITE;
import static io.redoubt.command.KeySpec.Flag.ACCESS;
import static io.redoubt.command.KeySpec.Flag.DELETE;
import static io.redoubt.command.KeySpec.Flag.INSERT;
import static io.redoubt.command.KeySpec.Flag.OW;
import static io.redoubt.command.KeySpec.Flag.RO;
import static io.redoubt.command.KeySpec.Flag.RW;
import static io.redoubt.command.KeySpec.Flag.UPDATE;

import io.redoubt.memory.ArenaFullException;
import io.redoubt.resp.Reply;
import io.redoubt.store.Entry;
import io.redoubt.store.Keyspace;
import io.redoubt.store.KeyspaceEvents.Event;
import io.redoubt.type.Element;
import io.redoubt.type.Encoding;
import io.redoubt.type.Encoding.Type;
import io.redoubt.type.SetValue;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** The commands of sets. Each field declares a command; the method below it handles it. */
public final class SetCommands extends CommandFamily {
    private static final byte[] TOO_MANY_KEYS = Errors.line("ERR Number of keys can't be greater than number of args");
    /** More sets than these are united by remembering what was seen, not by looking each member up in the others. */
    private static final int LOOKED_UP_MAX = 8;

    private static final byte[] SREM_WORD = "SREM".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] DEL_WORD = "DEL".getBytes(StandardCharsets.US_ASCII);

    public SetCommands() {
        super("set");
    }

    final CommandSpec sadd = command("SADD")
            .arity(-3)
            .since("1.0.0")
            .history("2.4.0", "Takes several members.")
            .complexity("O(1) for each member")
            .summary("Adds members to a set.")
            .flags(WRITE, DENYOOM, FAST)
            .categories(SET)
            .key(1, RW, INSERT)
            .reveals(Reveals.MEMBERSHIP)
            .args(key("key"), string("member").multiple())
            .handler(this::sadd);

    private void sadd(Call call) {
        var presence = call.find(1, Type.SET);
        if (presence == Presence.WRONG_TYPE) {
            return;
        }
        var set = presence == Presence.PRESENT
                ? call.set().bind(call.entry())
                : call.set().bindNew(call.create(1));
        int added = 0;
        for (int arg = 2; arg < call.argCount(); arg++) {
            if (set.add(call.element(arg))) {
                added++;
            }
        }
        if (added > 0) {
            call.changed(1, Event.SADD, added);
        }
        call.reply().integer(added);
    }

    final CommandSpec srem = command("SREM")
            .arity(-3)
            .since("1.0.0")
            .history("2.4.0", "Takes several members.")
            .complexity("O(1) for each member")
            .summary("Removes members from a set; an empty set goes.")
            .flags(WRITE, FAST)
            .categories(SET)
            .key(1, RW, DELETE)
            .reveals(Reveals.MEMBERSHIP)
            .args(key("key"), string("member").multiple())
            .handler(this::srem);

    private void srem(Call call) {
        if (call.find(1, Type.SET) != Presence.PRESENT) {
            call.replyIfAbsent(0);
            return;
        }
        call.removeMembers(call.set().bind(call.entry()), Event.SREM);
    }

    final CommandSpec sismember = command("SISMEMBER")
            .arity(3)
            .since("1.0.0")
            .complexity("O(1)")
            .summary("Tells whether something is a member of a set.")
            .flags(READONLY, FAST)
            .categories(SET)
            .key(1, RO)
            .reveals(Reveals.MEMBERSHIP)
            .args(key("key"), string("member"))
            .handler(this::sismember);

    private void sismember(Call call) {
        if (call.findToRead(1, Type.SET) != Presence.PRESENT) {
            call.replyIfAbsent(0);
            return;
        }
        call.reply().integer(call.set().bind(call.entry()).contains(call.element(2)) ? 1 : 0);
    }

    final CommandSpec scard = command("SCARD")
            .arity(2)
            .since("1.0.0")
            .complexity("O(1)")
            .summary("Returns how many members a set has.")
            .flags(READONLY, FAST)
            .categories(SET)
            .key(1, RO)
            .reveals(Reveals.LENGTH)
            .args(key("key"))
            .handler(this::scard);

    private void scard(Call call) {
        if (call.findToRead(1, Type.SET) != Presence.PRESENT) {
            call.replyIfAbsent(0);
            return;
        }
        call.reply().integer(call.set().bind(call.entry()).count());
    }

    final CommandSpec smembers = command("SMEMBERS")
            .arity(2)
            .since("1.0.0")
            .complexity("O(N), N = number of members")
            .summary("Returns all members of a set.")
            .flags(READONLY)
            .categories(SET)
            .tips("nondeterministic_output_order")
            .key(1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(key("key"))
            .handler(this::smembers);

    private void smembers(Call call) {
        var presence = call.findToRead(1, Type.SET);
        if (presence == Presence.WRONG_TYPE) {
            return;
        }
        if (presence == Presence.ABSENT) {
            call.reply().setHeader(0);
            return;
        }
        var set = call.set().bind(call.entry());
        call.reply().setHeader(set.count());
        set.rewind();
        while (set.next(call.element())) {
            call.reply(call.element());
        }
    }

    final CommandSpec smismember = command("SMISMEMBER")
            .arity(-3)
            .since("6.2.0")
            .complexity("O(1) for each member")
            .summary("Tells which things are members of a set.")
            .flags(READONLY, FAST)
            .categories(SET)
            .key(1, RO, ACCESS)
            .reveals(Reveals.MEMBERSHIP)
            .args(key("key"), string("member").multiple())
            .handler(this::smismember);

    private void smismember(Call call) {
        var presence = call.findToRead(1, Type.SET);
        if (presence == Presence.WRONG_TYPE) {
            return;
        }
        call.reply().arrayHeader(call.argCount() - 2L);
        for (int arg = 2; arg < call.argCount(); arg++) {
            boolean isMember = presence == Presence.PRESENT
                    && call.set().bind(call.entry()).contains(call.element(arg));
            call.reply().integer(isMember ? 1 : 0);
        }
    }

    final CommandSpec sscan = command("SSCAN")
            .arity(-3)
            .since("2.8.0")
            .complexity("O(1) for each call, O(N) for all members")
            .summary("Returns some members of a set, and a cursor for the next.")
            .flags(READONLY)
            .categories(SET)
            .tips("nondeterministic_output")
            .key(1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(
                    key("key"),
                    integer("cursor"),
                    pattern("pattern").token("MATCH").optional(),
                    integer("count").token("COUNT").optional())
            .handler(this::sscan);

    private void sscan(Call call) {
        var options = ScanOptions.cursor(call);
        if (options == null) {
            return;
        }
        var presence = call.findToRead(1, Type.SET);
        if (presence == Presence.ABSENT) {
            ScanOptions.replyNothing(call);
        }
        if (presence != Presence.PRESENT || !options.parse(call, false)) {
            return;
        }
        var collected = new Reply();
        long[] count = {0};
        long next = call.set().bind(call.entry()).scan(options.cursor(), options.count(), member -> {
            if (options.matches(member)) {
                collected.bulk(member.buffer(), member.offset(), member.length());
                count[0]++;
            }
        });
        ScanOptions.reply(call, next, count[0], collected);
    }

    // ---- At random ----

    final CommandSpec srandmember = command("SRANDMEMBER")
            .arity(-2)
            .since("1.0.0")
            .history("2.6.0", "Takes a count.")
            .complexity("O(N), N = number of members that are returned")
            .summary("Returns members of a set at random.")
            .flags(READONLY)
            .categories(SET)
            .tips("nondeterministic_output")
            .key(1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(key("key"), integer("count").optional().since("2.6.0"))
            .handler(this::srandmember);

    private void srandmember(Call call) {
        if (call.argCount() > 3) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        boolean hasCount = call.argCount() == 3;
        if (hasCount && !call.parseLong(2)) {
            return;
        }
        long count = hasCount ? call.parsed() : 1;
        if (count == Long.MIN_VALUE) {
            call.reply().error(Errors.LONG_RANGE);
            return;
        }
        var presence = call.findToRead(1, Type.SET);
        if (presence == Presence.WRONG_TYPE) {
            return;
        }
        if (!hasCount) {
            if (presence == Presence.ABSENT) {
                call.reply().nil();
            } else {
                call.set().bind(call.entry()).random(ThreadLocalRandom.current(), call.element());
                call.reply(call.element());
            }
            return;
        }
        if (presence == Presence.ABSENT || count == 0) {
            call.reply().emptyArray();
            return;
        }
        var set = call.set().bind(call.entry());
        if (count < 0) {
            call.reply().expectElements(-count);
            call.reply().arrayHeader(-count);
            choiceOf(call, set).replyAny(-count);
        } else {
            long wanted = Math.min(count, set.count());
            call.reply().arrayHeader(wanted);
            choiceOf(call, set).replyDifferent(set.count(), wanted);
        }
    }

    private static RandomChoice choiceOf(Call call, SetValue set) {
        return new RandomChoice(call) {
            @Override
            void draw(RandomGenerator random) {
                set.random(random, call.element());
            }

            @Override
            void rewind() {
                set.rewind();
            }

            @Override
            boolean next() {
                return set.next(call.element());
            }

            @Override
            void reply() {
                call.reply(call.element());
            }
        };
    }

    final CommandSpec spop = command("SPOP")
            .arity(-2)
            .since("1.0.0")
            .history("3.2.0", "Takes a count.")
            .complexity("O(N), N = number of members that are returned")
            .summary("Removes and returns members of a set at random.")
            .flags(WRITE, FAST)
            .categories(SET)
            .tips("nondeterministic_output")
            .key(1, RW, ACCESS, DELETE)
            .readsToo()
            .reveals(Reveals.VALUE)
            .args(key("key"), integer("count").optional().since("3.2.0"))
            .handler(this::spop);

    private void spop(Call call) {
        if (call.argCount() > 3) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        boolean hasCount = call.argCount() == 3;
        if (hasCount && !call.parseAtLeast(2, 0, Errors.NOT_POSITIVE)) {
            return;
        }
        long count = hasCount ? call.parsed() : 1;
        var presence = call.find(1, Type.SET);
        if (presence == Presence.ABSENT) {
            if (hasCount) {
                call.reply().setHeader(0);
            } else {
                call.reply().nil();
            }
        }
        if (presence != Presence.PRESENT) {
            return;
        }
        if (count == 0) {
            call.reply().setHeader(0);
            return;
        }
        var set = call.set().bind(call.entry());
        long size = set.count();
        if (hasCount) {
            call.reply().setHeader(Math.min(count, size));
        }
        if (count >= size) {
            popAll(call, set, hasCount ? DEL_WORD : null);
        } else {
            popSome(call, set, count);
        }
    }

    private static void popAll(Call call, SetValue set, byte @Nullable [] effect) {
        long size = set.count();
        var effects = call.ownEffects();
        effects.command(call.database(), effect == null ? 3 : 2);
        effects.arg(effect == null ? SREM_WORD : effect);
        call.effectArg(1);
        set.rewind();
        while (set.next(call.element())) {
            call.reply(call.element());
            if (effect == null) {
                effects.arg(
                        call.element().buffer(),
                        call.element().offset(),
                        call.element().length());
            }
        }
        call.changed(1, Event.SPOP, size);
        call.deleteIf(true, 1);
    }

    private static void popSome(Call call, SetValue set, long count) {
        var random = ThreadLocalRandom.current();
        var member = call.element();
        set.beginRemovals();
        var effects = call.ownEffects();
        effects.command(call.database(), (int) count + 2);
        effects.arg(SREM_WORD);
        call.effectArg(1);
        for (long i = 0; i < count; i++) {
            set.random(random, member);
            // The bytes leave the keyspace before the member goes.
            int length = member.length();
            byte[] bytes = call.scratch(length);
            System.arraycopy(member.buffer(), member.offset(), bytes, 0, length);
            member.set(bytes, 0, length);
            call.reply().bulk(bytes, 0, length);
            effects.arg(bytes, 0, length);
            set.remove(member);
        }
        call.changed(1, Event.SPOP, count);
    }

    // ---- Several sets ----

    final CommandSpec smove = command("SMOVE")
            .arity(4)
            .since("1.0.0")
            .complexity("O(1)")
            .summary("Moves a member from a set to another.")
            .flags(WRITE, FAST)
            .categories(SET)
            .key(1, RW, ACCESS, DELETE)
            .key(2, RW, INSERT)
            .readsToo()
            .reveals(Reveals.MEMBERSHIP)
            .args(key("source"), key("destination", 1), string("member"))
            .handler(this::smove);

    private void smove(Call call) {
        if (call.find(1, Type.SET) != Presence.PRESENT) {
            call.replyIfAbsent(0);
            return;
        }
        boolean isMember = call.set().bind(call.entry()).contains(call.element(3));
        var target = call.find(2, Type.SET);
        if (target == Presence.WRONG_TYPE) {
            return;
        }
        if (!isMember || call.args().areSame(1, 2)) {
            call.reply().integer(isMember ? 1 : 0);
            return;
        }
        // Without memory for it the member stays in the source: it is added first, and notified in Redis's order.
        boolean isNewKey = target == Presence.ABSENT;
        var set = isNewKey
                ? call.set().bindNew(call.createSilently(2))
                : call.set().bind(call.entry());
        boolean isNew = set.add(call.element(3));
        boolean isEmpty = removeFromSource(call, isNew);
        call.changed(1, Event.SREM);
        call.deleteIf(isEmpty, 1);
        if (isNewKey) {
            call.notify(2, call.database(), Event.NEW);
        }
        if (isNew) {
            call.changed(2, Event.SADD);
        }
        call.reply().integer(1);
    }

    /** The second half of SMOVE, which takes the first back when it fails; says whether the source is empty now. */
    private static boolean removeFromSource(Call call, boolean isNewInTarget) {
        if (!call.find(1)) {
            throw new IllegalStateException("the source was there a moment ago");
        }
        try {
            var source = call.set().bind(call.entry());
            source.remove(call.element(3));
            return source.isEmpty();
        } catch (ArenaFullException full) {
            if (isNewInTarget && call.find(2)) {
                call.set().bind(call.entry()).remove(call.element(3));
            }
            throw full;
        }
    }

    final CommandSpec sinter = combining("SINTER")
            .complexity("O(N*M), N = size of the smallest set, M = number of sets")
            .summary("Returns the members that all sets have.")
            .handler(call -> combine(call, Operation.INTERSECTION));

    final CommandSpec sunion = combining("SUNION")
            .complexity("O(N*M), N = number of all members, M = number of sets")
            .summary("Returns the members that any of the sets has.")
            .handler(call -> combine(call, Operation.UNION));

    final CommandSpec sdiff = combining("SDIFF")
            .complexity("O(N*M), N = size of the first set, M = number of sets")
            .summary("Returns the members of the first set that no other set has.")
            .handler(call -> combine(call, Operation.DIFFERENCE));

    private CommandSpec combining(String name) {
        return command(name)
                .arity(-2)
                .since("1.0.0")
                .flags(READONLY)
                .categories(SET)
                .tips("nondeterministic_output_order")
                .keys(1, -1, 1, RO, ACCESS)
                .reveals(Reveals.VALUE)
                .args(key("key").multiple());
    }

    final CommandSpec sinterstore = storing("SINTERSTORE", RW)
            .complexity("O(N*M), N = size of the smallest set, M = number of sets")
            .summary("Stores the members that all sets have.")
            .heardAfterReply()
            .handler(call -> store(call, Operation.INTERSECTION, Event.SINTERSTORE));

    final CommandSpec sunionstore = storing("SUNIONSTORE", OW)
            .complexity("O(N), N = number of all members")
            .summary("Stores the members that any of the sets has.")
            .heardAfterReply()
            .handler(call -> store(call, Operation.UNION, Event.SUNIONSTORE));

    final CommandSpec sdiffstore = storing("SDIFFSTORE", OW)
            .complexity("O(N*M), N = size of the first set, M = number of sets")
            .summary("Stores the members of the first set that no other set has.")
            .heardAfterReply()
            .handler(call -> store(call, Operation.DIFFERENCE, Event.SDIFFSTORE));

    private CommandSpec storing(String name, KeySpec.Flag targetAccess) {
        return command(name)
                .arity(-3)
                .since("1.0.0")
                .flags(WRITE, DENYOOM)
                .categories(SET)
                // RW is what Redis says of SINTERSTORE alone.
                .key(1, targetAccess, UPDATE)
                .keys(2, -1, 1, RO, ACCESS)
                .readsToo()
                .reveals(Reveals.LENGTH)
                .args(key("destination"), key("key", 1).multiple());
    }

    private enum Operation {
        UNION,
        INTERSECTION,
        DIFFERENCE
    }

    /** Receives members that an operation yields; says whether it wants more. */
    private interface MemberSink {
        boolean take(Element member);
    }

    private static void combine(Call call, Operation operation) {
        var sets = sources(call, 1, call.argCount());
        if (sets == null) {
            return;
        }
        var reply = call.reply();
        int mark = reply.beginArray();
        long[] count = {0};
        compute(sets, operation, member -> {
            call.reply(member);
            count[0]++;
            return true;
        });
        reply.endSet(mark, count[0]);
    }

    private static void store(Call call, Operation operation, Event event) {
        var sets = sources(call, 2, call.argCount());
        if (sets == null) {
            return;
        }
        var keyspace = call.keyspace();
        var target = call.createDetached(1, new Entry());
        var result = new SetValue().bindNew(target);
        try {
            MemberSink sink = member -> {
                result.add(member);
                return true;
            };
            if (operation == Operation.UNION) {
                addAll(sets, sink); // The result itself knows what it has.
            } else {
                compute(sets, operation, sink);
            }
        } catch (ArenaFullException full) {
            keyspace.discard(call.unit(), target);
            throw full;
        }
        long count = result.count();
        if (count == 0) {
            keyspace.discard(call.unit(), target);
            call.storeNothing(1);
            return;
        }
        keyspace.attach(call.unit(), target, Keyspace.NO_EXPIRY);
        call.changed(1, event);
        call.reply().integer(count);
    }

    final CommandSpec sintercard = command("SINTERCARD")
            .arity(-3)
            .since("7.0.0")
            .complexity("O(N*M), N = size of the smallest set, M = number of sets")
            .summary("Counts the members that all sets have.")
            .flags(READONLY, MOVABLEKEYS)
            .categories(SET)
            .countedKeys(1, 1, RO, ACCESS)
            .reveals(Reveals.LENGTH)
            .args(
                    integer("numkeys"),
                    key("key").multiple(),
                    integer("limit").token("LIMIT").optional())
            .handler(this::sintercard);

    private void sintercard(Call call) {
        if (!call.parseAtLeast(1, 1, Errors.KEY_COUNT)) {
            return;
        }
        long keyCount = call.parsed();
        if (keyCount > call.argCount() - 2) {
            call.reply().error(TOO_MANY_KEYS);
            return;
        }
        int end = (int) keyCount + 2;
        long limit = 0;
        for (int arg = end; arg < call.argCount(); arg += 2) {
            if (!call.argIs(arg, "LIMIT") || arg + 1 == call.argCount()) {
                call.reply().error(Errors.SYNTAX);
                return;
            }
            if (!call.parseAtLeast(arg + 1, 0, Errors.LIMIT_NEGATIVE)) {
                return;
            }
            limit = call.parsed();
        }
        var sets = sources(call, 2, end);
        if (sets == null) {
            return;
        }
        long most = limit == 0 ? Long.MAX_VALUE : limit;
        long[] count = {0};
        compute(sets, Operation.INTERSECTION, _ -> ++count[0] < most);
        call.reply().integer(count[0]);
    }

    /** The sets at a range of keys, null for one that is not there; null if one is no set, and the error is written. */
    private static @Nullable SetValue @Nullable [] sources(Call call, int from, int to) {
        var sets = new SetValue[to - from];
        for (int i = 0; i < sets.length; i++) {
            var entry = new Entry();
            if (call.find(from + i, call.database(), entry)) {
                if (Encoding.type(entry.encoding()) != Type.SET) {
                    call.reply().error(Errors.WRONG_TYPE);
                    return null;
                }
                sets[i] = new SetValue().bind(entry);
            }
        }
        return sets;
    }

    private static void compute(@Nullable SetValue[] sets, Operation operation, MemberSink sink) {
        switch (operation) {
            case UNION -> {
                if (sets.length > LOOKED_UP_MAX) {
                    var seen = new HashSet<ByteBuffer>();
                    addAll(sets, member -> !seen.add(ByteBuffer.wrap(member.toBytes())) || sink.take(member));
                    return;
                }
                for (int i = 0; i < sets.length; i++) {
                    sendThoseIn(sets[i], sets, i, sink);
                }
            }
            case DIFFERENCE -> subtract(sets, sink);
            case INTERSECTION -> intersect(sets, sink);
        }
    }

    private static void addAll(@Nullable SetValue[] sets, MemberSink sink) {
        var member = new Element();
        for (var set : sets) {
            if (set != null) {
                set.rewind();
                while (set.next(member)) {
                    sink.take(member);
                }
            }
        }
    }

    /** Looks each member of the first set up in the others, or each member of the others in the first. */
    private static void subtract(@Nullable SetValue[] sets, MemberSink sink) {
        var first = sets[0];
        if (first == null) {
            return;
        }
        var others = sets.clone();
        others[0] = null;
        long otherMembers = 0;
        int otherCount = 0;
        for (var other : others) {
            if (other != null) {
                otherMembers += other.count();
                otherCount++;
            }
        }
        // Most look-ups in the others end at the first of them that has the member.
        if (first.count() * otherCount / 2 <= first.count() + otherMembers) {
            sendThoseIn(first, others, others.length, sink);
            return;
        }
        var gone = new HashSet<ByteBuffer>();
        addAll(others, member -> !first.contains(member) || gone.add(ByteBuffer.wrap(member.toBytes())));
        var member = new Element();
        first.rewind();
        while (first.next(member)) {
            if (!gone.contains(ByteBuffer.wrap(member.buffer(), member.offset(), member.length()))) {
                sink.take(member);
            }
        }
    }

    /** Sends the members of a set that none of the first {@code count} others has. */
    private static void sendThoseIn(@Nullable SetValue set, @Nullable SetValue[] others, int count, MemberSink sink) {
        if (set == null) {
            return;
        }
        var member = new Element();
        set.rewind();
        while (set.next(member)) {
            boolean isElsewhere = false;
            for (int i = 0; i < count && !isElsewhere; i++) {
                var other = others[i];
                isElsewhere = other != null && other.contains(member);
            }
            if (!isElsewhere) {
                sink.take(member);
            }
        }
    }

    private static void intersect(@Nullable SetValue[] sets, MemberSink sink) {
        SetValue smallest = null;
        for (var set : sets) {
            if (set == null) {
                return;
            }
            if (smallest == null || set.count() < smallest.count()) {
                smallest = set;
            }
        }
        if (smallest == null) {
            return;
        }
        var member = new Element();
        smallest.rewind();
        boolean wantsMore = true;
        while (wantsMore && smallest.next(member)) {
            boolean isEverywhere = true;
            for (int i = 0; i < sets.length && isEverywhere; i++) {
                var set = sets[i];
                isEverywhere = set == null || set == smallest || set.contains(member);
            }
            if (isEverywhere) {
                wantsMore = sink.take(member);
            }
        }
    }
}
