package io.redoubt.command;

import io.redoubt.resp.Decimal;
import io.redoubt.store.Entry;
import io.redoubt.store.KeyspaceEvents.Event;
import io.redoubt.type.Element;
import io.redoubt.type.Encoding;
import io.redoubt.type.Encoding.Type;
import io.redoubt.type.SetValue;
import io.redoubt.type.ZSetValue;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** One run of ZUNION, ZINTER, ZDIFF or their kin. The sources may be sets, whose members have the score 1. */
final class ZSetCombination {
    private static final byte[] NOT_A_WEIGHT = Errors.line("ERR weight value is not a float");

    enum Operation {
        UNION,
        INTER,
        DIFF,
        INTERCARD
    }

    private enum Aggregate {
        SUM,
        MIN,
        MAX
    }

    /** Bytes as a key of a map. */
    private record Member(byte[] bytes) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Member(byte[] others) && Arrays.equals(bytes, others);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(bytes);
        }
    }

    /** A key that takes part. */
    private static final class Source {
        private final Entry entry = new Entry();
        private final ZSetValue sorted = new ZSetValue();
        private final SetValue set = new SetValue();
        private boolean isPresent;
        private boolean isSorted;
        private double weight = 1;

        long count() {
            if (!isPresent) {
                return 0;
            }
            return isSorted ? sorted.count() : set.count();
        }

        void rewind() {
            if (isSorted) {
                sorted.seek(0);
            } else {
                set.rewind();
            }
        }

        boolean next(Element into) {
            return isSorted ? sorted.next(into) : set.next(into);
        }

        /** The weighted score of the member shown last. */
        double score() {
            return weighted(isSorted ? sorted.score() : 1);
        }

        /** The score of a member, without the weight, or NaN. */
        double score(Element member) {
            if (!isPresent) {
                return Double.NaN;
            }
            if (isSorted) {
                return sorted.score(member);
            }
            return set.contains(member) ? 1 : Double.NaN;
        }

        /** Infinity times zero counts as zero. */
        private double weighted(double score) {
            double product = score * weight;
            return Double.isNaN(product) ? 0 : product;
        }
    }

    private final Call call;
    private final Operation operation;
    private final int countArg;
    private final boolean stores;
    private Source[] sources = {};
    private Aggregate aggregate = Aggregate.SUM;
    private boolean withScores;
    private long limit;

    /** @param countArg where the number of keys stands: 2 if the first argument is the destination */
    ZSetCombination(Call call, Operation operation, int countArg) {
        this.call = call;
        this.operation = operation;
        this.countArg = countArg;
        stores = countArg == 2;
    }

    void run() {
        if (!call.parseLong(countArg)) {
            return;
        }
        long keys = call.parsed();
        if (keys < 1) {
            call.reply()
                    .error("ERR at least 1 input key is needed for '"
                            + call.spec().fullName() + "' command");
            return;
        }
        if (keys > call.argCount() - countArg - 1) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        int behind = countArg + 1 + (int) keys;
        if (!findSources((int) keys) || !parseOptions(behind)) {
            return;
        }
        if (operation == Operation.INTERCARD) {
            call.reply().integer(countCommon());
            return;
        }
        ScoredMember[] result = switch (operation) {
            case UNION -> union();
            case INTER -> intersection();
            default -> difference();
        };
        Arrays.sort(result);
        if (stores) {
            store(result);
        } else {
            reply(result);
        }
    }

    private boolean findSources(int keys) {
        sources = new Source[keys];
        for (int i = 0; i < keys; i++) {
            int arg = countArg + 1 + i;
            boolean isPresent = stores ? call.find(arg) : call.findToRead(arg);
            var source = new Source();
            sources[i] = source;
            if (!isPresent) {
                continue;
            }
            source.isPresent = true;
            // The call's own entry is needed for the next key.
            call.find(arg, call.database(), source.entry);
            var type = Encoding.type(source.entry.encoding());
            source.isSorted = type == Type.ZSET;
            if (source.isSorted) {
                source.sorted.bind(source.entry);
            } else if (type == Type.SET) {
                source.set.bind(source.entry);
            } else {
                call.reply().error(Errors.WRONG_TYPE);
                return false;
            }
        }
        return true;
    }

    private boolean parseOptions(int first) {
        boolean combines = operation == Operation.UNION || operation == Operation.INTER;
        for (int arg = first; arg < call.argCount(); arg++) {
            int rest = call.argCount() - arg;
            if (combines && rest > sources.length && call.argIs(arg, "WEIGHTS")) {
                for (int i = 0; i < sources.length; i++) {
                    arg++;
                    var args = call.args();
                    sources[i].weight = Decimal.parseDouble(args.buffer(), args.start(arg), args.length(arg));
                    if (Double.isNaN(sources[i].weight)) {
                        call.reply().error(NOT_A_WEIGHT);
                        return false;
                    }
                }
            } else if (combines && rest >= 2 && call.argIs(arg, "AGGREGATE")) {
                arg++;
                if (call.argIs(arg, "SUM")) {
                    aggregate = Aggregate.SUM;
                } else if (call.argIs(arg, "MIN")) {
                    aggregate = Aggregate.MIN;
                } else if (call.argIs(arg, "MAX")) {
                    aggregate = Aggregate.MAX;
                } else {
                    call.reply().error(Errors.SYNTAX);
                    return false;
                }
            } else if (!stores && operation != Operation.INTERCARD && call.argIs(arg, "WITHSCORES")) {
                withScores = true;
            } else if (operation == Operation.INTERCARD && rest >= 2 && call.argIs(arg, "LIMIT")) {
                arg++;
                if (!call.parseAtLeast(arg, 0, Errors.LIMIT_NEGATIVE)) {
                    return false;
                }
                limit = call.parsed();
            } else {
                call.reply().error(Errors.SYNTAX);
                return false;
            }
        }
        return true;
    }

    private double aggregated(double a, double b) {
        return switch (aggregate) {
            case SUM -> Double.isNaN(a + b) ? 0 : a + b; // Infinity and its opposite count as nothing.
            case MIN -> b < a ? b : a; // Not the Math methods: what is no number loses.
            case MAX -> b > a ? b : a;
        };
    }

    /** The order in which Redis adds scores up, which shows in their last digit. */
    private void sortByCount() {
        Arrays.sort(sources, (a, b) -> Long.compare(a.count(), b.count()));
    }

    private ScoredMember[] union() {
        sortByCount();
        Map<Member, Double> scores = new HashMap<>();
        var member = new Element();
        for (var source : sources) {
            if (!source.isPresent) {
                continue;
            }
            source.rewind();
            while (source.next(member)) {
                scores.merge(new Member(member.toBytes()), source.score(), this::aggregated);
            }
        }
        var result = new ScoredMember[scores.size()];
        int count = 0;
        for (var entry : scores.entrySet()) {
            result[count++] = new ScoredMember(entry.getKey().bytes(), entry.getValue());
        }
        return result;
    }

    private ScoredMember[] intersection() {
        sortByCount();
        var result = new ScoredMember[(int) sources[0].count()];
        int count = 0;
        if (result.length > 0) {
            var member = new Element();
            sources[0].rewind();
            while (sources[0].next(member)) {
                double score = sources[0].score();
                boolean isCommon = true;
                for (int i = 1; i < sources.length && isCommon; i++) {
                    double other = sources[i].score(member);
                    isCommon = !Double.isNaN(other);
                    // Here, unlike in the first source, infinity times zero stays what it is until it is added up.
                    score = isCommon ? aggregated(score, other * sources[i].weight) : score;
                }
                if (isCommon) {
                    result[count++] = new ScoredMember(member.toBytes(), score);
                }
            }
        }
        return Arrays.copyOf(result, count);
    }

    private long countCommon() {
        sortByCount();
        long count = 0;
        if (sources[0].count() == 0) {
            return 0;
        }
        var member = new Element();
        sources[0].rewind();
        while (sources[0].next(member) && (limit == 0 || count < limit)) {
            if (isInOthers(member, true)) {
                count++;
            }
        }
        return count;
    }

    private boolean isInOthers(Element member, boolean inAll) {
        for (int i = 1; i < sources.length; i++) {
            boolean isThere = !Double.isNaN(sources[i].score(member));
            if (isThere != inAll) {
                return isThere;
            }
        }
        return inAll;
    }

    private ScoredMember[] difference() {
        var result = new ScoredMember[(int) sources[0].count()];
        int count = 0;
        if (result.length > 0) {
            var member = new Element();
            sources[0].rewind();
            while (sources[0].next(member)) {
                if (sources.length == 1 || !isInOthers(member, false)) {
                    result[count++] = new ScoredMember(member.toBytes(), sources[0].score());
                }
            }
        }
        return Arrays.copyOf(result, count);
    }

    private void reply(ScoredMember[] result) {
        var reply = call.reply();
        boolean isNested = withScores && reply.protocol() == 3;
        reply.arrayHeader(withScores && !isNested ? 2L * result.length : result.length);
        for (var one : result) {
            if (isNested) {
                reply.arrayHeader(2);
            }
            reply.bulk(one.member());
            if (withScores) {
                reply.real(one.score());
            }
        }
    }

    private void store(ScoredMember[] result) {
        if (result.length == 0) {
            call.storeNothing(1);
            return;
        }
        ScoredMember.store(call, 1, result);
        call.changed(
                1,
                switch (operation) {
                    case UNION -> Event.ZUNIONSTORE;
                    case INTER -> Event.ZINTERSTORE;
                    default -> Event.ZDIFFSTORE;
                });
        call.reply().integer(result.length);
    }
}
