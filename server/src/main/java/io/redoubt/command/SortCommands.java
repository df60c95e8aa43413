package io.redoubt.command;

import static io.redoubt.command.ArgSpec.block;
import static io.redoubt.command.ArgSpec.integer;
import static io.redoubt.command.ArgSpec.key;
import static io.redoubt.command.ArgSpec.oneOf;
import static io.redoubt.command.ArgSpec.word;
import static io.redoubt.command.Category.DANGEROUS;
import static io.redoubt.command.Category.LIST;
import static io.redoubt.command.Category.SET;
import static io.redoubt.command.Category.SORTEDSET;
import static io.redoubt.command.CommandFlag.DENYOOM;
import static io.redoubt.command.CommandFlag.EXCLUSIVE;
import static io.redoubt.command.CommandFlag.MOVABLEKEYS;
import static io.redoubt.command.CommandFlag.READONLY;
import static io.redoubt.command.CommandFlag.WRITE;
import static io.redoubt.command.KeySpec.Flag.ACCESS;
import static io.redoubt.command.KeySpec.Flag.OW;
import static io.redoubt.command.KeySpec.Flag.RO;
import static io.redoubt.command.KeySpec.Flag.UPDATE;

import io.redoubt.resp.Decimal;
import io.redoubt.store.Entry;
import io.redoubt.store.Keyspace;
import io.redoubt.store.KeyspaceEvents.Event;
import io.redoubt.store.ValueLoader;
import io.redoubt.type.Element;
import io.redoubt.type.Encoding;
import io.redoubt.type.Encoding.Type;
import io.redoubt.type.HashValue;
import io.redoubt.type.StreamSink;
import io.redoubt.type.Value;
import io.redoubt.type.ValueSink;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** SORT and SORT_RO. They may read keys that no argument names, so they run alone on the whole keyspace. */
public final class SortCommands extends CommandFamily {
    private static final byte[] NO_NUMBER = Errors.line("ERR One or more scores can't be converted into double");

    private static final String BY_GET_NOTE = "For the optional BY/GET keyword. It is marked 'unknown' because the key"
            + " names derive from the content of the key we sort";
    private static final String STORE_NOTE =
            "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear anywhere in the"
                    + " argument array";

    // Slots of the form: positions of arguments, or 0.
    private static final int BY_SLOT = 0;
    private static final int LIMIT_SLOT = 1;
    private static final int STORE_SLOT = 2;
    // Options of the form.
    private static final long ALPHA = 1;
    private static final long DESC = 1 << 1;
    private static final long UNSORTED = 1 << 2;

    public SortCommands() {
        super("generic");
    }

    final CommandSpec sort = sorting("SORT", true)
            .since("1.0.0")
            .summary("Sorts the elements of a list, set or sorted set, and returns or stores them.")
            .flags(WRITE, DENYOOM)
            .keySpec(KeySpec.unknown(STORE_NOTE, OW, UPDATE))
            .readsToo();

    final CommandSpec sortRo = sorting("SORT_RO", false)
            .since("7.0.0")
            .summary("Sorts the elements of a list, set or sorted set, and returns them.")
            .flags(READONLY);

    private CommandSpec sorting(String name, boolean mayStore) {
        var args = new ArrayList<>(List.of(
                key("key"),
                ArgSpec.pattern("pattern").token("BY").ofKeySpec(1).optional(),
                block("offset_count", integer("offset"), integer("count"))
                        .token("LIMIT")
                        .optional(),
                ArgSpec.pattern("pattern").token("GET").ofKeySpec(1).optional().multipleWithToken(),
                oneOf("order", word("asc", "ASC"), word("desc", "DESC")).optional(),
                word("sorting", "ALPHA").optional()));
        if (mayStore) {
            args.add(key("destination", 2).token("STORE").optional());
        }
        return command(name)
                .arity(-2)
                .complexity("O(N+M*log(M)), N = number of elements, M = number of those that are returned")
                .flags(MOVABLEKEYS, EXCLUSIVE)
                .categories(SET, SORTEDSET, LIST, DANGEROUS)
                .key(1, RO, ACCESS)
                .keySpec(KeySpec.unknown(BY_GET_NOTE, RO, ACCESS))
                .reveals(Reveals.VALUE)
                .args(args.toArray(ArgSpec[]::new))
                .form((arguments, form) -> parse(arguments, form, mayStore))
                .handler(this::run);
    }

    private static void parse(Args args, Form form, boolean mayStore) {
        form.addKey(1, Form.READ);
        Arrays.fill(form.slots, 0);
        for (int arg = 2; arg < args.count(); arg++) {
            int left = args.count() - arg - 1;
            if (args.is(arg, "ASC")) {
                form.options &= ~DESC;
            } else if (args.is(arg, "DESC")) {
                form.options |= DESC;
            } else if (args.is(arg, "ALPHA")) {
                form.options |= ALPHA;
            } else if (args.is(arg, "LIMIT") && left >= 2) {
                form.slots[LIMIT_SLOT] = arg + 1;
                if (!isLong(args, arg + 1) || !isLong(args, arg + 2)) {
                    form.error = Errors.NOT_AN_INTEGER;
                    return;
                }
                arg += 2;
            } else if (mayStore && args.is(arg, "STORE") && left >= 1) {
                form.slots[STORE_SLOT] = ++arg;
            } else if (args.is(arg, "BY") && left >= 1) {
                form.slots[BY_SLOT] = ++arg;
                if (star(args, arg) < 0) {
                    form.options |= UNSORTED;
                } else {
                    form.options &= ~UNSORTED;
                    form.readsAnyKey = true;
                }
            } else if (args.is(arg, "GET") && left >= 1) {
                arg++;
                form.readsAnyKey = true;
            } else {
                form.error = Errors.SYNTAX;
                return;
            }
        }
        if (form.slots[STORE_SLOT] > 0) {
            form.addKey(form.slots[STORE_SLOT], Form.WRITE);
        }
    }

    private static boolean isLong(Args args, int arg) {
        return Decimal.isLong(args.buffer(), args.start(arg), args.length(arg));
    }

    /** Where in an argument the star is, or -1. */
    private static int star(Args args, int arg) {
        for (int i = 0; i < args.length(arg); i++) {
            if (args.buffer()[args.start(arg) + i] == '*') {
                return i;
            }
        }
        return -1;
    }

    /** An element and what it is sorted by. */
    private record Row(byte[] element, double number, byte @Nullable [] text) {}

    private void run(Call call) {
        boolean isThere = call.findToRead(1);
        if (isThere && !isSortable(call.entry())) {
            call.reply().error(Errors.WRONG_TYPE);
            return;
        }
        var form = call.form();
        var elements = new Elements();
        if (isThere) {
            var value = new Value();
            call.entry().show(value);
            value.sendTo(elements);
        }
        boolean isUnsorted = (form.options & UNSORTED) != 0;
        boolean isAlpha = (form.options & ALPHA) != 0;
        boolean isDescending = (form.options & DESC) != 0;
        int byArg = form.slots[BY_SLOT];
        if (isUnsorted && elements.isSet && form.slots[STORE_SLOT] > 0) {
            // The order of a set is nobody's: what is stored must be the same on every replica.
            isUnsorted = false;
            isAlpha = true;
            byArg = 0;
        }
        List<byte[]> sorted;
        if (isUnsorted) {
            sorted = elements.inOrder(isDescending);
        } else {
            var rows = rows(call, elements.elements, byArg, isAlpha);
            if (rows == null) {
                call.reply().error(NO_NUMBER);
                return;
            }
            var order = isAlpha ? byText() : byNumber();
            rows.sort(isDescending ? order.reversed() : order);
            sorted = new ArrayList<>(rows.size());
            for (var row : rows) {
                sorted.add(row.element);
            }
        }
        answer(call, limited(call, sorted));
    }

    private static boolean isSortable(Entry entry) {
        var type = Encoding.type(entry.encoding());
        return type == Type.LIST || type == Type.SET || type == Type.ZSET;
    }

    private static Comparator<Row> byNumber() {
        return Comparator.comparingDouble(Row::number).thenComparing(Row::element, Arrays::compareUnsigned);
    }

    private static Comparator<Row> byText() {
        return Comparator.comparing(Row::text, Comparator.nullsFirst(Arrays::compareUnsigned));
    }

    /** What the elements are sorted by; null if something is no number. */
    private static @Nullable List<Row> rows(Call call, List<byte[]> elements, int byArg, boolean isAlpha) {
        var rows = new ArrayList<Row>(elements.size());
        for (byte[] element : elements) {
            byte[] by = byArg == 0 ? element : lookUp(call, byArg, element);
            double number = 0;
            if (!isAlpha && by != null) {
                number = by.length == 0 ? 0 : Decimal.parseDouble(by, 0, by.length);
                if (Double.isNaN(number)) {
                    return null;
                }
            }
            rows.add(new Row(element, number, by));
        }
        return rows;
    }

    private static List<byte[]> limited(Call call, List<byte[]> sorted) {
        int limitArg = call.form().slots[LIMIT_SLOT];
        if (limitArg == 0) {
            return sorted;
        }
        var args = call.args();
        long offset = Decimal.parseLong(args.buffer(), args.start(limitArg), args.length(limitArg), 0);
        long count = Decimal.parseLong(args.buffer(), args.start(limitArg + 1), args.length(limitArg + 1), 0);
        int from = (int) Math.min(Math.max(offset, 0), sorted.size());
        int to = count < 0 ? sorted.size() : (int) Math.min(from + Math.min(count, sorted.size()), sorted.size());
        return sorted.subList(from, to);
    }

    private static void answer(Call call, List<byte[]> sorted) {
        var gets = gets(call.args());
        var results = new ArrayList<byte @Nullable []>(sorted.size() * Math.max(1, gets.size()));
        for (byte[] element : sorted) {
            if (gets.isEmpty()) {
                results.add(element);
            }
            for (int arg : gets) {
                results.add(lookUp(call, arg, element));
            }
        }
        int storeArg = call.form().slots[STORE_SLOT];
        if (storeArg > 0) {
            store(call, storeArg, results);
            return;
        }
        call.reply().arrayHeader(results.size());
        for (byte[] result : results) {
            if (result == null) {
                call.reply().nil();
            } else {
                call.reply().bulk(result);
            }
        }
    }

    /** Positions of the patterns of GET. */
    private static List<Integer> gets(Args args) {
        var gets = new ArrayList<Integer>();
        for (int arg = 2; arg < args.count(); arg++) {
            if (args.is(arg, "GET")) {
                gets.add(++arg);
            } else if (args.is(arg, "BY") || args.is(arg, "STORE")) {
                arg++;
            } else if (args.is(arg, "LIMIT")) {
                arg += 2;
            }
        }
        return gets;
    }

    private static void store(Call call, int storeArg, List<byte @Nullable []> results) {
        if (results.isEmpty()) {
            call.storeNothing(storeArg);
            return;
        }
        var args = call.args();
        var loader = new ValueLoader(call.keyspace());
        loader.begin(call.unit(), call.database(), args.buffer(), args.start(storeArg), args.length(storeArg));
        loader.list(results.size());
        var element = new Element();
        byte[] nothing = {};
        for (byte[] result : results) {
            byte[] bytes = result == null ? nothing : result;
            element.set(bytes, 0, bytes.length);
            loader.element(element);
        }
        loader.attach(Keyspace.NO_EXPIRY);
        call.changed(storeArg, Event.SORTSTORE, results.size());
        call.reply().integer(results.size());
    }

    /**
     * The value that a pattern means for an element: {@code #} is the element itself; else the first star is replaced by
     * it, and the result names a string, or with {@code ->} a field of a hash. Null if there is no such thing.
     */
    private static byte @Nullable [] lookUp(Call call, int patternArg, byte[] element) {
        var args = call.args();
        byte[] pattern = args.bytes(patternArg);
        if (pattern.length == 1 && pattern[0] == '#') {
            return element;
        }
        int star = star(args, patternArg);
        if (star < 0) {
            return null;
        }
        int arrow = arrowBehind(pattern, star);
        int keyEnd = arrow < 0 ? pattern.length : arrow;
        byte[] name = new byte[keyEnd - 1 + element.length];
        System.arraycopy(pattern, 0, name, 0, star);
        System.arraycopy(element, 0, name, star, element.length);
        System.arraycopy(pattern, star + 1, name, star + element.length, keyEnd - star - 1);
        var entry = call.otherEntry();
        if (!call.keyspace().find(call.unit(), call.database(), name, 0, name.length, entry)) {
            return null;
        }
        if (arrow < 0) {
            return entry.isString() ? StringBytes.copyOf(call, entry) : null;
        }
        if (Encoding.type(entry.encoding()) != Type.HASH) {
            return null;
        }
        var field = new Element();
        field.set(pattern, arrow + 2, pattern.length - arrow - 2);
        var value = new Element();
        return new HashValue().bind(entry).get(field, value) ? value.toBytes() : null;
    }

    /** Where behind the star {@code ->} and a field begin, or -1. */
    private static int arrowBehind(byte[] pattern, int star) {
        for (int i = star + 1; i + 2 < pattern.length; i++) {
            if (pattern[i] == '-' && pattern[i + 1] == '>') {
                return i;
            }
        }
        return -1;
    }

    /** Collects the elements of a value. */
    private static final class Elements implements ValueSink {
        private final List<byte[]> elements = new ArrayList<>();
        private final List<Double> scores = new ArrayList<>();
        private boolean isSet;

        @Override
        public void string(byte[] bytes, int offset, int length) {
            throw new IllegalStateException("a string is not sorted");
        }

        @Override
        public void set(long count) {
            isSet = true;
        }

        @Override
        public void list(long count) {}

        @Override
        public void hash(long count) {
            throw new IllegalStateException("a hash is not sorted");
        }

        @Override
        public void sortedSet(long count) {}

        @Override
        public StreamSink stream(long blocks) {
            throw new IllegalStateException("a stream is not sorted");
        }

        @Override
        public boolean element(Element element) {
            elements.add(element.toBytes());
            return true;
        }

        @Override
        public boolean field(Element field, Element value, long expiryMillis) {
            throw new IllegalStateException("a hash is not sorted");
        }

        @Override
        public boolean scored(double score, Element member) {
            elements.add(member.toBytes());
            scores.add(score);
            return true;
        }

        /** As they are, those of a sorted set by their scores. */
        List<byte[]> inOrder(boolean isDescending) {
            if (scores.isEmpty()) {
                // A list has an order that can be turned round; that of a set means nothing.
                return isDescending && !isSet ? elements.reversed() : elements;
            }
            var rows = new ArrayList<Row>(elements.size());
            for (int i = 0; i < elements.size(); i++) {
                rows.add(new Row(elements.get(i), scores.get(i), null));
            }
            rows.sort(isDescending ? byNumber().reversed() : byNumber());
            var ordered = new ArrayList<byte[]>(rows.size());
            for (var row : rows) {
                ordered.add(row.element);
            }
            return ordered;
        }
    }
}
