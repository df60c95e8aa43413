package io.redoubt.command;

import static io.redoubt.command.ArgSpec.block;
import static io.redoubt.command.ArgSpec.integer;
import static io.redoubt.command.ArgSpec.key;
import static io.redoubt.command.ArgSpec.oneOf;
import static io.redoubt.command.ArgSpec.pattern;
import static io.redoubt.command.ArgSpec.real;
import static io.redoubt.command.ArgSpec.string;
import static io.redoubt.command.ArgSpec.word;
import static io.redoubt.command.Category.SORTEDSET;
import static io.redoubt.command.CommandFlag.BLOCKING;
import static io.redoubt.command.CommandFlag.DENYOOM;
import static io.redoubt.command.CommandFlag.FAST;
import static io.redoubt.command.CommandFlag.MOVABLEKEYS;
import static io.redoubt.command.CommandFlag.NOSCRIPT;
import static io.redoubt.command.CommandFlag.READONLY;
import static io.redoubt.command.CommandFlag.WRITE;
import static io.redoubt.command.KeySpec.Flag.ACCESS;
import static io.redoubt.command.KeySpec.Flag.DELETE;
import static io.redoubt.command.KeySpec.Flag.OW;
import static io.redoubt.command.KeySpec.Flag.RO;
import static io.redoubt.command.KeySpec.Flag.RW;
import static io.redoubt.command.KeySpec.Flag.UPDATE;

import io.redoubt.resp.Decimal;
import io.redoubt.resp.Reply;
import io.redoubt.store.Keyspace;
import io.redoubt.store.KeyspaceEvents.Event;
import io.redoubt.type.Encoding.Type;
import io.redoubt.type.ZSetValue;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;

/** The commands of sorted sets. Each field declares a command; the method below it handles it. */
public final class ZSetCommands extends CommandFamily {
    private static final byte[] NOT_A_FLOAT_BOUND = Errors.line("ERR min or max is not a float");
    private static final byte[] NOT_A_LEX_BOUND = Errors.line("ERR min or max not valid string range item");
    private static final byte[] NX_AND_XX = Errors.line("ERR XX and NX options at the same time are not compatible");
    private static final byte[] GT_LT_NX =
            Errors.line("ERR GT, LT, and/or NX options at the same time are not compatible");
    private static final byte[] ONE_PAIR = Errors.line("ERR INCR option supports a single increment-element pair");
    private static final byte[] NAN = Errors.line("ERR resulting score is not a number (NaN)");
    private static final byte[] LIMIT_WITHOUT_BY =
            Errors.line("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
    private static final byte[] SCORES_BY_LEX =
            Errors.line("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
    private static final byte[] ZPOPMIN = "ZPOPMIN".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] ZPOPMAX = "ZPOPMAX".getBytes(StandardCharsets.US_ASCII);

    // Options of ZADD.
    private static final int NX = 1;
    private static final int XX = 2;
    private static final int GT = 4;
    private static final int LT = 8;
    private static final int CH = 16;
    private static final int INCR = 32;

    /** What bounds of a range are. */
    private enum By {
        ANY,
        RANK,
        SCORE,
        LEX
    }

    private enum Direction {
        ANY,
        UP,
        DOWN
    }

    public ZSetCommands() {
        super("sorted-set");
    }

    // ---- Adding and removing ----

    final CommandSpec zadd = command("ZADD")
            .arity(-4)
            .since("1.2.0")
            .history("2.4.0", "Takes several members.")
            .history("3.0.2", "Takes XX, NX, CH and INCR.")
            .history("6.2.0", "Takes GT and LT.")
            .complexity("O(log(N))")
            .summary("Adds members to a sorted set or gives them other scores.")
            .flags(WRITE, DENYOOM, FAST)
            .categories(SORTEDSET)
            .key(1, RW, UPDATE)
            .reveals(Reveals.VALUE)
            .mayReadToo()
            .form(ZSetCommands::parseZadd)
            .args(
                    key("key"),
                    oneOf("condition", word("nx", "NX"), word("xx", "XX"))
                            .since("3.0.2")
                            .optional(),
                    oneOf("comparison", word("gt", "GT"), word("lt", "LT"))
                            .since("6.2.0")
                            .optional(),
                    word("change", "CH").since("3.0.2").optional(),
                    word("increment", "INCR").since("3.0.2").optional(),
                    block("score_member", real("score"), string("member")).multiple())
            .heardAfterReply()
            .handler(this::zadd);

    private static void parseZadd(Args args, Form form) {
        form.addKey(1, Form.WRITE);
        int arg = 2;
        for (; arg < args.count(); arg++) {
            int option = zaddOption(args, arg);
            if (option == 0) {
                break;
            }
            form.options |= option;
        }
        form.slots[0] = arg;
        // CH tells whether a score differs; behind ZADD GT, which would run alone, whether it was greater.
        if ((form.options & (INCR | CH)) != 0) {
            form.readsToo = true;
            form.setKeyAccess(0, Form.WRITE | Form.TELLS);
        }
    }

    private static int zaddOption(Args args, int arg) {
        if (args.is(arg, "NX")) {
            return NX;
        }
        if (args.is(arg, "XX")) {
            return XX;
        }
        if (args.is(arg, "GT")) {
            return GT;
        }
        if (args.is(arg, "LT")) {
            return LT;
        }
        if (args.is(arg, "CH")) {
            return CH;
        }
        return args.is(arg, "INCR") ? INCR : 0;
    }

    private void zadd(Call call) {
        add(call, (int) call.form().options, call.form().slots[0]);
    }

    private static void add(Call call, int options, int first) {
        int words = call.argCount() - first;
        if (words == 0 || (words & 1) != 0) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        if ((options & (NX | XX)) == (NX | XX)) {
            call.reply().error(NX_AND_XX);
            return;
        }
        if (Integer.bitCount(options & (GT | LT | NX)) > 1) {
            call.reply().error(GT_LT_NX);
            return;
        }
        boolean increments = (options & INCR) != 0;
        if (increments && words > 2) {
            call.reply().error(ONE_PAIR);
            return;
        }
        for (int arg = first; arg < call.argCount(); arg += 2) {
            if (Double.isNaN(number(call, arg))) {
                call.reply().error(Errors.NOT_A_FLOAT);
                return;
            }
        }
        var presence = call.find(1, Type.ZSET);
        if (presence == Presence.WRONG_TYPE) {
            return;
        }
        if (presence == Presence.ABSENT && (options & XX) != 0) {
            replyAdded(call, options, Double.NaN, 0, 0);
            return;
        }
        var sorted = presence == Presence.PRESENT
                ? call.sorted().bind(call.entry())
                : call.sorted().bindNew(call.create(1));
        int added = 0;
        int updated = 0;
        double result = Double.NaN;
        for (int arg = first; arg < call.argCount(); arg += 2) {
            double score = number(call, arg);
            var member = call.element(arg + 1);
            double old = sorted.score(member);
            if (Double.isNaN(old)) {
                if ((options & XX) == 0) {
                    sorted.put(score, member);
                    added++;
                    result = score;
                }
                continue;
            }
            if ((options & NX) != 0) {
                continue;
            }
            score = increments ? old + score : score;
            if (Double.isNaN(score)) {
                call.reply().error(NAN);
                return;
            }
            if ((options & GT) != 0 && score <= old || (options & LT) != 0 && score >= old) {
                continue;
            }
            result = score;
            if (score != old) {
                sorted.put(score, member);
                updated++;
            }
        }
        if (added + updated > 0) {
            call.changed(1, increments ? Event.ZINCR : Event.ZADD, added + updated);
        }
        replyAdded(call, options, result, added, updated);
    }

    private static void replyAdded(Call call, int options, double result, int added, int updated) {
        if ((options & INCR) == 0) {
            call.reply().integer((options & CH) != 0 ? added + updated : added);
        } else if (Double.isNaN(result)) {
            call.reply().nil();
        } else {
            call.reply().real(result);
        }
    }

    private static double number(Call call, int arg) {
        var args = call.args();
        return Decimal.parseDouble(args.buffer(), args.start(arg), args.length(arg));
    }

    final CommandSpec zincrby = command("ZINCRBY")
            .arity(4)
            .since("1.2.0")
            .complexity("O(log(N))")
            .summary("Adds to the score of a member.")
            .flags(WRITE, DENYOOM, FAST)
            .categories(SORTEDSET)
            .key(1, RW, ACCESS, UPDATE)
            .reveals(Reveals.VALUE)
            .readsToo()
            .args(key("key"), integer("increment"), string("member"))
            .heardAfterReply()
            .handler(this::zincrby);

    private void zincrby(Call call) {
        add(call, INCR, 2);
    }

    final CommandSpec zrem = command("ZREM")
            .arity(-3)
            .since("1.2.0")
            .history("2.4.0", "Takes several members.")
            .complexity("O(M*log(N))")
            .summary("Removes members from a sorted set; an empty one goes.")
            .flags(WRITE, FAST)
            .categories(SORTEDSET)
            .key(1, RW, DELETE)
            .reveals(Reveals.MEMBERSHIP)
            .args(key("key"), string("member").multiple())
            .handler(this::zrem);

    private void zrem(Call call) {
        if (call.find(1, Type.ZSET) != Presence.PRESENT) {
            call.replyIfAbsent(0);
            return;
        }
        call.removeMembers(call.sorted().bind(call.entry()), Event.ZREM);
    }

    // ---- Looking up ----

    final CommandSpec zcard = command("ZCARD")
            .arity(2)
            .since("1.2.0")
            .complexity("O(1)")
            .summary("Returns how many members a sorted set has.")
            .flags(READONLY, FAST)
            .categories(SORTEDSET)
            .key(1, RO)
            .reveals(Reveals.LENGTH)
            .args(key("key"))
            .handler(this::zcard);

    private void zcard(Call call) {
        if (call.findToRead(1, Type.ZSET) != Presence.PRESENT) {
            call.replyIfAbsent(0);
            return;
        }
        call.reply().integer(call.sorted().bind(call.entry()).count());
    }

    final CommandSpec zscore = command("ZSCORE")
            .arity(3)
            .since("1.2.0")
            .complexity("O(1)")
            .summary("Returns the score of a member.")
            .flags(READONLY, FAST)
            .categories(SORTEDSET)
            .key(1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(key("key"), string("member"))
            .handler(this::zscore);

    private void zscore(Call call) {
        switch (call.findToRead(1, Type.ZSET)) {
            case WRONG_TYPE -> {}
            case ABSENT -> call.reply().nil();
            case PRESENT -> replyScore(call, call.sorted().bind(call.entry()).score(call.element(2)));
        }
    }

    private static void replyScore(Call call, double score) {
        if (Double.isNaN(score)) {
            call.reply().nil();
        } else {
            call.reply().real(score);
        }
    }

    final CommandSpec zmscore = command("ZMSCORE")
            .arity(-3)
            .since("6.2.0")
            .complexity("O(N)")
            .summary("Returns the scores of several members.")
            .flags(READONLY, FAST)
            .categories(SORTEDSET)
            .key(1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(key("key"), string("member").multiple())
            .handler(this::zmscore);

    private void zmscore(Call call) {
        var presence = call.findToRead(1, Type.ZSET);
        if (presence == Presence.WRONG_TYPE) {
            return;
        }
        call.reply().arrayHeader(call.argCount() - 2);
        for (int arg = 2; arg < call.argCount(); arg++) {
            replyScore(
                    call,
                    presence == Presence.ABSENT
                            ? Double.NaN
                            : call.sorted().bind(call.entry()).score(call.element(arg)));
        }
    }

    final CommandSpec zrank = command("ZRANK")
            .arity(-3)
            .since("2.0.0")
            .history("7.2.0", "Takes WITHSCORE.")
            .complexity("O(log(N))")
            .summary("Returns the rank of a member, from the lowest score.")
            .flags(READONLY, FAST)
            .categories(SORTEDSET)
            .key(1, RO, ACCESS)
            .reveals(Reveals.DERIVED)
            .args(
                    key("key"),
                    string("member"),
                    word("withscore", "WITHSCORE").since("7.2.0").optional())
            .handler(this::zrank);

    private void zrank(Call call) {
        rank(call, false);
    }

    final CommandSpec zrevrank = command("ZREVRANK")
            .arity(-3)
            .since("2.0.0")
            .history("7.2.0", "Takes WITHSCORE.")
            .complexity("O(log(N))")
            .summary("Returns the rank of a member, from the highest score.")
            .flags(READONLY, FAST)
            .categories(SORTEDSET)
            .key(1, RO, ACCESS)
            .reveals(Reveals.DERIVED)
            .args(
                    key("key"),
                    string("member"),
                    word("withscore", "WITHSCORE").since("7.2.0").optional())
            .handler(this::zrevrank);

    private void zrevrank(Call call) {
        rank(call, true);
    }

    private static void rank(Call call, boolean isReverse) {
        boolean withScore = call.argCount() > 3;
        if (call.argCount() > 4 || withScore && !call.argIs(3, "WITHSCORE")) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        var presence = call.findToRead(1, Type.ZSET);
        if (presence == Presence.WRONG_TYPE) {
            return;
        }
        int rank = -1;
        var sorted = call.sorted();
        if (presence == Presence.PRESENT) {
            rank = sorted.bind(call.entry()).rank(call.element(2));
        }
        if (rank < 0) {
            if (withScore) {
                call.reply().nilArray();
            } else {
                call.reply().nil();
            }
            return;
        }
        if (withScore) {
            call.reply().arrayHeader(2);
        }
        call.reply().integer(isReverse ? sorted.count() - 1 - rank : rank);
        if (withScore) {
            call.reply().real(sorted.score(call.element(2)));
        }
    }

    // ---- Bounds of ranges: by score "1", "(1", "-inf"; by member "[a", "(a", "-", "+" ----

    private static boolean isExclusive(Call call, int arg) {
        return call.args().length(arg) > 0 && call.args().buffer()[call.args().start(arg)] == '(';
    }

    private static double scoreBound(Call call, int arg) {
        var args = call.args();
        int skipped = isExclusive(call, arg) ? 1 : 0;
        int length = args.length(arg) - skipped;
        // As in Redis, nothing is zero here.
        return length == 0 ? 0 : Decimal.parseDouble(args.buffer(), args.start(arg) + skipped, length);
    }

    private static boolean isLexBound(Call call, int arg) {
        var args = call.args();
        if (args.length(arg) == 0) {
            return false;
        }
        return switch (args.buffer()[args.start(arg)]) {
            case '-', '+' -> args.length(arg) == 1;
            case '[', '(' -> true;
            default -> false;
        };
    }

    /** Whether both bounds are right; otherwise the error is written. */
    private static boolean checkBounds(Call call, By by, int minArg, int maxArg) {
        boolean isValid = switch (by) {
            case SCORE -> !Double.isNaN(scoreBound(call, minArg)) && !Double.isNaN(scoreBound(call, maxArg));
            case LEX -> isLexBound(call, minArg) && isLexBound(call, maxArg);
            default -> true;
        };
        if (!isValid) {
            call.reply().error(by == By.LEX ? NOT_A_LEX_BOUND : NOT_A_FLOAT_BOUND);
        }
        return isValid;
    }

    /** How many members come before a bound, which is the lower or the upper end of a range. */
    private static int rankOfBound(Call call, ZSetValue sorted, By by, int arg, boolean isUpper) {
        if (by == By.SCORE) {
            return sorted.rankOfScore(scoreBound(call, arg), isUpper != isExclusive(call, arg));
        }
        var args = call.args();
        int start = args.start(arg);
        byte mark = args.buffer()[start];
        if (mark == '-') {
            return 0;
        }
        if (mark == '+') {
            return sorted.count();
        }
        call.element().set(args.buffer(), start + 1, args.length(arg) - 1);
        return sorted.rankOfMember(call.element(), isUpper != (mark == '('));
    }

    // ---- Ranges ----

    final CommandSpec zrange = command("ZRANGE")
            .arity(-4)
            .since("1.2.0")
            .history("6.2.0", "Takes REV, BYSCORE, BYLEX and LIMIT.")
            .complexity("O(log(N)+M)")
            .summary("Returns a range of members.")
            .flags(READONLY)
            .categories(SORTEDSET)
            .key(1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(
                    key("key"),
                    string("start"),
                    string("stop"),
                    oneOf("sortby", word("byscore", "BYSCORE"), word("bylex", "BYLEX"))
                            .since("6.2.0")
                            .optional(),
                    word("rev", "REV").since("6.2.0").optional(),
                    block("offset_count", integer("offset"), integer("count"))
                            .token("LIMIT")
                            .since("6.2.0")
                            .optional(),
                    word("withscores", "WITHSCORES").optional())
            .handler(this::zrange);

    private void zrange(Call call) {
        range(call, 1, By.ANY, Direction.ANY);
    }

    final CommandSpec zrevrange = command("ZREVRANGE")
            .arity(-4)
            .since("1.2.0")
            .deprecated("6.2.0", "`ZRANGE` with the `REV` argument")
            .complexity("O(log(N)+M)")
            .summary("Returns a range of members by rank, from the highest score.")
            .flags(READONLY)
            .categories(SORTEDSET)
            .key(1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(
                    key("key"),
                    integer("start"),
                    integer("stop"),
                    word("withscores", "WITHSCORES").optional())
            .handler(this::zrevrange);

    private void zrevrange(Call call) {
        range(call, 1, By.RANK, Direction.DOWN);
    }

    final CommandSpec zrangebyscore = command("ZRANGEBYSCORE")
            .arity(-4)
            .since("1.0.5")
            .history("2.0.0", "Takes WITHSCORES.")
            .deprecated("6.2.0", "`ZRANGE` with the `BYSCORE` argument")
            .complexity("O(log(N)+M)")
            .summary("Returns the members whose scores are in a range.")
            .flags(READONLY)
            .categories(SORTEDSET)
            .key(1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(
                    key("key"),
                    real("min"),
                    real("max"),
                    word("withscores", "WITHSCORES").since("2.0.0").optional(),
                    block("offset_count", integer("offset"), integer("count"))
                            .token("LIMIT")
                            .optional())
            .handler(this::zrangebyscore);

    private void zrangebyscore(Call call) {
        range(call, 1, By.SCORE, Direction.UP);
    }

    final CommandSpec zrevrangebyscore = command("ZREVRANGEBYSCORE")
            .arity(-4)
            .since("2.2.0")
            .history("2.1.6", "Bounds may be exclusive.")
            .deprecated("6.2.0", "`ZRANGE` with the `REV` and `BYSCORE` arguments")
            .complexity("O(log(N)+M)")
            .summary("Returns the members whose scores are in a range, from the highest.")
            .flags(READONLY)
            .categories(SORTEDSET)
            .key(1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(
                    key("key"),
                    real("max"),
                    real("min"),
                    word("withscores", "WITHSCORES").optional(),
                    block("offset_count", integer("offset"), integer("count"))
                            .token("LIMIT")
                            .optional())
            .handler(this::zrevrangebyscore);

    private void zrevrangebyscore(Call call) {
        range(call, 1, By.SCORE, Direction.DOWN);
    }

    final CommandSpec zrangebylex = command("ZRANGEBYLEX")
            .arity(-4)
            .since("2.8.9")
            .deprecated("6.2.0", "`ZRANGE` with the `BYLEX` argument")
            .complexity("O(log(N)+M)")
            .summary("Returns the members between two of one score.")
            .flags(READONLY)
            .categories(SORTEDSET)
            .key(1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(
                    key("key"),
                    string("min"),
                    string("max"),
                    block("offset_count", integer("offset"), integer("count"))
                            .token("LIMIT")
                            .optional())
            .handler(this::zrangebylex);

    private void zrangebylex(Call call) {
        range(call, 1, By.LEX, Direction.UP);
    }

    final CommandSpec zrevrangebylex = command("ZREVRANGEBYLEX")
            .arity(-4)
            .since("2.8.9")
            .deprecated("6.2.0", "`ZRANGE` with the `REV` and `BYLEX` arguments")
            .complexity("O(log(N)+M)")
            .summary("Returns the members between two of one score, from the last.")
            .flags(READONLY)
            .categories(SORTEDSET)
            .key(1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(
                    key("key"),
                    string("max"),
                    string("min"),
                    block("offset_count", integer("offset"), integer("count"))
                            .token("LIMIT")
                            .optional())
            .handler(this::zrevrangebylex);

    private void zrevrangebylex(Call call) {
        range(call, 1, By.LEX, Direction.DOWN);
    }

    final CommandSpec zrangestore = command("ZRANGESTORE")
            .arity(-5)
            .since("6.2.0")
            .complexity("O(log(N)+M)")
            .summary("Stores a range of members under another key.")
            .flags(WRITE, DENYOOM)
            .categories(SORTEDSET)
            .key(1, OW, UPDATE)
            .key(2, RO, ACCESS)
            .reveals(Reveals.LENGTH)
            .readsToo()
            .args(
                    key("dst"),
                    key("src", 1),
                    string("min"),
                    string("max"),
                    oneOf("sortby", word("byscore", "BYSCORE"), word("bylex", "BYLEX"))
                            .optional(),
                    word("rev", "REV").optional(),
                    block("offset_count", integer("offset"), integer("count"))
                            .token("LIMIT")
                            .optional())
            .heardAfterReply()
            .handler(this::zrangestore);

    private void zrangestore(Call call) {
        range(call, 2, By.ANY, Direction.ANY);
    }

    /** A range of the key at a position: as a reply or, if it is the second, into the first. */
    private static void range(Call call, int keyArg, By givenBy, Direction givenDirection) {
        boolean stores = keyArg == 2;
        var by = givenBy;
        var direction = givenDirection;
        boolean withScores = false;
        long offset = 0;
        long limit = -1;
        for (int arg = keyArg + 3; arg < call.argCount(); arg++) {
            if (!stores && call.argIs(arg, "WITHSCORES")) {
                withScores = true;
            } else if (call.argIs(arg, "LIMIT") && arg + 2 < call.argCount()) {
                if (!call.parseLong(arg + 1)) {
                    return;
                }
                offset = call.parsed();
                if (!call.parseLong(arg + 2)) {
                    return;
                }
                limit = call.parsed();
                arg += 2;
            } else if (direction == Direction.ANY && call.argIs(arg, "REV")) {
                direction = Direction.DOWN;
            } else if (by == By.ANY && call.argIs(arg, "BYLEX")) {
                by = By.LEX;
            } else if (by == By.ANY && call.argIs(arg, "BYSCORE")) {
                by = By.SCORE;
            } else {
                call.reply().error(Errors.SYNTAX);
                return;
            }
        }
        by = by == By.ANY ? By.RANK : by;
        boolean isDown = direction == Direction.DOWN;
        if (by == By.RANK && limit != -1) {
            call.reply().error(LIMIT_WITHOUT_BY);
            return;
        }
        if (by == By.LEX && withScores) {
            call.reply().error(SCORES_BY_LEX);
            return;
        }
        boolean areSwapped = isDown && by != By.RANK;
        int minArg = areSwapped ? keyArg + 2 : keyArg + 1;
        int maxArg = areSwapped ? keyArg + 1 : keyArg + 2;
        long first = 0;
        long last = 0;
        if (by == By.RANK) {
            if (!call.parseLong(minArg)) {
                return;
            }
            first = call.parsed();
            if (!call.parseLong(maxArg)) {
                return;
            }
            last = call.parsed();
            offset = 0; // Without a limit, Redis forgives an offset.
        } else if (!checkBounds(call, by, minArg, maxArg)) {
            return;
        }
        var presence = call.findToRead(keyArg, Type.ZSET);
        if (presence == Presence.WRONG_TYPE) {
            return;
        }
        if (presence == Presence.ABSENT) {
            if (stores) {
                call.storeNothing(1);
            } else {
                call.reply().emptyArray();
            }
            return;
        }
        var sorted = call.sorted().bind(call.entry());
        int count = sorted.count();
        int from;
        int to;
        if (by == By.RANK) {
            long start = Math.max(first < 0 ? first + count : first, 0);
            long end = Math.min(last < 0 ? last + count : last, count - 1) + 1;
            from = (int) Math.min(isDown ? count - end : start, count);
            to = (int) Math.max(isDown ? count - start : end, 0);
        } else {
            from = rankOfBound(call, sorted, by, minArg, false);
            to = rankOfBound(call, sorted, by, maxArg, true);
        }
        long left = Math.max(to - from, 0);
        long skipped = offset < 0 ? left : Math.min(offset, left);
        int taken = (int) (limit < 0 ? left - skipped : Math.min(limit, left - skipped));
        sorted.seek(taken == 0 ? 0 : isDown ? to - (int) skipped : from + (int) skipped);
        if (stores) {
            storeRange(call, sorted, taken, isDown);
        } else {
            emit(call, sorted, taken, isDown, withScores, call.reply().protocol() == 3);
        }
    }

    /** Writes the next members, nested as RESP3 has it or one after the other. */
    private static void emit(
            Call call, ZSetValue sorted, int count, boolean isDown, boolean withScores, boolean isNested) {
        var reply = call.reply();
        reply.arrayHeader(withScores && !isNested ? 2L * count : count);
        var member = call.element();
        for (int i = 0; i < count; i++) {
            if (isDown) {
                sorted.previous(member);
            } else {
                sorted.next(member);
            }
            if (withScores && isNested) {
                reply.arrayHeader(2);
            }
            call.reply(member);
            if (withScores) {
                reply.real(sorted.score());
            }
        }
    }

    private static void storeRange(Call call, ZSetValue sorted, int count, boolean isDown) {
        if (count == 0) {
            call.storeNothing(1);
            return;
        }
        var result = new ZSetValue().bindNew(call.createDetached(1, call.otherEntry()));
        var member = call.element();
        for (int i = 0; i < count; i++) {
            if (isDown) {
                sorted.previous(member);
            } else {
                sorted.next(member);
            }
            // The bytes leave their arena first: a block is never written from bytes of the same arena.
            byte[] copy = call.scratch(member.length());
            System.arraycopy(member.buffer(), member.offset(), copy, 0, member.length());
            member.set(copy, 0, member.length());
            result.put(sorted.score(), member);
        }
        call.keyspace().attach(call.unit(), call.otherEntry(), Keyspace.NO_EXPIRY);
        call.changed(1, Event.ZRANGESTORE);
        call.reply().integer(count);
    }

    final CommandSpec zcount = command("ZCOUNT")
            .arity(4)
            .since("2.0.0")
            .complexity("O(log(N))")
            .summary("Counts the members whose scores are in a range.")
            .flags(READONLY, FAST)
            .categories(SORTEDSET)
            .key(1, RO, ACCESS)
            .reveals(Reveals.DERIVED)
            .args(key("key"), real("min"), real("max"))
            .handler(this::zcount);

    private void zcount(Call call) {
        count(call, By.SCORE);
    }

    final CommandSpec zlexcount = command("ZLEXCOUNT")
            .arity(4)
            .since("2.8.9")
            .complexity("O(log(N))")
            .summary("Counts the members between two of one score.")
            .flags(READONLY, FAST)
            .categories(SORTEDSET)
            .key(1, RO, ACCESS)
            .reveals(Reveals.DERIVED)
            .args(key("key"), string("min"), string("max"))
            .handler(this::zlexcount);

    private void zlexcount(Call call) {
        count(call, By.LEX);
    }

    private static void count(Call call, By by) {
        if (!checkBounds(call, by, 2, 3)) {
            return;
        }
        if (call.findToRead(1, Type.ZSET) != Presence.PRESENT) {
            call.replyIfAbsent(0);
            return;
        }
        var sorted = call.sorted().bind(call.entry());
        int from = rankOfBound(call, sorted, by, 2, false);
        call.reply().integer(Math.max(rankOfBound(call, sorted, by, 3, true) - from, 0));
    }

    // ---- Removing ranges ----

    final CommandSpec zremrangebyrank = command("ZREMRANGEBYRANK")
            .arity(4)
            .since("2.0.0")
            .complexity("O(log(N)+M)")
            .summary("Removes the members in a range of ranks.")
            .flags(WRITE)
            .categories(SORTEDSET)
            .key(1, RW, DELETE)
            .reveals(Reveals.LENGTH)
            .readsToo()
            .args(key("key"), integer("start"), integer("stop"))
            .handler(this::zremrangebyrank);

    private void zremrangebyrank(Call call) {
        if (!call.parseLong(2)) {
            return;
        }
        long first = call.parsed();
        if (!call.parseLong(3)) {
            return;
        }
        long last = call.parsed();
        if (call.find(1, Type.ZSET) != Presence.PRESENT) {
            call.replyIfAbsent(0);
            return;
        }
        var sorted = call.sorted().bind(call.entry());
        int count = sorted.count();
        long from = Math.max(first < 0 ? first + count : first, 0);
        long to = Math.min(last < 0 ? last + count : last, count - 1) + 1;
        removeRange(call, sorted, (int) Math.min(from, count), (int) Math.max(to, 0), Event.ZREMRANGEBYRANK);
    }

    final CommandSpec zremrangebyscore = command("ZREMRANGEBYSCORE")
            .arity(4)
            .since("1.2.0")
            .complexity("O(log(N)+M)")
            .summary("Removes the members whose scores are in a range.")
            .flags(WRITE)
            .categories(SORTEDSET)
            .key(1, RW, DELETE)
            .reveals(Reveals.DERIVED)
            .readsToo()
            .args(key("key"), real("min"), real("max"))
            .handler(this::zremrangebyscore);

    private void zremrangebyscore(Call call) {
        removeRange(call, By.SCORE, Event.ZREMRANGEBYSCORE);
    }

    final CommandSpec zremrangebylex = command("ZREMRANGEBYLEX")
            .arity(4)
            .since("2.8.9")
            .complexity("O(log(N)+M)")
            .summary("Removes the members between two of one score.")
            .flags(WRITE)
            .categories(SORTEDSET)
            .key(1, RW, DELETE)
            .reveals(Reveals.DERIVED)
            .readsToo()
            .args(key("key"), string("min"), string("max"))
            .handler(this::zremrangebylex);

    private void zremrangebylex(Call call) {
        removeRange(call, By.LEX, Event.ZREMRANGEBYLEX);
    }

    private static void removeRange(Call call, By by, Event event) {
        if (!checkBounds(call, by, 2, 3)) {
            return;
        }
        if (call.find(1, Type.ZSET) != Presence.PRESENT) {
            call.replyIfAbsent(0);
            return;
        }
        var sorted = call.sorted().bind(call.entry());
        int from = rankOfBound(call, sorted, by, 2, false);
        removeRange(call, sorted, from, rankOfBound(call, sorted, by, 3, true), event);
    }

    private static void removeRange(Call call, ZSetValue sorted, int from, int to, Event event) {
        int removed = Math.max(to - from, 0);
        if (removed > 0) {
            sorted.removeRange(from, to);
            boolean isEmpty = sorted.count() == 0;
            call.changed(1, event, removed);
            call.deleteIf(isEmpty, 1);
        }
        call.reply().integer(removed);
    }

    // ---- Popping ----

    final CommandSpec zpopmin = command("ZPOPMIN")
            .arity(-2)
            .since("5.0.0")
            .complexity("O(log(N)*M)")
            .summary("Removes the members with the lowest scores and returns them.")
            .flags(WRITE, FAST)
            .categories(SORTEDSET)
            .key(1, RW, ACCESS, DELETE)
            .reveals(Reveals.VALUE)
            .readsToo()
            .args(key("key"), integer("count").optional())
            .handler(this::zpopmin);

    private void zpopmin(Call call) {
        pop(call, false);
    }

    final CommandSpec zpopmax = command("ZPOPMAX")
            .arity(-2)
            .since("5.0.0")
            .complexity("O(log(N)*M)")
            .summary("Removes the members with the highest scores and returns them.")
            .flags(WRITE, FAST)
            .categories(SORTEDSET)
            .key(1, RW, ACCESS, DELETE)
            .reveals(Reveals.VALUE)
            .readsToo()
            .args(key("key"), integer("count").optional())
            .handler(this::zpopmax);

    private void zpopmax(Call call) {
        pop(call, true);
    }

    private static void pop(Call call, boolean isDown) {
        if (call.argCount() > 3) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        boolean hasCount = call.argCount() == 3;
        long wanted = 1;
        if (hasCount) {
            if (!call.parseAtLeast(2, 0, Errors.NOT_POSITIVE)) {
                return;
            }
            wanted = call.parsed();
        }
        var presence = call.find(1, Type.ZSET);
        if (presence == Presence.WRONG_TYPE) {
            return;
        }
        if (presence == Presence.ABSENT || wanted == 0) {
            call.reply().emptyArray();
            return;
        }
        popFound(call, 1, wanted, isDown, hasCount && call.reply().protocol() == 3);
    }

    /** Answers and removes the first or last members of the sorted set found. */
    private static int popFound(Call call, int keyArg, long wanted, boolean isDown, boolean isNested) {
        var sorted = call.sorted().bind(call.entry());
        int count = sorted.count();
        int taken = (int) Math.min(wanted, count);
        sorted.seek(isDown ? count : 0);
        emit(call, sorted, taken, isDown, true, isNested);
        sorted.removeRange(isDown ? count - taken : 0, isDown ? count : taken);
        call.changed(keyArg, isDown ? Event.ZPOPMAX : Event.ZPOPMIN, taken);
        call.deleteIf(taken == count, keyArg);
        return taken;
    }

    final CommandSpec zmpop = command("ZMPOP")
            .arity(-4)
            .since("7.0.0")
            .complexity("O(K)")
            .summary("Pops members from the first of several sorted sets that has any.")
            .flags(WRITE, MOVABLEKEYS)
            .categories(SORTEDSET)
            .countedKeys(1, 1, RW, ACCESS, DELETE)
            .reveals(Reveals.VALUE)
            .readsToo()
            .args(
                    integer("numkeys"),
                    key("key").multiple(),
                    oneOf("where", word("min", "MIN"), word("max", "MAX")),
                    integer("count").token("COUNT").optional())
            .handler(this::zmpop);

    private void zmpop(Call call) {
        popOfMany(call, 1, -1);
    }

    /** @param waitMillis how long to wait for a member, 0 for ever, or -1 not to wait */
    private static void popOfMany(Call call, int countArg, long waitMillis) {
        var pop = PopOfMany.parse(call, countArg, "MAX", "MIN");
        if (pop == null) {
            return;
        }
        int found = call.findFirst(pop.firstKey(), pop.whereArg(), Type.ZSET);
        if (found > 0) {
            call.reply().arrayHeader(2);
            call.replyArg(found);
            boolean isDown = pop.isFirstWord();
            logPop(call, found, isDown, popFound(call, found, pop.count(), isDown, true), true);
        } else if (found == 0) {
            call.waitOrReplyNilArray(waitMillis);
        }
    }

    private static void logPop(Call call, int keyArg, boolean isDown, int count, boolean withCount) {
        var effects = call.ownEffects();
        effects.command(call.database(), withCount ? 3 : 2);
        effects.arg(isDown ? ZPOPMAX : ZPOPMIN);
        call.effectArg(keyArg);
        if (withCount) {
            effects.arg(count);
        }
    }

    final CommandSpec bzmpop = command("BZMPOP")
            .arity(-5)
            .since("7.0.0")
            .complexity("O(K)")
            .summary("As ZMPOP, but waits for a member.")
            .flags(WRITE, BLOCKING, MOVABLEKEYS)
            .categories(SORTEDSET)
            .countedKeys(2, 1, RW, ACCESS, DELETE)
            .reveals(Reveals.VALUE)
            .readsToo()
            .args(
                    real("timeout"),
                    integer("numkeys"),
                    key("key").multiple(),
                    oneOf("where", word("min", "MIN"), word("max", "MAX")),
                    integer("count").token("COUNT").optional())
            .handler(this::bzmpop);

    private void bzmpop(Call call) {
        if (call.parseWaitSeconds(1)) {
            popOfMany(call, 2, call.parsed());
        }
    }

    final CommandSpec bzpopmin = command("BZPOPMIN")
            .arity(-3)
            .since("5.0.0")
            .history("6.0.0", "The timeout may be a fraction.")
            .complexity("O(log(N))")
            .summary("As ZPOPMIN for the first of several keys, but waits for a member.")
            .flags(WRITE, NOSCRIPT, BLOCKING, FAST)
            .categories(SORTEDSET)
            .keys(1, -2, 1, RW, ACCESS, DELETE)
            .reveals(Reveals.VALUE)
            .readsToo()
            .args(key("key").multiple(), real("timeout"))
            .handler(this::bzpopmin);

    private void bzpopmin(Call call) {
        popOrWait(call, false);
    }

    final CommandSpec bzpopmax = command("BZPOPMAX")
            .arity(-3)
            .since("5.0.0")
            .history("6.0.0", "The timeout may be a fraction.")
            .complexity("O(log(N))")
            .summary("As ZPOPMAX for the first of several keys, but waits for a member.")
            .flags(WRITE, NOSCRIPT, BLOCKING, FAST)
            .categories(SORTEDSET)
            .keys(1, -2, 1, RW, ACCESS, DELETE)
            .reveals(Reveals.VALUE)
            .readsToo()
            .args(key("key").multiple(), real("timeout"))
            .handler(this::bzpopmax);

    private void bzpopmax(Call call) {
        popOrWait(call, true);
    }

    private static void popOrWait(Call call, boolean isDown) {
        int last = call.argCount() - 1;
        if (!call.parseWaitSeconds(last)) {
            return;
        }
        long millis = call.parsed();
        int found = call.findFirst(1, last, Type.ZSET);
        if (found > 0) {
            popOne(call, found, isDown);
            logPop(call, found, isDown, 1, false);
        } else if (found == 0) {
            call.waitForKeys(millis, Call.Nothing.NIL_ARRAY);
        }
    }

    private static void popOne(Call call, int keyArg, boolean isDown) {
        var sorted = call.sorted().bind(call.entry());
        int count = sorted.count();
        sorted.seek(isDown ? count : 0);
        if (isDown) {
            sorted.previous(call.element());
        } else {
            sorted.next(call.element());
        }
        var reply = call.reply();
        reply.arrayHeader(3);
        reply.bulk(call.args().buffer(), call.args().start(keyArg), call.args().length(keyArg));
        call.reply(call.element());
        reply.real(sorted.score());
        sorted.removeRange(isDown ? count - 1 : 0, isDown ? count : 1);
        call.changed(keyArg, isDown ? Event.ZPOPMAX : Event.ZPOPMIN);
        call.deleteIf(count == 1, keyArg);
    }

    // ---- Several sorted sets ----

    private CommandSpec combining(String name, boolean isWeighted) {
        var args = new ArrayList<ArgSpec>();
        args.add(integer("numkeys"));
        args.add(key("key").multiple());
        args.addAll(weighting(isWeighted));
        args.add(word("withscores", "WITHSCORES").optional());
        return command(name)
                .arity(-3)
                .since("6.2.0")
                .flags(READONLY, MOVABLEKEYS)
                .categories(SORTEDSET)
                .countedKeys(1, 1, RO, ACCESS)
                .reveals(Reveals.VALUE)
                .args(args.toArray(ArgSpec[]::new));
    }

    private CommandSpec storing(String name, boolean isWeighted) {
        var args = new ArrayList<ArgSpec>();
        args.add(key("destination"));
        args.add(integer("numkeys"));
        args.add(key("key", 1).multiple());
        args.addAll(weighting(isWeighted));
        return command(name)
                .arity(-4)
                .flags(WRITE, DENYOOM, MOVABLEKEYS)
                .categories(SORTEDSET)
                .key(1, OW, UPDATE)
                .countedKeys(2, 1, RO, ACCESS)
                .reveals(Reveals.LENGTH)
                .readsToo()
                .args(args.toArray(ArgSpec[]::new));
    }

    private static List<ArgSpec> weighting(boolean isWeighted) {
        return isWeighted
                ? List.of(
                        integer("weight").token("WEIGHTS").optional().multiple(),
                        oneOf("aggregate", word("sum", "SUM"), word("min", "MIN"), word("max", "MAX"))
                                .token("AGGREGATE")
                                .optional())
                : List.of();
    }

    final CommandSpec zunion = combining("ZUNION", true)
            .complexity("O(N)+O(M*log(M))")
            .summary("Unites sorted sets.")
            .handler(call -> new ZSetCombination(call, ZSetCombination.Operation.UNION, 1).run());

    final CommandSpec zinter = combining("ZINTER", true)
            .complexity("O(N*K)+O(M*log(M))")
            .summary("Intersects sorted sets.")
            .handler(call -> new ZSetCombination(call, ZSetCombination.Operation.INTER, 1).run());

    final CommandSpec zdiff = combining("ZDIFF", false)
            .complexity("O(L + (N-K)log(N))")
            .summary("Takes from a sorted set what others have.")
            .handler(call -> new ZSetCombination(call, ZSetCombination.Operation.DIFF, 1).run());

    final CommandSpec zunionstore = storing("ZUNIONSTORE", true)
            .since("2.0.0")
            .complexity("O(N)+O(M log(M))")
            .summary("Stores the union of sorted sets.")
            .heardAfterReply()
            .handler(call -> new ZSetCombination(call, ZSetCombination.Operation.UNION, 2).run());

    final CommandSpec zinterstore = storing("ZINTERSTORE", true)
            .since("2.0.0")
            .complexity("O(N*K)+O(M*log(M))")
            .summary("Stores the intersection of sorted sets.")
            .heardAfterReply()
            .handler(call -> new ZSetCombination(call, ZSetCombination.Operation.INTER, 2).run());

    final CommandSpec zdiffstore = storing("ZDIFFSTORE", false)
            .since("6.2.0")
            .complexity("O(L + (N-K)log(N))")
            .summary("Stores what a sorted set has and others have not.")
            .heardAfterReply()
            .handler(call -> new ZSetCombination(call, ZSetCombination.Operation.DIFF, 2).run());

    final CommandSpec zintercard = command("ZINTERCARD")
            .arity(-3)
            .since("7.0.0")
            .complexity("O(N*K)")
            .summary("Counts what sorted sets have in common.")
            .flags(READONLY, MOVABLEKEYS)
            .categories(SORTEDSET)
            .countedKeys(1, 1, RO, ACCESS)
            .reveals(Reveals.LENGTH)
            .args(
                    integer("numkeys"),
                    key("key").multiple(),
                    integer("limit").token("LIMIT").optional())
            .handler(this::zintercard);

    private void zintercard(Call call) {
        new ZSetCombination(call, ZSetCombination.Operation.INTERCARD, 1).run();
    }

    // ---- Others ----

    final CommandSpec zrandmember = command("ZRANDMEMBER")
            .arity(-2)
            .since("6.2.0")
            .complexity("O(N)")
            .summary("Returns members picked at random.")
            .flags(READONLY)
            .categories(SORTEDSET)
            .tips("nondeterministic_output")
            .key(1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(
                    key("key"),
                    block(
                                    "options",
                                    integer("count"),
                                    word("withscores", "WITHSCORES").optional())
                            .optional())
            .handler(this::zrandmember);

    private void zrandmember(Call call) {
        if (call.argCount() == 2) {
            switch (call.findToRead(1, Type.ZSET)) {
                case WRONG_TYPE -> {}
                case ABSENT -> call.reply().nil();
                case PRESENT -> {
                    var sorted = call.sorted().bind(call.entry());
                    sorted.seek(ThreadLocalRandom.current().nextInt(sorted.count()));
                    sorted.next(call.element());
                    call.reply(call.element());
                }
            }
            return;
        }
        if (!call.parseLong(2)) {
            return;
        }
        long wanted = call.parsed();
        if (wanted == Long.MIN_VALUE) {
            call.reply().error(Errors.LONG_RANGE);
            return;
        }
        boolean withScores = call.argCount() == 4;
        if (call.argCount() > 4 || withScores && !call.argIs(3, "WITHSCORES")) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        if (withScores && (wanted < -(Long.MAX_VALUE / 2) || wanted > Long.MAX_VALUE / 2)) {
            call.reply().error(Errors.OUT_OF_RANGE);
            return;
        }
        var presence = call.findToRead(1, Type.ZSET);
        if (presence == Presence.WRONG_TYPE) {
            return;
        }
        if (presence == Presence.ABSENT || wanted == 0) {
            call.reply().emptyArray();
            return;
        }
        var sorted = call.sorted().bind(call.entry());
        int count = sorted.count();
        long taken = wanted < 0 ? -wanted : Math.min(wanted, count);
        boolean isNested = call.reply().protocol() == 3;
        if (wanted < 0) {
            call.reply().expectElements(taken);
        }
        call.reply().arrayHeader(withScores && !isNested ? 2 * taken : taken);
        var choice = choiceOf(call, sorted, withScores, isNested);
        if (wanted < 0) {
            choice.replyAny(taken);
        } else {
            choice.replyDifferent(count, taken);
        }
    }

    private static RandomChoice choiceOf(Call call, ZSetValue sorted, boolean withScores, boolean isNested) {
        return new RandomChoice(call) {
            @Override
            void draw(RandomGenerator random) {
                sorted.seek(random.nextInt(sorted.count()));
                sorted.next(call.element());
            }

            @Override
            void rewind() {
                sorted.seek(0);
            }

            @Override
            boolean next() {
                return sorted.next(call.element());
            }

            @Override
            void reply() {
                if (withScores && isNested) {
                    call.reply().arrayHeader(2);
                }
                call.reply(call.element());
                if (withScores) {
                    call.reply().real(sorted.score());
                }
            }
        };
    }

    final CommandSpec zscan = command("ZSCAN")
            .arity(-3)
            .since("2.8.0")
            .complexity("O(1)")
            .summary("Walks over the members of a sorted set.")
            .flags(READONLY)
            .categories(SORTEDSET)
            .tips("nondeterministic_output")
            .key(1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(
                    key("key"),
                    integer("cursor"),
                    pattern("pattern").token("MATCH").optional(),
                    integer("count").token("COUNT").optional())
            .handler(this::zscan);

    private void zscan(Call call) {
        var options = ScanOptions.cursor(call);
        if (options == null) {
            return;
        }
        var presence = call.findToRead(1, Type.ZSET);
        if (presence == Presence.ABSENT) {
            ScanOptions.replyNothing(call);
        }
        if (presence != Presence.PRESENT || !options.parse(call, false)) {
            return;
        }
        var collected = new Reply();
        long[] count = {0};
        var sorted = call.sorted().bind(call.entry());
        byte[] text = new byte[Decimal.DOUBLE_BYTES_MAX];
        long next = sorted.scan(options.cursor(), options.count(), member -> {
            if (options.matches(member)) {
                collected.bulk(member.buffer(), member.offset(), member.length());
                collected.bulk(text, 0, Decimal.formatDouble(sorted.score(), text, 0));
                count[0] += 2;
            }
        });
        ScanOptions.reply(call, next, count[0], collected);
    }
}
