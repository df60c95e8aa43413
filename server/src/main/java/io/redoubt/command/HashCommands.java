package io.redoubt.command;

import static io.redoubt.command.ArgSpec.block;
import static io.redoubt.command.ArgSpec.integer;
import static io.redoubt.command.ArgSpec.key;
import static io.redoubt.command.ArgSpec.pattern;
import static io.redoubt.command.ArgSpec.real;
import static io.redoubt.command.ArgSpec.string;
import static io.redoubt.command.ArgSpec.word;
import static io.redoubt.command.Category.HASH;
import static io.redoubt.command.CommandFlag.DENYOOM;
import static io.redoubt.command.CommandFlag.FAST;
import static io.redoubt.command.CommandFlag.READONLY;
import static io.redoubt.command.CommandFlag.WRITE;
import static io.redoubt.command.KeySpec.Flag.ACCESS;
import static io.redoubt.command.KeySpec.Flag.DELETE;
import static io.redoubt.command.KeySpec.Flag.INSERT;
import static io.redoubt.command.KeySpec.Flag.RO;
import static io.redoubt.command.KeySpec.Flag.RW;
import static io.redoubt.command.KeySpec.Flag.UPDATE;

import io.redoubt.resp.Decimal;
import io.redoubt.resp.LongDouble;
import io.redoubt.resp.Reply;
import io.redoubt.store.KeyspaceEvents.Event;
import io.redoubt.type.Element;
import io.redoubt.type.Encoding.Type;
import io.redoubt.type.HashValue;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;

/** The commands of hashes. Each field declares a command; the method below it handles it. */
public final class HashCommands extends CommandFamily {
    private static final byte[] NOT_AN_INTEGER = Errors.line("ERR hash value is not an integer");
    private static final byte[] NOT_A_FLOAT = Errors.line("ERR hash value is not a float");
    private static final byte[] NOT_A_NUMBER = Errors.line("ERR value is NaN or Infinity");
    private static final byte[] HSET_WORD = "HSET".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] HSETEX_WORD = "HSETEX".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] HDEL_WORD = "HDEL".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] KEEPTTL_WORD = "KEEPTTL".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] FIELDS_WORD = "FIELDS".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] ZERO = {'0'};

    public HashCommands() {
        super("hash");
    }

    // ---- Writing ----

    final CommandSpec hset = setting("HSET", Reveals.MEMBERSHIP)
            .history("4.0.0", "Takes several fields.")
            .summary("Sets fields of a hash.")
            .heardAfterReply()
            .handler(call -> set(call, false));

    final CommandSpec hmset = setting("HMSET", Reveals.NOTHING)
            .summary("Sets fields of a hash.")
            .deprecated("4.0.0", "`HSET` with several fields")
            .heardAfterReply()
            .handler(call -> set(call, true));

    private CommandSpec setting(String name, Reveals reveals) {
        return command(name)
                .arity(-4)
                .since("2.0.0")
                .complexity("O(1) for each field")
                .flags(WRITE, DENYOOM, FAST)
                .categories(HASH)
                .key(1, RW, UPDATE)
                .reveals(reveals)
                .args(
                        key("key"),
                        block("field_value", string("field"), string("value")).multiple());
    }

    private static void set(Call call, boolean answersOk) {
        if (call.argCount() % 2 != 0) {
            String name = call.spec().name();
            call.reply().error("ERR wrong number of arguments for '" + name + "' command");
            return;
        }
        var hash = findOrCreate(call);
        if (hash == null) {
            return;
        }
        for (int arg = 2; arg < call.argCount(); arg++) {
            int length = call.args().length(arg);
            hash.noteLengths(length, length);
        }
        int added = 0;
        for (int arg = 2; arg < call.argCount(); arg += 2) {
            if (hash.put(call.element(arg), call.otherElement(arg + 1))) {
                added++;
            }
        }
        call.changed(1, Event.HSET, (call.argCount() - 2) / 2);
        if (answersOk) {
            call.reply().ok();
        } else {
            call.reply().integer(added);
        }
    }

    /**
     * A field that has expired and is still there goes first, so that what is logged has the same effect where it is
     * still seen.
     */
    static void dropExpired(Call call, HashValue hash, int fieldArg) {
        if (hash.dropExpired(call.element(fieldArg))) {
            var effects = call.unit().effects();
            effects.command(call.database(), 3);
            effects.arg(HDEL_WORD);
            call.effectArg(1);
            call.effectArg(fieldArg);
        }
    }

    private static @org.jspecify.annotations.Nullable HashValue findOrCreate(Call call) {
        return switch (call.find(1, Type.HASH)) {
            case PRESENT -> call.hash().bind(call.entry());
            case ABSENT -> call.hash().bindNew(call.create(1));
            case WRONG_TYPE -> null;
        };
    }

    final CommandSpec hsetnx = command("HSETNX")
            .arity(4)
            .since("2.0.0")
            .complexity("O(1)")
            .summary("Sets a field of a hash unless it is there.")
            .flags(WRITE, DENYOOM, FAST)
            .categories(HASH)
            .key(1, RW, INSERT)
            .reveals(Reveals.MEMBERSHIP)
            .args(key("key"), string("field"), string("value"))
            .heardAfterReply()
            .handler(this::hsetnx);

    private void hsetnx(Call call) {
        var presence = call.find(1, Type.HASH);
        if (presence == Presence.WRONG_TYPE) {
            return;
        }
        if (presence == Presence.PRESENT && call.hash().bind(call.entry()).contains(call.element(2))) {
            call.reply().integer(0);
            return;
        }
        var hash = presence == Presence.PRESENT ? call.hash() : call.hash().bindNew(call.create(1));
        dropExpired(call, hash, 2);
        hash.put(call.element(2), call.otherElement(3));
        call.changed(1, Event.HSET);
        call.reply().integer(1);
    }

    final CommandSpec hdel = command("HDEL")
            .arity(-3)
            .since("2.0.0")
            .history("2.4.0", "Takes several fields.")
            .complexity("O(1) for each field")
            .summary("Deletes fields of a hash; an empty hash goes.")
            .flags(WRITE, FAST)
            .categories(HASH)
            .key(1, RW, DELETE)
            .reveals(Reveals.MEMBERSHIP)
            .args(key("key"), string("field").multiple())
            .handler(this::hdel);

    private void hdel(Call call) {
        if (call.find(1, Type.HASH) != Presence.PRESENT) {
            call.replyIfAbsent(0);
            return;
        }
        call.removeMembers(call.hash().bind(call.entry()), Event.HDEL);
    }

    final CommandSpec hincrby = command("HINCRBY")
            .arity(4)
            .since("2.0.0")
            .complexity("O(1)")
            .summary("Adds to the integer in a field of a hash; a missing field counts as 0.")
            .flags(WRITE, DENYOOM, FAST)
            .categories(HASH)
            .key(1, RW, ACCESS, UPDATE)
            .readsToo()
            .reveals(Reveals.VALUE)
            .args(key("key"), string("field"), integer("increment"))
            .heardAfterReply()
            .handler(this::hincrby);

    private void hincrby(Call call) {
        if (!call.parseLong(3)) {
            return;
        }
        long increment = call.parsed();
        var presence = call.find(1, Type.HASH);
        if (presence == Presence.WRONG_TYPE) {
            return;
        }
        long old = 0;
        var value = call.otherElement();
        if (presence == Presence.PRESENT && call.hash().bind(call.entry()).get(call.element(2), value)) {
            if (!value.isInteger()) {
                call.reply().error(NOT_AN_INTEGER);
                return;
            }
            old = value.integer();
        }
        long sum = old + increment;
        if (((old ^ sum) & (increment ^ sum)) < 0) {
            call.reply().error(Errors.OVERFLOW);
            return;
        }
        var hash = presence == Presence.PRESENT ? call.hash() : call.hash().bindNew(call.create(1));
        value.setInteger(sum);
        dropExpired(call, hash, 2);
        hash.putKeepingExpiry(call.element(2), value);
        call.changed(1, Event.HINCRBY);
        call.reply().integer(sum);
    }

    final CommandSpec hincrbyfloat = command("HINCRBYFLOAT")
            .arity(4)
            .since("2.6.0")
            .complexity("O(1)")
            .summary("Adds to the decimal number in a field of a hash; a missing field counts as 0.")
            .flags(WRITE, DENYOOM, FAST)
            .categories(HASH)
            .key(1, RW, ACCESS, UPDATE)
            .readsToo()
            .reveals(Reveals.VALUE)
            .args(key("key"), string("field"), real("increment"))
            .heardAfterReply()
            .handler(this::hincrbyfloat);

    private void hincrbyfloat(Call call) {
        var args = call.args();
        if (!LongDouble.isValid(args.buffer(), args.start(3), args.length(3))) {
            call.reply().error(Errors.NOT_A_FLOAT);
            return;
        }
        double increment = Decimal.parseDouble(args.buffer(), args.start(3), args.length(3));
        // What is finite as a double is so as a long double; only the rest takes the long way to find out.
        if (!Double.isFinite(increment)
                && LongDouble.add(ZERO, 0, 1, args.buffer(), args.start(3), args.length(3)) == null) {
            call.reply().error(NOT_A_NUMBER);
            return;
        }
        var presence = call.find(1, Type.HASH);
        if (presence == Presence.WRONG_TYPE) {
            return;
        }
        var value = call.otherElement();
        boolean isThere =
                presence == Presence.PRESENT && call.hash().bind(call.entry()).get(call.element(2), value);
        if (!isThere) {
            value.set(ZERO, 0, 1);
        }
        if (!LongDouble.isValid(value.buffer(), value.offset(), value.length())) {
            call.reply().error(NOT_A_FLOAT);
            return;
        }
        byte[] sum = LongDouble.add(
                value.buffer(), value.offset(), value.length(), args.buffer(), args.start(3), args.length(3));
        if (sum == null) {
            call.reply().error(Errors.NOT_FINITE);
            return;
        }
        var hash = presence == Presence.PRESENT ? call.hash() : call.hash().bindNew(call.create(1));
        value.set(sum, 0, sum.length);
        boolean expires = hash.expiry(call.element(2)) >= 0;
        hash.putKeepingExpiry(call.element(2), value);
        call.changed(1, Event.HINCRBYFLOAT);
        var effects = call.ownEffects();
        if (expires) {
            effects.command(call.database(), 7);
            effects.arg(HSETEX_WORD);
            call.effectArg(1);
            effects.arg(KEEPTTL_WORD);
            effects.arg(FIELDS_WORD);
            effects.arg(1);
        } else {
            effects.command(call.database(), 4);
            effects.arg(HSET_WORD);
            call.effectArg(1);
        }
        call.effectArg(2);
        effects.arg(sum);
        call.reply().bulk(sum);
    }

    // ---- Reading ----

    final CommandSpec hget = command("HGET")
            .arity(3)
            .since("2.0.0")
            .complexity("O(1)")
            .summary("Returns the value of a field of a hash.")
            .flags(READONLY, FAST)
            .categories(HASH)
            .key(1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(key("key"), string("field"))
            .handler(this::hget);

    private void hget(Call call) {
        var presence = call.findToRead(1, Type.HASH);
        if (presence == Presence.PRESENT) {
            replyValue(call, 2);
        } else if (presence == Presence.ABSENT) {
            call.reply().nil();
        }
    }

    private static void replyValue(Call call, int fieldArg) {
        var value = call.otherElement();
        if (call.hash().bind(call.entry()).get(call.element(fieldArg), value)) {
            call.reply(value);
        } else {
            call.reply().nil();
        }
    }

    final CommandSpec hmget = command("HMGET")
            .arity(-3)
            .since("2.0.0")
            .complexity("O(1) for each field")
            .summary("Returns the values of fields of a hash.")
            .flags(READONLY, FAST)
            .categories(HASH)
            .key(1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(key("key"), string("field").multiple())
            .handler(this::hmget);

    private void hmget(Call call) {
        var presence = call.findToRead(1, Type.HASH);
        if (presence == Presence.WRONG_TYPE) {
            return;
        }
        call.reply().arrayHeader(call.argCount() - 2L);
        for (int arg = 2; arg < call.argCount(); arg++) {
            if (presence == Presence.PRESENT) {
                replyValue(call, arg);
            } else {
                call.reply().nil();
            }
        }
    }

    final CommandSpec hgetall = reading("HGETALL")
            .summary("Returns all fields of a hash and their values.")
            .handler(call -> all(call, true, true));

    final CommandSpec hkeys =
            reading("HKEYS").summary("Returns all fields of a hash.").handler(call -> all(call, true, false));

    final CommandSpec hvals =
            reading("HVALS").summary("Returns all values of a hash.").handler(call -> all(call, false, true));

    private CommandSpec reading(String name) {
        return command(name)
                .arity(2)
                .since("2.0.0")
                .complexity("O(N), N = number of fields")
                .flags(READONLY)
                .categories(HASH)
                .tips("nondeterministic_output_order")
                .key(1, RO, ACCESS)
                .reveals(Reveals.VALUE)
                .args(key("key"));
    }

    private static void all(Call call, boolean showsFields, boolean showsValues) {
        var presence = call.findToRead(1, Type.HASH);
        if (presence == Presence.WRONG_TYPE) {
            return;
        }
        var reply = call.reply();
        boolean isMap = showsFields && showsValues;
        var hash = call.hash();
        long count = presence == Presence.PRESENT ? hash.bind(call.entry()).shownCount() : 0;
        if (isMap) {
            reply.mapHeader(count);
        } else {
            reply.arrayHeader(count);
        }
        if (count == 0) {
            return;
        }
        hash.rewind();
        while (hash.next(call.element(), call.otherElement())) {
            if (showsFields) {
                call.reply(call.element());
            }
            if (showsValues) {
                call.reply(call.otherElement());
            }
        }
    }

    final CommandSpec hlen = command("HLEN")
            .arity(2)
            .since("2.0.0")
            .complexity("O(1)")
            .summary("Returns how many fields a hash has.")
            .flags(READONLY, FAST)
            .categories(HASH)
            .key(1, RO)
            .reveals(Reveals.LENGTH)
            .args(key("key"))
            .handler(this::hlen);

    private void hlen(Call call) {
        if (call.findToRead(1, Type.HASH) == Presence.PRESENT) {
            call.reply().integer(call.hash().bind(call.entry()).count());
        } else {
            call.replyIfAbsent(0);
        }
    }

    final CommandSpec hexists = command("HEXISTS")
            .arity(3)
            .since("2.0.0")
            .complexity("O(1)")
            .summary("Tells whether a hash has a field.")
            .flags(READONLY, FAST)
            .categories(HASH)
            .key(1, RO)
            .reveals(Reveals.MEMBERSHIP)
            .args(key("key"), string("field"))
            .handler(this::hexists);

    private void hexists(Call call) {
        if (call.findToRead(1, Type.HASH) == Presence.PRESENT) {
            boolean isThere = call.hash().bind(call.entry()).contains(call.element(2));
            call.reply().integer(isThere ? 1 : 0);
        } else {
            call.replyIfAbsent(0);
        }
    }

    final CommandSpec hstrlen = command("HSTRLEN")
            .arity(3)
            .since("3.2.0")
            .complexity("O(1)")
            .summary("Returns how long the value of a field of a hash is.")
            .flags(READONLY, FAST)
            .categories(HASH)
            .key(1, RO)
            .reveals(Reveals.LENGTH)
            .args(key("key"), string("field"))
            .handler(this::hstrlen);

    private void hstrlen(Call call) {
        if (call.findToRead(1, Type.HASH) == Presence.PRESENT) {
            var value = call.otherElement();
            boolean isThere = call.hash().bind(call.entry()).get(call.element(2), value);
            call.reply().integer(isThere ? value.length() : 0);
        } else {
            call.replyIfAbsent(0);
        }
    }

    final CommandSpec hrandfield = command("HRANDFIELD")
            .arity(-2)
            .since("6.2.0")
            .complexity("O(N), N = number of fields that are returned")
            .summary("Returns fields of a hash at random.")
            .flags(READONLY)
            .categories(HASH)
            .tips("nondeterministic_output")
            .key(1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(
                    key("key"),
                    block(
                                    "options",
                                    integer("count"),
                                    word("withvalues", "WITHVALUES").optional())
                            .optional())
            .handler(this::hrandfield);

    private void hrandfield(Call call) {
        if (call.argCount() == 2) {
            var presence = call.findToRead(1, Type.HASH);
            if (presence == Presence.PRESENT
                    && call.hash()
                            .bind(call.entry())
                            .random(ThreadLocalRandom.current(), call.element(), call.otherElement())) {
                call.reply(call.element());
            } else if (presence != Presence.WRONG_TYPE) {
                call.reply().nil();
            }
            return;
        }
        if (!call.parseLong(2)) {
            return;
        }
        long count = call.parsed();
        boolean withValues = call.argCount() == 4 && call.argIs(3, "WITHVALUES");
        if (call.argCount() > 4 || call.argCount() == 4 && !withValues) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        if (count < -(Long.MAX_VALUE / (withValues ? 2 : 1)) || withValues && count > Long.MAX_VALUE / 2) {
            call.reply().error(Errors.OUT_OF_RANGE);
            return;
        }
        var presence = call.findToRead(1, Type.HASH);
        if (presence == Presence.WRONG_TYPE) {
            return;
        }
        if (presence == Presence.ABSENT || count == 0) {
            call.reply().arrayHeader(0);
            return;
        }
        var hash = call.hash().bind(call.entry());
        long shown = hash.shownCount();
        if (shown == 0) {
            call.reply().arrayHeader(0);
        } else if (count < 0) {
            call.reply().expectElements(-count);
            header(call, -count, withValues);
            choiceOf(call, hash, withValues).replyAny(-count);
        } else {
            long wanted = Math.min(count, shown);
            header(call, wanted, withValues);
            choiceOf(call, hash, withValues).replyDifferent(shown, wanted);
        }
    }

    private static void header(Call call, long count, boolean withValues) {
        boolean isFlat = withValues && call.session().protocol() == 2;
        call.reply().arrayHeader(isFlat ? count * 2 : count);
    }

    private static void replyPair(Call call, Element field, Element value, boolean withValues) {
        if (withValues && call.session().protocol() > 2) {
            call.reply().arrayHeader(2);
        }
        call.reply(field);
        if (withValues) {
            call.reply(value);
        }
    }

    private static RandomChoice choiceOf(Call call, HashValue hash, boolean withValues) {
        return new RandomChoice(call) {
            @Override
            void draw(RandomGenerator random) {
                hash.random(random, call.element(), call.otherElement());
            }

            @Override
            void rewind() {
                hash.rewind();
            }

            @Override
            boolean next() {
                return hash.next(call.element(), call.otherElement());
            }

            @Override
            void reply() {
                replyPair(call, call.element(), call.otherElement(), withValues);
            }
        };
    }

    final CommandSpec hscan = command("HSCAN")
            .arity(-3)
            .since("2.8.0")
            .complexity("O(1) for each call, O(N) for all fields")
            .summary("Returns some fields of a hash and their values, and a cursor for the next.")
            .flags(READONLY)
            .categories(HASH)
            .tips("nondeterministic_output")
            .key(1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(
                    key("key"),
                    integer("cursor"),
                    pattern("pattern").token("MATCH").optional(),
                    integer("count").token("COUNT").optional())
            .handler(this::hscan);

    private void hscan(Call call) {
        var options = ScanOptions.cursor(call);
        if (options == null) {
            return;
        }
        var presence = call.findToRead(1, Type.HASH);
        if (presence == Presence.ABSENT) {
            ScanOptions.replyNothing(call);
        }
        if (presence != Presence.PRESENT || !options.parse(call, true)) {
            return;
        }
        var collected = new Reply();
        long[] count = {0};
        long next = call.hash().bind(call.entry()).scan(options.cursor(), options.count(), (field, value) -> {
            if (options.matches(field)) {
                collected.bulk(field.buffer(), field.offset(), field.length());
                if (!options.hidesValues()) {
                    collected.bulk(value.buffer(), value.offset(), value.length());
                }
                count[0] += options.hidesValues() ? 1 : 2;
            }
        });
        ScanOptions.reply(call, next, count[0], collected);
    }
}
