package io.redoubt.command;

import static io.redoubt.command.ArgSpec.key;
import static io.redoubt.command.ArgSpec.string;
import static io.redoubt.command.Category.SET;
import static io.redoubt.command.CommandFlag.DENYOOM;
import static io.redoubt.command.CommandFlag.FAST;
import static io.redoubt.command.CommandFlag.READONLY;
import static io.redoubt.command.CommandFlag.WRITE;
import static io.redoubt.command.KeySpec.Flag.ACCESS;
import static io.redoubt.command.KeySpec.Flag.DELETE;
import static io.redoubt.command.KeySpec.Flag.INSERT;
import static io.redoubt.command.KeySpec.Flag.RO;
import static io.redoubt.command.KeySpec.Flag.RW;

import io.redoubt.store.KeyspaceEvents.Event;
import io.redoubt.type.Encoding.Type;

/** The commands of sets. Each field declares a command; the method below it handles it. */
public final class SetCommands extends CommandFamily {

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
        var set = call.set().bind(call.entry());
        int removed = 0;
        boolean isEmpty = false;
        for (int arg = 2; arg < call.argCount() && !isEmpty; arg++) {
            if (set.remove(call.element(arg))) {
                removed++;
                isEmpty = set.count() == 0;
            }
        }
        if (removed > 0) {
            call.changed(1, Event.SREM, removed);
            call.deleteIf(isEmpty, 1);
        }
        call.reply().integer(removed);
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
}
