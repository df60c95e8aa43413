package io.redoubt;

import static io.redoubt.command.CommandFlag.BLOCKING;
import static io.redoubt.command.CommandFlag.WRITE;

import io.redoubt.command.Call;
import io.redoubt.command.CommandFamily;
import io.redoubt.command.CommandSpec;
import io.redoubt.command.Errors;
import io.redoubt.command.KeySpec;
import io.redoubt.store.Keyspace;
import io.redoubt.store.KeyspaceEvents;
import java.nio.charset.StandardCharsets;

/** Commands that wait for strings, as those of Redis wait for lists. Only tests have them. */
final class WaitingCommands extends CommandFamily {
    private static final byte[] DEL = "DEL".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] GONE = Errors.line("UNBLOCKED the key no longer exists");

    WaitingCommands() {
        super("string");
    }

    /** BTAKE key [key ...] seconds: takes the value of the first key that exists; answers key and value. */
    final CommandSpec btake = command("BTAKE")
            .arity(-3)
            .flags(WRITE, BLOCKING)
            .keys(1, -2, 1, KeySpec.Flag.RW, KeySpec.Flag.ACCESS, KeySpec.Flag.DELETE)
            .handler(WaitingCommands::btake);

    private static void btake(Call call) {
        if (!call.parseWaitSeconds(call.argCount() - 1)) {
            return;
        }
        long millis = call.parsed();
        for (int i = 1; i < call.argCount() - 1; i++) {
            if (call.find(i)) {
                call.reply().arrayHeader(2);
                call.reply().bulk(call.args().bytes(i));
                call.replyString(call.entry());
                take(call, i);
                return;
            }
        }
        call.waitForKeys(millis, Call.Nothing.NIL_ARRAY);
    }

    private static void take(Call call, int arg) {
        call.delete(arg);
        call.changed(arg, KeyspaceEvents.Event.DEL);
        var effects = call.ownEffects();
        effects.command(call.database(), 2);
        effects.arg(DEL);
        call.effectArg(arg);
    }

    /** BMOVE source destination seconds: moves a value, whatever the destination held; answers it. */
    final CommandSpec bmove = command("BMOVE")
            .arity(4)
            .flags(WRITE, BLOCKING)
            .key(1, KeySpec.Flag.RW, KeySpec.Flag.ACCESS, KeySpec.Flag.DELETE)
            .key(2, KeySpec.Flag.OW, KeySpec.Flag.UPDATE)
            .handler(WaitingCommands::bmove);

    private static void bmove(Call call) {
        if (!call.parseWaitSeconds(3)) {
            return;
        }
        long millis = call.parsed();
        if (!call.find(1)) {
            call.waitForKeys(millis, Call.Nothing.NIL);
            return;
        }
        byte[] value = value(call);
        call.reply().bulk(value);
        take(call, 1);
        call.setString(2, io.redoubt.type.Encoding.RAW, value, 0, value.length, Keyspace.NO_EXPIRY);
        call.changed(2, KeyspaceEvents.Event.SET);
        var effects = call.ownEffects();
        effects.command(call.database(), 3);
        effects.arg("SET".getBytes(StandardCharsets.US_ASCII));
        call.effectArg(2);
        effects.arg(value);
    }

    private static byte[] value(Call call) {
        var entry = call.entry();
        return entry.isInteger()
                ? Long.toString(entry.integer()).getBytes(StandardCharsets.US_ASCII)
                : java.util.Arrays.copyOfRange(
                        entry.valueBuffer(), entry.valueStart(), entry.valueStart() + entry.valueLength());
    }

    /** BGONE key milliseconds: waits until a key changes its value to {@code end}, or is gone, which is an error. */
    final CommandSpec bgone = command("BGONE")
            .arity(3)
            .flags(WRITE, BLOCKING)
            .key(1, KeySpec.Flag.RW, KeySpec.Flag.ACCESS)
            .wakesWhenDeleted()
            .handler(WaitingCommands::bgone);

    private static void bgone(Call call) {
        if (!call.parseWaitMillis(2)) {
            return;
        }
        long millis = call.parsed();
        if (!call.find(1)) {
            call.reply().error(GONE);
        } else if (new String(value(call), StandardCharsets.ISO_8859_1).equals("end")) {
            call.reply().ok();
        } else {
            call.waitForKeys(millis, Call.Nothing.NIL);
        }
    }
}
