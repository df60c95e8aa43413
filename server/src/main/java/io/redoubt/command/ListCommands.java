package io.redoubt.command;

import static io.redoubt.command.ArgSpec.block;
import static io.redoubt.command.ArgSpec.integer;
import static io.redoubt.command.ArgSpec.key;
import static io.redoubt.command.ArgSpec.oneOf;
import static io.redoubt.command.ArgSpec.real;
import static io.redoubt.command.ArgSpec.string;
import static io.redoubt.command.ArgSpec.word;
import static io.redoubt.command.Category.LIST;
import static io.redoubt.command.CommandFlag.BLOCKING;
import static io.redoubt.command.CommandFlag.DENYOOM;
import static io.redoubt.command.CommandFlag.FAST;
import static io.redoubt.command.CommandFlag.MOVABLEKEYS;
import static io.redoubt.command.CommandFlag.NOSCRIPT;
import static io.redoubt.command.CommandFlag.READONLY;
import static io.redoubt.command.CommandFlag.WRITE;
import static io.redoubt.command.KeySpec.Flag.ACCESS;
import static io.redoubt.command.KeySpec.Flag.DELETE;
import static io.redoubt.command.KeySpec.Flag.INSERT;
import static io.redoubt.command.KeySpec.Flag.RO;
import static io.redoubt.command.KeySpec.Flag.RW;
import static io.redoubt.command.KeySpec.Flag.UPDATE;

import io.redoubt.memory.ArenaFullException;
import io.redoubt.store.KeyspaceEvents.Event;
import io.redoubt.type.Encoding.Type;
import io.redoubt.type.ListValue;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** The commands of lists. Each field declares a command; the method below it handles it. */
public final class ListCommands extends CommandFamily {
    private static final byte[] OUT_OF_RANGE = Errors.line("ERR index out of range");
    private static final byte[] RANK_ZERO = Errors.line("ERR RANK can't be zero: use 1 to start from the first match,"
            + " 2 from the second ... or use negative to start from the end of the list");
    private static final byte[] COUNT_NEGATIVE = Errors.line("ERR COUNT can't be negative");
    private static final byte[] MAXLEN_NEGATIVE = Errors.line("ERR MAXLEN can't be negative");
    private static final byte[] LPOP_WORD = ascii("LPOP");
    private static final byte[] RPOP_WORD = ascii("RPOP");
    private static final byte[] LMOVE_WORD = ascii("LMOVE");
    private static final byte[] RPOPLPUSH_WORD = ascii("RPOPLPUSH");
    private static final byte[] LPUSH = ascii("LPUSH");
    private static final byte[] RPUSH = ascii("RPUSH");
    private static final byte[] LTRIM = ascii("LTRIM");
    private static final byte[] LSET = ascii("LSET");
    private static final byte[] LEFT = ascii("LEFT");
    private static final byte[] RIGHT = ascii("RIGHT");

    public ListCommands() {
        super("list");
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    // ---- Adding ----

    final CommandSpec lpush = pushing("LPUSH", "1.0.0")
            .history("2.4.0", "Takes several elements.")
            .summary("Adds elements at the head of a list.")
            .heardAfterReply()
            .handler(call -> push(call, true, false));

    final CommandSpec rpush = pushing("RPUSH", "1.0.0")
            .history("2.4.0", "Takes several elements.")
            .summary("Adds elements at the tail of a list.")
            .heardAfterReply()
            .handler(call -> push(call, false, false));

    final CommandSpec lpushx = pushing("LPUSHX", "2.2.0")
            .history("4.0.0", "Takes several elements.")
            .summary("Adds elements at the head of a list that exists.")
            .heardAfterReply()
            .handler(call -> push(call, true, true));

    final CommandSpec rpushx = pushing("RPUSHX", "2.2.0")
            .history("4.0.0", "Takes several elements.")
            .summary("Adds elements at the tail of a list that exists.")
            .heardAfterReply()
            .handler(call -> push(call, false, true));

    private CommandSpec pushing(String name, String since) {
        return command(name)
                .arity(-3)
                .since(since)
                .complexity("O(1) for each element")
                .flags(WRITE, DENYOOM, FAST)
                .categories(LIST)
                .key(1, RW, INSERT)
                .reveals(Reveals.LENGTH)
                .args(key("key"), string("element").multiple());
    }

    private static void push(Call call, boolean atHead, boolean onlyPresent) {
        var presence = call.find(1, Type.LIST);
        if (presence == Presence.WRONG_TYPE) {
            return;
        }
        if (presence == Presence.ABSENT && onlyPresent) {
            call.reply().integer(0);
            return;
        }
        var list = presence == Presence.PRESENT
                ? call.list().bind(call.entry())
                : call.list().bindNew(call.create(1));
        for (int arg = 2; arg < call.argCount(); arg++) {
            list.push(call.element(arg), atHead);
        }
        call.reply().integer(list.count());
        call.changed(1, atHead ? Event.LPUSH : Event.RPUSH, call.argCount() - 2L);
    }

    final CommandSpec linsert = command("LINSERT")
            .arity(5)
            .since("2.2.0")
            .complexity("O(N), N = number of elements before the pivot")
            .summary("Adds an element to a list before or behind another.")
            .flags(WRITE, DENYOOM)
            .categories(LIST)
            .key(1, RW, INSERT)
            .reveals(Reveals.MEMBERSHIP)
            .args(
                    key("key"),
                    oneOf("where", word("before", "BEFORE"), word("after", "AFTER")),
                    string("pivot"),
                    string("element"))
            .handler(this::linsert);

    private void linsert(Call call) {
        boolean isBehind = call.argIs(2, "AFTER");
        if (!isBehind && !call.argIs(2, "BEFORE")) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        if (call.find(1, Type.LIST) != Presence.PRESENT) {
            call.replyIfAbsent(0);
            return;
        }
        var list = call.list().bind(call.entry());
        var pivot = call.element(3);
        if (!list.seek(0) || list.find(pivot, false, Long.MAX_VALUE) < 0) {
            call.reply().integer(-1);
            return;
        }
        list.insert(call.element(4), isBehind);
        call.changed(1, Event.LINSERT);
        call.reply().integer(list.count());
    }

    final CommandSpec lset = command("LSET")
            .arity(4)
            .since("1.0.0")
            .complexity("O(N), O(1) at the ends")
            .summary("Replaces an element of a list.")
            .flags(WRITE, DENYOOM)
            .categories(LIST)
            .key(1, RW, UPDATE)
            .reveals(Reveals.EXISTENCE)
            .args(key("key"), integer("index"), string("element"))
            .heardAfterReply()
            .handler(this::lset);

    private void lset(Call call) {
        var presence = call.find(1, Type.LIST);
        if (presence == Presence.ABSENT) {
            call.reply().error(Errors.NO_SUCH_KEY);
        }
        if (presence != Presence.PRESENT || !call.parseLong(2)) {
            return;
        }
        var list = call.list().bind(call.entry());
        if (!list.seek(call.parsed())) {
            call.reply().error(OUT_OF_RANGE);
            return;
        }
        list.set(call.element(3));
        call.changed(1, Event.LSET);
        call.reply().ok();
    }

    // ---- Reading ----

    final CommandSpec llen = command("LLEN")
            .arity(2)
            .since("1.0.0")
            .complexity("O(1)")
            .summary("Returns how many elements a list has.")
            .flags(READONLY, FAST)
            .categories(LIST)
            .key(1, RO)
            .reveals(Reveals.LENGTH)
            .args(key("key"))
            .handler(this::llen);

    private void llen(Call call) {
        if (call.findToRead(1, Type.LIST) == Presence.PRESENT) {
            call.reply().integer(call.list().bind(call.entry()).count());
        } else {
            call.replyIfAbsent(0);
        }
    }

    final CommandSpec lindex = command("LINDEX")
            .arity(3)
            .since("1.0.0")
            .complexity("O(N), O(1) at the ends")
            .summary("Returns an element of a list by its index.")
            .flags(READONLY)
            .categories(LIST)
            .key(1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(key("key"), integer("index"))
            .handler(this::lindex);

    private void lindex(Call call) {
        var presence = call.findToRead(1, Type.LIST);
        if (presence == Presence.ABSENT) {
            call.reply().nil();
        }
        if (presence != Presence.PRESENT || !call.parseLong(2)) {
            return;
        }
        var list = call.list().bind(call.entry());
        if (list.seek(call.parsed())) {
            list.get(call.element());
            call.reply(call.element());
        } else {
            call.reply().nil();
        }
    }

    final CommandSpec lrange = command("LRANGE")
            .arity(4)
            .since("1.0.0")
            .complexity("O(S+N), S = distance from the nearer end, N = elements that are returned")
            .summary("Returns a range of elements of a list.")
            .flags(READONLY)
            .categories(LIST)
            .key(1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(key("key"), integer("start"), integer("stop"))
            .handler(this::lrange);

    private void lrange(Call call) {
        if (!call.parseLong(2)) {
            return;
        }
        long start = call.parsed();
        if (!call.parseLong(3)) {
            return;
        }
        long stop = call.parsed();
        var presence = call.findToRead(1, Type.LIST);
        if (presence != Presence.PRESENT) {
            if (presence == Presence.ABSENT) {
                call.reply().emptyArray();
            }
            return;
        }
        var list = call.list().bind(call.entry());
        long count = list.count();
        start = Math.max(start < 0 ? start + count : start, 0);
        stop = Math.min(stop < 0 ? stop + count : stop, count - 1);
        if (start > stop) {
            call.reply().emptyArray();
            return;
        }
        call.reply().arrayHeader(stop - start + 1);
        list.seek(start);
        for (long i = start; i <= stop; i++) {
            list.get(call.element());
            call.reply(call.element());
            list.next();
        }
    }

    final CommandSpec lpos = command("LPOS")
            .arity(-3)
            .since("6.0.6")
            .complexity("O(N), N = number of elements that are looked at")
            .summary("Returns the indexes of an element in a list.")
            .flags(READONLY)
            .categories(LIST)
            .key(1, RO, ACCESS)
            .reveals(Reveals.DERIVED)
            .args(
                    key("key"),
                    string("element"),
                    integer("rank").token("RANK").optional(),
                    integer("num-matches").token("COUNT").optional(),
                    integer("len").token("MAXLEN").optional())
            .handler(this::lpos);

    private void lpos(Call call) {
        long rank = 1;
        long count = -1;
        long lengthMax = 0;
        for (int arg = 3; arg < call.argCount(); arg += 2) {
            if (arg + 1 == call.argCount()) {
                call.reply().error(Errors.SYNTAX);
                return;
            }
            if (call.argIs(arg, "RANK")) {
                if (!call.parseLong(arg + 1)) {
                    return;
                }
                rank = call.parsed();
                if (rank == 0 || rank == Long.MIN_VALUE) {
                    call.reply().error(rank == 0 ? RANK_ZERO : Errors.LONG_RANGE);
                    return;
                }
            } else if (call.argIs(arg, "COUNT")) {
                if (!call.parseAtLeast(arg + 1, 0, COUNT_NEGATIVE)) {
                    return;
                }
                count = call.parsed();
            } else if (call.argIs(arg, "MAXLEN")) {
                if (!call.parseAtLeast(arg + 1, 0, MAXLEN_NEGATIVE)) {
                    return;
                }
                lengthMax = call.parsed();
            } else {
                call.reply().error(Errors.SYNTAX);
                return;
            }
        }
        var presence = call.findToRead(1, Type.LIST);
        if (presence == Presence.PRESENT) {
            findPositions(call, rank, count, lengthMax);
        } else if (presence == Presence.ABSENT) {
            if (count < 0) {
                call.reply().nil();
            } else {
                call.reply().emptyArray();
            }
        }
    }

    private static void findPositions(Call call, long rank, long count, long lengthMax) {
        var list = call.list().bind(call.entry());
        var element = call.element(2);
        var reply = call.reply();
        boolean isBackwards = rank < 0;
        long skipped = Math.abs(rank) - 1;
        long size = list.count();
        long looked = 0;
        long found = 0;
        int mark = count < 0 ? 0 : reply.beginArray();
        long most = lengthMax == 0 ? size : Math.min(size, lengthMax);
        boolean isThere = list.seek(isBackwards ? -1 : 0);
        while (isThere && looked < most) {
            long passed = list.find(element, isBackwards, most - looked);
            if (passed < 0) {
                break;
            }
            looked += passed;
            if (--skipped < 0) {
                long index = isBackwards ? size - 1 - looked : looked;
                reply.integer(index);
                found++;
                if (count < 0) {
                    return;
                }
                if (found == count) {
                    break;
                }
            }
            looked++;
            isThere = isBackwards ? list.previous() : list.next();
        }
        if (count < 0) {
            reply.nil();
        } else {
            reply.endArray(mark, found);
        }
    }

    // ---- Removing ----

    final CommandSpec lrem = command("LREM")
            .arity(4)
            .since("1.0.0")
            .complexity("O(N), N = number of elements")
            .summary("Removes elements of a list that equal another.")
            .flags(WRITE)
            .categories(LIST)
            .key(1, RW, DELETE)
            .reveals(Reveals.MEMBERSHIP)
            .args(key("key"), integer("count"), string("element"))
            .handler(this::lrem);

    private void lrem(Call call) {
        if (!call.parseLong(2)) {
            return;
        }
        long count = call.parsed();
        if (call.find(1, Type.LIST) != Presence.PRESENT) {
            call.replyIfAbsent(0);
            return;
        }
        var list = call.list().bind(call.entry());
        var element = call.element(3);
        boolean isBackwards = count < 0;
        long most = count == 0 ? Long.MAX_VALUE : count == Long.MIN_VALUE ? Long.MAX_VALUE : Math.abs(count);
        long removed = list.removeEqual(element, most, isBackwards);
        if (removed > 0) {
            call.changed(1, Event.LREM, removed);
            call.deleteIf(list.count() == 0, 1);
        }
        call.reply().integer(removed);
    }

    final CommandSpec ltrim = command("LTRIM")
            .arity(4)
            .since("1.0.0")
            .complexity("O(N), N = number of elements that go")
            .summary("Removes all elements of a list outside of a range.")
            .flags(WRITE)
            .categories(LIST)
            .key(1, RW, DELETE)
            .reveals(Reveals.NOTHING)
            .args(key("key"), integer("start"), integer("stop"))
            .handler(this::ltrim);

    private void ltrim(Call call) {
        if (!call.parseLong(2)) {
            return;
        }
        long start = call.parsed();
        if (!call.parseLong(3)) {
            return;
        }
        long stop = call.parsed();
        var presence = call.find(1, Type.LIST);
        if (presence == Presence.WRONG_TYPE) {
            return;
        }
        if (presence == Presence.PRESENT) {
            var list = call.list().bind(call.entry());
            long count = list.count();
            start = Math.max(start < 0 ? start + count : start, 0);
            stop = Math.min(stop < 0 ? stop + count : stop, count - 1);
            boolean isEmpty = start > stop || start >= count;
            long atHead = isEmpty ? count : start;
            long atTail = isEmpty ? 0 : count - 1 - stop;
            list.removeAtEnd(atHead, true);
            list.removeAtEnd(atTail, false);
            call.changed(1, Event.LTRIM, atHead + atTail);
            call.deleteIf(isEmpty, 1);
        }
        call.reply().ok();
    }

    final CommandSpec lpop = popping("LPOP")
            .summary("Removes and returns elements at the head of a list.")
            .heardAfterReply()
            .handler(call -> pop(call, true));

    final CommandSpec rpop = popping("RPOP")
            .summary("Removes and returns elements at the tail of a list.")
            .heardAfterReply()
            .handler(call -> pop(call, false));

    private CommandSpec popping(String name) {
        return command(name)
                .arity(-2)
                .since("1.0.0")
                .history("6.2.0", "Takes a count.")
                .complexity("O(N), N = number of elements that are returned")
                .flags(WRITE, FAST)
                .categories(LIST)
                .key(1, RW, ACCESS, DELETE)
                .readsToo()
                .reveals(Reveals.VALUE)
                .args(key("key"), integer("count").optional().since("6.2.0"));
    }

    private static void pop(Call call, boolean atHead) {
        boolean hasCount = call.argCount() == 3;
        if (call.argCount() > 3) {
            call.reply()
                    .error("ERR wrong number of arguments for '" + call.spec().name() + "' command");
            return;
        }
        if (hasCount && !call.parseAtLeast(2, 0, Errors.NOT_POSITIVE)) {
            return;
        }
        long count = hasCount ? call.parsed() : 1;
        var presence = call.find(1, Type.LIST);
        if (presence == Presence.ABSENT) {
            if (hasCount) {
                call.reply().nilArray();
            } else {
                call.reply().nil();
            }
        }
        if (presence != Presence.PRESENT) {
            return;
        }
        if (count == 0) {
            call.reply().emptyArray();
            return;
        }
        popAndReply(call, 1, atHead, count, hasCount);
    }

    /** Answers elements at an end of the list that the entry shows, and removes them; says how many. */
    private static long popAndReply(Call call, int keyArg, boolean atHead, long count, boolean asArray) {
        var list = call.list().bind(call.entry());
        long popped = Math.min(count, list.count());
        if (asArray) {
            call.reply().arrayHeader(popped);
        }
        list.seek(atHead ? 0 : -1);
        for (long i = 0; i < popped; i++) {
            list.get(call.element());
            call.reply(call.element());
            if (atHead) {
                list.next();
            } else {
                list.previous();
            }
        }
        list.removeAtEnd(popped, atHead);
        call.changed(keyArg, atHead ? Event.LPOP : Event.RPOP, popped);
        call.deleteIf(list.count() == 0, keyArg);
        return popped;
    }

    final CommandSpec lmpop = command("LMPOP")
            .arity(-4)
            .since("7.0.0")
            .complexity("O(N+M), N = number of keys, M = number of elements that are returned")
            .summary("Removes and returns elements of the first list that has any.")
            .flags(WRITE, MOVABLEKEYS)
            .categories(LIST)
            .countedKeys(1, 1, RW, ACCESS, DELETE)
            .readsToo()
            .reveals(Reveals.VALUE)
            .args(
                    integer("numkeys"),
                    key("key").multiple(),
                    end("where"),
                    integer("count").token("COUNT").optional())
            .heardAfterReply()
            .handler(call -> popFromFirst(call, 1, -1));

    final CommandSpec blmpop = command("BLMPOP")
            .arity(-5)
            .since("7.0.0")
            .complexity("O(N+M), N = number of keys, M = number of elements that are returned")
            .summary("Removes and returns elements of the first list that has any, or waits for one.")
            .flags(WRITE, BLOCKING, MOVABLEKEYS)
            .categories(LIST)
            .countedKeys(2, 1, RW, ACCESS, DELETE)
            .readsToo()
            .reveals(Reveals.VALUE)
            .args(
                    real("timeout"),
                    integer("numkeys"),
                    key("key").multiple(),
                    end("where"),
                    integer("count").token("COUNT").optional())
            .heardAfterReply()
            .handler(this::blmpop);

    private void blmpop(Call call) {
        if (call.parseWaitSeconds(1)) {
            popFromFirst(call, 2, call.parsed());
        }
    }

    /** LMPOP and BLMPOP; {@code waitMillis} is negative where nobody waits. */
    private static void popFromFirst(Call call, int countArg, long waitMillis) {
        var pop = PopOfMany.parse(call, countArg, "LEFT", "RIGHT");
        if (pop == null) {
            return;
        }
        int keyArg = call.findFirst(pop.firstKey(), pop.whereArg(), Type.LIST);
        if (keyArg > 0) {
            call.reply().arrayHeader(2);
            call.replyArg(keyArg);
            boolean atHead = pop.isFirstWord();
            logPop(call, keyArg, atHead, popAndReply(call, keyArg, atHead, pop.count(), true), true);
        } else if (keyArg == 0) {
            call.waitOrReplyNilArray(waitMillis);
        }
    }

    private static void logPop(Call call, int keyArg, boolean atHead, long count, boolean withCount) {
        var effects = call.ownEffects();
        effects.command(call.database(), withCount ? 3 : 2);
        effects.arg(atHead ? LPOP_WORD : RPOP_WORD);
        call.effectArg(keyArg);
        if (withCount) {
            effects.arg(count);
        }
    }

    final CommandSpec blpop = waiting("BLPOP")
            .summary("Removes and returns the head of the first list that has any, or waits for one.")
            .heardAfterReply()
            .handler(call -> waitAndPop(call, true));

    final CommandSpec brpop = waiting("BRPOP")
            .summary("Removes and returns the tail of the first list that has any, or waits for one.")
            .heardAfterReply()
            .handler(call -> waitAndPop(call, false));

    private CommandSpec waiting(String name) {
        return command(name)
                .arity(-3)
                .since("2.0.0")
                .history("6.0.0", "The timeout may have a fraction.")
                .complexity("O(N), N = number of keys")
                .flags(WRITE, NOSCRIPT, BLOCKING)
                .categories(LIST)
                .keys(1, -2, 1, RW, ACCESS, DELETE)
                .readsToo()
                .reveals(Reveals.VALUE)
                .args(key("key").multiple(), real("timeout"));
    }

    private static void waitAndPop(Call call, boolean atHead) {
        int last = call.argCount() - 1;
        if (!call.parseWaitSeconds(last)) {
            return;
        }
        long waitMillis = call.parsed();
        int keyArg = call.findFirst(1, last, Type.LIST);
        if (keyArg > 0) {
            call.reply().arrayHeader(2);
            call.replyArg(keyArg);
            popAndReply(call, keyArg, atHead, 1, false);
            logPop(call, keyArg, atHead, 1, false);
        } else if (keyArg == 0) {
            call.waitForKeys(waitMillis, Call.Nothing.NIL_ARRAY);
        }
    }

    // ---- Moving ----

    final CommandSpec lmove = moving("LMOVE")
            .arity(5)
            .since("6.2.0")
            .summary("Moves an element from an end of a list to an end of another, and returns it.")
            .flags(WRITE, DENYOOM)
            .args(key("source"), key("destination", 1), end("wherefrom"), end("whereto"))
            .handler(call -> moveByWords(call, false));

    final CommandSpec blmove = moving("BLMOVE")
            .arity(6)
            .since("6.2.0")
            .summary("Moves an element from an end of a list to an end of another, or waits for one.")
            .flags(WRITE, DENYOOM, NOSCRIPT, BLOCKING)
            .args(key("source"), key("destination", 1), end("wherefrom"), end("whereto"), real("timeout"))
            .handler(call -> moveByWords(call, true));

    final CommandSpec rpoplpush = moving("RPOPLPUSH")
            .arity(3)
            .since("1.2.0")
            .summary("Moves the tail of a list to the head of another, and returns it.")
            .deprecated("6.2.0", "`LMOVE` with the `RIGHT` and `LEFT` arguments")
            .flags(WRITE, DENYOOM)
            .args(key("source"), key("destination", 1))
            .handler(call -> move(call, false, true, -1));

    final CommandSpec brpoplpush = moving("BRPOPLPUSH")
            .arity(4)
            .since("2.2.0")
            .history("6.0.0", "The timeout may have a fraction.")
            .summary("Moves the tail of a list to the head of another, or waits for one.")
            .deprecated("6.2.0", "`BLMOVE` with the `RIGHT` and `LEFT` arguments")
            .flags(WRITE, DENYOOM, NOSCRIPT, BLOCKING)
            .args(key("source"), key("destination", 1), real("timeout"))
            .handler(this::brpoplpush);

    private CommandSpec moving(String name) {
        return command(name)
                .complexity("O(1)")
                .categories(LIST)
                .key(1, RW, ACCESS, DELETE)
                .key(2, RW, INSERT)
                .readsToo()
                .reveals(Reveals.VALUE);
    }

    private void brpoplpush(Call call) {
        if (call.parseWaitSeconds(3)) {
            move(call, false, true, call.parsed());
        }
    }

    private static void moveByWords(Call call, boolean waits) {
        boolean fromHead = call.argIs(3, "LEFT");
        boolean toHead = call.argIs(4, "LEFT");
        if (!fromHead && !call.argIs(3, "RIGHT") || !toHead && !call.argIs(4, "RIGHT")) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        if (!waits) {
            move(call, fromHead, toHead, -1);
        } else if (call.parseWaitSeconds(5)) {
            move(call, fromHead, toHead, call.parsed());
        }
    }

    final CommandSpec lmovem = movingMany("LMOVEM")
            .arity(-5)
            .summary("Moves elements from an end of a list to an end of another, and returns them.")
            .flags(WRITE, DENYOOM)
            .args(key("source"), key("destination", 1), end("wherefrom"), end("whereto"), selection())
            .handler(call -> lmovem(call, 5));

    final CommandSpec blmovem = movingMany("BLMOVEM")
            .arity(-6)
            .summary("Moves elements from an end of a list to an end of another, or waits until there are enough.")
            .flags(WRITE, DENYOOM, NOSCRIPT, BLOCKING)
            .args(key("source"), key("destination", 1), end("wherefrom"), end("whereto"), real("timeout"), selection())
            .handler(call -> lmovem(call, 6));

    private static ArgSpec end(String name) {
        return oneOf(name, word("left", "LEFT"), word("right", "RIGHT"));
    }

    private CommandSpec movingMany(String name) {
        return moving(name).since("8.10.0").complexity("O(N), N = number of elements that are moved");
    }

    private static ArgSpec selection() {
        return block(
                        "selection",
                        oneOf(
                                "number",
                                integer("count").token("COUNT"),
                                integer("exact-count").token("EXACTLY")),
                        oneOf("order", word("obo", "OBO"), word("bulk", "BULK")))
                .optional();
    }

    /** @param selectionArg where COUNT or EXACTLY may stand; behind the time to wait, if it is not 5 */
    private static void lmovem(Call call, int selectionArg) {
        boolean waits = selectionArg != 5;
        boolean fromHead = call.argIs(3, "LEFT");
        boolean toHead = call.argIs(4, "LEFT");
        boolean hasCount = call.argCount() > selectionArg;
        boolean hasAll = call.argCount() == selectionArg + 3;
        boolean isExact = hasCount && call.argIs(selectionArg, "EXACTLY");
        boolean isBulk = hasAll && call.argIs(selectionArg + 2, "BULK");
        if (!fromHead && !call.argIs(3, "RIGHT")
                || !toHead && !call.argIs(4, "RIGHT")
                || hasCount
                        && (!hasAll
                                || !isExact && !call.argIs(selectionArg, "COUNT")
                                || !isBulk && !call.argIs(selectionArg + 2, "OBO"))) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        long wanted = 1;
        if (hasCount) {
            if (!call.parseAtLeast(selectionArg + 1, 1, Errors.COUNT)) {
                return;
            }
            wanted = call.parsed();
        }
        if (waits && !call.parseWaitSeconds(5)) {
            return;
        }
        int found = call.findFirst(1, 2, Type.LIST);
        if (found < 0) {
            return;
        }
        long size = found > 0 ? call.list().bind(call.entry()).count() : 0;
        if (size == 0 || isExact && size < wanted) {
            if (waits) {
                call.waitForKeys(call.parsed(), Call.Nothing.NIL_ARRAY);
            } else if (isExact) {
                call.reply().nilArray();
            } else {
                call.reply().arrayHeader(0);
            }
        } else {
            // One by one, the last comes to lie at the very end; in bulk, all lie as they did.
            boolean isReversed = isBulk ? !fromHead : toHead;
            moveMany(call, (int) Math.min(wanted, size), fromHead, toHead, isReversed);
        }
    }

    private static void moveMany(Call call, int count, boolean fromHead, boolean toHead, boolean isReversed) {
        // The bytes leave the keyspace: what holds them is about to change.
        var moved = new ArrayList<byte[]>();
        var source = call.list().bind(call.entry());
        boolean isThere = source.seek(fromHead ? 0 : -1);
        for (int i = 0; i < count && isThere; i++) {
            source.get(call.element());
            moved.add(call.element().toBytes());
            isThere = fromHead ? source.next() : source.previous();
        }
        if (isReversed) {
            Collections.reverse(moved);
        }
        if (call.args().areSame(1, 2)) {
            source.removeAtEnd(count, fromHead);
            pushAll(call, source, moved, toHead);
            call.changed(1, toHead ? Event.LPUSH : Event.RPUSH, count);
            call.notify(1, call.database(), fromHead ? Event.LPOP : Event.RPOP);
        } else {
            var presence = call.find(2, Type.LIST);
            if (presence == Presence.WRONG_TYPE) {
                return;
            }
            pushAll(
                    call,
                    presence == Presence.PRESENT
                            ? call.list().bind(call.entry())
                            : call.list().bindNew(call.create(2)),
                    moved,
                    toHead);
            call.notifyChanged(2, toHead ? Event.LPUSH : Event.RPUSH);
            if (!call.find(1)) {
                throw new IllegalStateException("the source was there a moment ago");
            }
            source = call.list().bind(call.entry());
            source.removeAtEnd(count, fromHead);
            call.changed(1, fromHead ? Event.LPOP : Event.RPOP, count);
            call.deleteIf(source.count() == 0, 1);
        }
        call.reply().arrayHeader(count);
        for (byte[] element : moved) {
            call.reply().bulk(element);
        }
        logMany(call, moved, fromHead, toHead);
    }

    /** In the words of Redis 7.0, which has nothing that moves many. */
    private static void logMany(Call call, List<byte[]> moved, boolean fromHead, boolean toHead) {
        var effects = call.ownEffects();
        int count = moved.size();
        if (call.args().areSame(1, 2) && fromHead == toHead) {
            // They lie where they lay, maybe in another order.
            for (int i = 0; i < count; i++) {
                effects.command(call.database(), 4);
                effects.arg(LSET);
                call.effectArg(1);
                effects.arg(fromHead ? i : i - count);
                effects.arg(moved.get(i));
            }
            return;
        }
        effects.command(call.database(), 2 + count);
        effects.arg(toHead ? LPUSH : RPUSH);
        call.effectArg(2);
        for (byte[] element : toHead ? moved.reversed() : moved) {
            effects.arg(element);
        }
        effects.command(call.database(), 4);
        effects.arg(LTRIM);
        call.effectArg(1);
        effects.arg(fromHead ? count : 0);
        effects.arg(fromHead ? -1 : -1 - count);
    }

    /** Puts elements at an end, so that they lie there in their order. */
    private static void pushAll(Call call, ListValue target, List<byte[]> elements, boolean atHead) {
        for (byte[] bytes : atHead ? elements.reversed() : elements) {
            call.element().set(bytes, 0, bytes.length);
            target.push(call.element(), atHead);
        }
    }

    private static void move(Call call, boolean fromHead, boolean toHead, long waitMillis) {
        int found = call.findFirst(1, 2, Type.LIST);
        if (found == 0) {
            if (waitMillis < 0) {
                call.reply().nil();
            } else {
                call.waitForKeys(waitMillis, Call.Nothing.NIL);
            }
        }
        if (found <= 0) {
            return;
        }
        var source = call.list().bind(call.entry());
        source.seek(fromHead ? 0 : -1);
        var element = call.element();
        source.get(element);
        // The bytes leave the keyspace: what holds them is about to change.
        int length = element.length();
        byte[] bytes = call.scratch(length);
        System.arraycopy(element.buffer(), element.offset(), bytes, 0, length);
        element.set(bytes, 0, length);
        if (call.args().areSame(1, 2)) {
            if (fromHead != toHead) {
                source.push(element, toHead);
                takeMoved(call, source, fromHead, 1, toHead);
            }
            call.changed(1, toHead ? Event.LPUSH : Event.RPUSH);
            call.reply().bulk(bytes, 0, length);
            call.notify(1, call.database(), fromHead ? Event.LPOP : Event.RPOP);
        } else {
            var presence = call.find(2, Type.LIST);
            if (presence == Presence.WRONG_TYPE) {
                return;
            }
            ListValue target = presence == Presence.PRESENT
                    ? call.list().bind(call.entry())
                    : call.list().bindNew(call.create(2));
            target.push(element, toHead);
            call.notifyChanged(2, toHead ? Event.LPUSH : Event.RPUSH);
            if (!call.find(1)) {
                throw new IllegalStateException("the source was there a moment ago");
            }
            source = call.list().bind(call.entry());
            takeMoved(call, source, fromHead, 2, toHead);
            call.reply().bulk(bytes, 0, length);
            call.changed(1, fromHead ? Event.LPOP : Event.RPOP);
            call.deleteIf(source.count() == 0, 1);
        }
        logMove(call, fromHead, toHead);
    }

    /** Removes from the source what the target has got, or takes it back from the target when that fails. */
    private static void takeMoved(Call call, ListValue source, boolean fromHead, int targetArg, boolean toHead) {
        try {
            source.removeAtEnd(1, fromHead);
        } catch (ArenaFullException full) {
            if (call.find(targetArg)) {
                call.list().bind(call.entry()).removeAtEnd(1, toHead);
            }
            throw full;
        }
    }

    private static void logMove(Call call, boolean fromHead, boolean toHead) {
        boolean isOld = call.spec().name().endsWith("poplpush");
        var effects = call.ownEffects();
        effects.command(call.database(), isOld ? 3 : 5);
        effects.arg(isOld ? RPOPLPUSH_WORD : LMOVE_WORD);
        call.effectArg(1);
        call.effectArg(2);
        if (!isOld) {
            effects.arg(fromHead ? LEFT : RIGHT);
            effects.arg(toHead ? LEFT : RIGHT);
        }
    }
}
