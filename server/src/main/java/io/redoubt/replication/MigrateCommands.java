package io.redoubt.replication;

import static io.redoubt.command.ArgSpec.integer;
import static io.redoubt.command.ArgSpec.key;
import static io.redoubt.command.ArgSpec.string;
import static io.redoubt.command.ArgSpec.word;
import static io.redoubt.command.Category.DANGEROUS;
import static io.redoubt.command.Category.KEYSPACE;
import static io.redoubt.command.CommandFlag.MOVABLEKEYS;
import static io.redoubt.command.CommandFlag.WRITE;
import static io.redoubt.command.KeySpec.Flag.ACCESS;
import static io.redoubt.command.KeySpec.Flag.DELETE;
import static io.redoubt.command.KeySpec.Flag.INCOMPLETE;
import static io.redoubt.command.KeySpec.Flag.RW;

import io.redoubt.command.ArgSpec;
import io.redoubt.command.Args;
import io.redoubt.command.Call;
import io.redoubt.command.CommandFamily;
import io.redoubt.command.CommandSpec;
import io.redoubt.command.Errand;
import io.redoubt.command.Errors;
import io.redoubt.command.Form;
import io.redoubt.command.KeySpec;
import io.redoubt.command.Reveals;
import io.redoubt.persist.DumpPayload;
import io.redoubt.resp.Decimal;
import io.redoubt.store.KeyspaceEvents.Event;
import io.redoubt.type.Value;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * MIGRATE: gives keys to another server. The request runs twice. First it copies the values, under the locks of their
 * keys, and suspends its connection while a thread of its own talks to the other server. Then it runs again: what the
 * other server has taken is deleted here, unless it has changed meanwhile, in which case it is sent again.
 */
public final class MigrateCommands extends CommandFamily {
    private static final int COPY = 1;
    private static final int REPLACE = 1 << 1;
    private static final int ROUNDS_MAX = 16;
    private static final int TIMEOUT_DEFAULT_MILLIS = 1000;
    /** Positions in the form's slots: behind AUTH, behind AUTH2; 0 where the word is not there. */
    private static final int PASSWORD = 0;

    private static final int USER = 1;

    private static final byte[] KEY_NOT_EMPTY =
            Errors.line("ERR When using MIGRATE KEYS option, the key argument must be set to the empty string");
    private static final byte[] FROM_MASTER = Errors.line("ERR a master sends no MIGRATE");
    private static final byte[] CHANGES =
            Errors.line("ERR the keys change faster than they can be sent; none is moved");
    private static final byte[] DEL = "DEL".getBytes(StandardCharsets.US_ASCII);

    private final BooleanSupplier compresses;

    private final MigrateSockets sockets;

    /** @param compresses whether payloads are compressed: `rdbcompression` */
    public MigrateCommands(BooleanSupplier compresses, MigrateSockets sockets) {
        super("generic");
        this.sockets = sockets;
        this.compresses = compresses;
    }

    final CommandSpec migrate = command("MIGRATE")
            .arity(-6)
            .since("2.6.0")
            .history("3.0.0", "Takes COPY and REPLACE.")
            .history("3.0.6", "Takes KEYS.")
            .history("4.0.7", "Takes AUTH.")
            .history("6.0.0", "Takes AUTH2.")
            .complexity("O(N), N = bytes of the values")
            .summary("Moves keys to another server.")
            .tips("nondeterministic_output")
            .flags(WRITE, MOVABLEKEYS)
            .categories(KEYSPACE, DANGEROUS)
            .key(3, RW, ACCESS, DELETE)
            .keySpec(new KeySpec("KEYS", -2, false, -1, 1, 0, Set.of(RW, ACCESS, DELETE, INCOMPLETE), null))
            .readsToo()
            .reveals(Reveals.VALUE)
            .args(
                    string("host"),
                    integer("port"),
                    ArgSpec.oneOf("key_or_empty_string", key("key"), word("empty_string", "")),
                    integer("destination-db"),
                    integer("timeout"),
                    word("copy", "COPY").optional().since("3.0.0"),
                    word("replace", "REPLACE").optional().since("3.0.0"),
                    ArgSpec.oneOf(
                                    "authentication",
                                    string("password").token("AUTH").optional().since("4.0.7"),
                                    ArgSpec.block("username_password", string("username"), string("password"))
                                            .token("AUTH2")
                                            .optional()
                                            .since("6.0.0"))
                            .optional(),
                    key("key", 1).token("KEYS").optional().multiple().since("3.0.6"))
            .form(MigrateCommands::parse)
            .errands(this::prepare)
            .handler(this::migrate);

    private static void parse(Args args, Form form) {
        form.slots[PASSWORD] = 0;
        form.slots[USER] = 0;
        int firstKey = 3;
        int endOfKeys = 4;
        for (int arg = 6; arg < args.count() && firstKey == 3; arg++) {
            int left = args.count() - 1 - arg;
            if (args.is(arg, "COPY")) {
                form.options |= COPY;
            } else if (args.is(arg, "REPLACE")) {
                form.options |= REPLACE;
            } else if (args.is(arg, "AUTH") && left > 0) {
                form.slots[PASSWORD] = ++arg;
            } else if (args.is(arg, "AUTH2") && left > 1) {
                form.slots[USER] = arg + 1;
                form.slots[PASSWORD] = arg + 2;
                arg += 2;
            } else if (args.is(arg, "KEYS")) {
                firstKey = arg + 1;
                endOfKeys = args.count();
                form.error = args.length(3) == 0 ? null : KEY_NOT_EMPTY;
            } else {
                form.error = Errors.SYNTAX;
                break;
            }
        }
        for (int arg = firstKey; arg < endOfKeys; arg++) {
            form.addKey(arg, Form.READ | Form.WRITE);
        }
        for (int arg = 4; arg < 6 && form.error == null; arg++) {
            if (!Decimal.isLong(args.buffer(), args.start(arg), args.length(arg))) {
                form.error = Errors.NOT_AN_INTEGER;
            }
        }
    }

    private void migrate(Call call) {
        if (call.session().isMaster()) {
            call.reply().error(FROM_MASTER);
            return;
        }
        if (call.errand() instanceof Transfer sent) {
            if (sent.hasKeys()) {
                settle(call, sent);
            } else {
                call.reply().status("NOKEY");
            }
            return;
        }
        // What another request has left, whose second run was refused, is not ours.
        if (call.session().takeContinuation() instanceof Transfer sent && sent.isOf(call)) {
            settle(call, sent);
        } else {
            send(call, new Transfer(call, sockets));
        }
    }

    /** Copies what there is of the keys that are not done, and lets a thread send it. */
    private void send(Call call, Transfer transfer) {
        copyValues(call, transfer);
        if (!transfer.hasKeys()) {
            call.reply().status("NOKEY");
            return;
        }
        var session = call.session();
        call.suspendToRunAgain();
        Thread.ofVirtual().name("redoubt-migrate").start(() -> {
            transfer.run();
            session.link().resume(_ -> session.setContinuation(transfer));
        });
    }

    private void copyValues(Call call, Transfer transfer) {
        var form = call.form();
        boolean replaces = (form.options & REPLACE) != 0;
        for (int i = 0; i < form.keyCount(); i++) {
            if (transfer.isWanted(i) && call.find(form.keyArg(i))) {
                transfer.put(i, payload(call), call.entry().expiryMillis(), replaces);
            }
        }
    }

    /** In a transaction: what is to be sent before it runs, again if it has changed while it was sent. */
    private Errand prepare(Call call, @Nullable Errand sent) {
        var transfer = sent instanceof Transfer before ? before : new Transfer(call, sockets);
        if (sent != null) {
            var form = call.form();
            for (int i = 0; i < form.keyCount(); i++) {
                boolean isThere = call.find(form.keyArg(i));
                transfer.wantIf(
                        i,
                        isThere
                                && !transfer.isSame(
                                        i, payload(call), call.entry().expiryMillis()));
            }
        }
        copyValues(call, transfer);
        return transfer;
    }

    private static MigrateLink.Target target(Call call) {
        var args = call.args();
        var form = call.form();
        int userArg = form.slots[USER];
        int passwordArg = form.slots[PASSWORD];
        long timeout = Decimal.parseLong(args.buffer(), args.start(5), args.length(5), 0);
        return new MigrateLink.Target(
                args.text(1),
                args.text(2),
                args.text(4),
                userArg > 0 ? args.bytes(userArg) : null,
                passwordArg > 0 ? args.bytes(passwordArg) : null,
                timeout <= 0 ? TIMEOUT_DEFAULT_MILLIS : (int) Math.min(timeout, Integer.MAX_VALUE));
    }

    private byte[] payload(Call call) {
        var value = new Value();
        call.entry().show(value);
        return DumpPayload.encode(value, compresses.getAsBoolean());
    }

    /** The other server has answered. */
    private void settle(Call call, Transfer transfer) {
        var form = call.form();
        if ((form.options & COPY) == 0) {
            int deleted = 0;
            boolean isAgain = false;
            for (int i = 0; i < form.keyCount(); i++) {
                if (transfer.isTaken(i) && call.find(form.keyArg(i))) {
                    if (transfer.isSame(i, payload(call), call.entry().expiryMillis())) {
                        deleted += call.delete(form.keyArg(i)) ? 1 : 0;
                        call.changed(form.keyArg(i), Event.DEL);
                        transfer.setDeleted(i);
                    } else {
                        transfer.sendAgain(i);
                        isAgain = true;
                    }
                }
            }
            if (deleted > 0) {
                logDeleted(call, transfer, deleted);
            }
            if (isAgain && transfer.error() == null) {
                if (call.maySuspend() && transfer.rounds < ROUNDS_MAX) {
                    send(call, transfer.forNextRound());
                } else {
                    call.reply().error(CHANGES);
                }
                return;
            }
        }
        String error = transfer.error();
        if (error == null) {
            call.reply().ok();
        } else {
            call.reply().error(error);
        }
    }

    private static void logDeleted(Call call, Transfer transfer, int count) {
        var form = call.form();
        var effects = call.ownEffects();
        effects.command(call.database(), 1 + count);
        effects.arg(DEL);
        for (int i = 0; i < form.keyCount(); i++) {
            if (transfer.isDeletedNow(i)) {
                call.effectArg(form.keyArg(i));
            }
        }
    }

    /** What one request sends, for each key of its form. Written by the loop or by the sending thread, never by both. */
    static final class Transfer implements Errand {
        private final MigrateSockets sockets;
        private final MigrateLink.Target target;
        private final long nowMillis;
        private final byte[][] arguments;
        private final byte[][] keys;
        private final byte[] @Nullable [] payloads;
        private final long[] expiries;
        private final boolean[] replaces;
        private final boolean[] taken;
        private final boolean[] wanted;
        private final boolean[] deletedNow;
        private @Nullable String error;
        private int rounds;

        private Transfer(Call call, MigrateSockets sockets) {
            this.sockets = sockets;
            target = target(call);
            nowMillis = call.nowMillis();
            var form = call.form();
            int count = form.keyCount();
            arguments = new byte[call.argCount()][];
            for (int i = 0; i < arguments.length; i++) {
                arguments[i] = call.args().bytes(i);
            }
            keys = new byte[count][];
            for (int i = 0; i < count; i++) {
                keys[i] = arguments[form.keyArg(i)];
            }
            payloads = new byte[count][];
            expiries = new long[count];
            replaces = new boolean[count];
            taken = new boolean[count];
            wanted = new boolean[count];
            deletedNow = new boolean[count];
            Arrays.fill(wanted, true);
        }

        private boolean isOf(Call call) {
            boolean isSame = arguments.length == call.argCount();
            for (int i = 0; isSame && i < arguments.length; i++) {
                isSame = Arrays.equals(arguments[i], call.args().bytes(i));
            }
            return isSame;
        }

        private boolean isWanted(int index) {
            return wanted[index];
        }

        private void put(int index, byte[] payload, long expiryMillis, boolean isReplacing) {
            payloads[index] = payload;
            expiries[index] = expiryMillis;
            replaces[index] |= isReplacing;
        }

        private boolean hasKeys() {
            for (byte @Nullable [] payload : payloads) {
                if (payload != null) {
                    return true;
                }
            }
            return false;
        }

        private boolean isTaken(int index) {
            return taken[index];
        }

        private boolean isSame(int index, byte[] payload, long expiryMillis) {
            byte[] sent = payloads[index];
            return sent != null && expiries[index] == expiryMillis && Arrays.equals(sent, payload);
        }

        private void setDeleted(int index) {
            deletedNow[index] = true;
        }

        private boolean isDeletedNow(int index) {
            return deletedNow[index];
        }

        /** The other server has an older value of the key now. */
        private void sendAgain(int index) {
            replaces[index] = true;
        }

        private Transfer forNextRound() {
            for (int i = 0; i < keys.length; i++) {
                wanted[i] = taken[i] && !deletedNow[i];
                taken[i] = false;
                deletedNow[i] = false;
                payloads[i] = null;
            }
            return this;
        }

        private @Nullable String error() {
            return error;
        }

        /** In a transaction: the other server shall have the value as it is now, unless it has refused it. */
        private void wantIf(int index, boolean isOther) {
            boolean wasSent = payloads[index] != null;
            // After too many rounds it stays as it is, and the second run says so.
            wanted[index] = isOther && error == null && rounds < ROUNDS_MAX && (taken[index] || !wasSent);
            if (wanted[index]) {
                replaces[index] |= wasSent;
                taken[index] = false;
            }
        }

        @Override
        public boolean isDue() {
            for (int i = 0; i < keys.length; i++) {
                if (payload(i) != null) {
                    return true;
                }
            }
            return false;
        }

        @Override
        public void run() {
            rounds++;
            MigrateLink.send(sockets, target, this, nowMillis);
        }

        // ---- For the thread that sends ----

        int keyCount() {
            return keys.length;
        }

        byte[] key(int index) {
            return keys[index];
        }

        /** What is to be sent of a key; null for one that is not to be sent, or not again. */
        byte @Nullable [] payload(int index) {
            return wanted[index] ? payloads[index] : null;
        }

        long expiryMillis(int index) {
            return expiries[index];
        }

        boolean replaces(int index) {
            return replaces[index];
        }

        boolean hasTaken() {
            for (boolean isTaken : taken) {
                if (isTaken) {
                    return true;
                }
            }
            return false;
        }

        void setTaken(int index) {
            taken[index] = true;
        }

        /** Keeps the first error only, as Redis does. */
        void fail(String text) {
            if (error == null) {
                error = text;
            }
        }
    }
}
