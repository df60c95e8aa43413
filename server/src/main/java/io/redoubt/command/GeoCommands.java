package io.redoubt.command;

import static io.redoubt.command.ArgSpec.block;
import static io.redoubt.command.ArgSpec.integer;
import static io.redoubt.command.ArgSpec.key;
import static io.redoubt.command.ArgSpec.oneOf;
import static io.redoubt.command.ArgSpec.real;
import static io.redoubt.command.ArgSpec.string;
import static io.redoubt.command.ArgSpec.word;
import static io.redoubt.command.Category.GEO;
import static io.redoubt.command.CommandFlag.DENYOOM;
import static io.redoubt.command.CommandFlag.MOVABLEKEYS;
import static io.redoubt.command.CommandFlag.READONLY;
import static io.redoubt.command.CommandFlag.WRITE;
import static io.redoubt.command.KeySpec.Flag.ACCESS;
import static io.redoubt.command.KeySpec.Flag.OW;
import static io.redoubt.command.KeySpec.Flag.RO;
import static io.redoubt.command.KeySpec.Flag.RW;
import static io.redoubt.command.KeySpec.Flag.UPDATE;

import io.redoubt.resp.Decimal;
import io.redoubt.store.KeyspaceEvents.Event;
import io.redoubt.type.Element;
import io.redoubt.type.Encoding.Type;
import io.redoubt.type.GeoHash;
import io.redoubt.type.ZSetValue;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.DoubleConsumer;
import org.jspecify.annotations.Nullable;

/** Places in sorted sets, whose scores are {@link GeoHash}es. */
public final class GeoCommands extends CommandFamily {
    private static final byte[] NO_RADIUS = Errors.line("ERR need numeric radius");
    private static final byte[] NO_WIDTH = Errors.line("ERR need numeric width");
    private static final byte[] NO_HEIGHT = Errors.line("ERR need numeric height");
    private static final byte[] NEGATIVE_RADIUS = Errors.line("ERR radius cannot be negative");
    private static final byte[] NEGATIVE_BOX = Errors.line("ERR height or width cannot be negative");
    private static final byte[] NO_UNIT = Errors.line("ERR unsupported unit provided. please use M, KM, FT, MI");
    private static final byte[] NO_MEMBER = Errors.line("ERR could not decode requested zset member");
    private static final byte[] NO_COUNT = Errors.line("ERR COUNT must be > 0");
    private static final byte[] ANY_WITHOUT_COUNT = Errors.line("ERR the ANY argument requires COUNT argument");
    private static final byte[] ZADD = "ZADD".getBytes(StandardCharsets.US_ASCII);

    private static final Syntax SEARCH = new Syntax(2, 1, false, true, false);
    private static final Syntax SEARCH_AND_STORE = new Syntax(3, 2, true, true, false);

    // Options of the form.
    private static final long NX = 1;
    private static final long XX = 1 << 1;
    private static final long CH = 1 << 2;

    public GeoCommands() {
        super("geo");
    }

    private static ArgSpec unit() {
        return oneOf("unit", word("m", "M"), word("km", "KM"), word("ft", "FT"), word("mi", "MI"));
    }

    // ---- One place ----

    final CommandSpec geoadd = command("GEOADD")
            .arity(-5)
            .since("3.2.0")
            .history("6.2.0", "Takes CH, NX and XX.")
            .complexity("O(log(N)) for each place, N = number of places")
            .summary("Adds places to a sorted set.")
            .flags(WRITE, DENYOOM)
            .categories(GEO)
            .key(1, RW, UPDATE)
            .reveals(Reveals.MEMBERSHIP)
            .mayReadToo()
            .form(GeoCommands::parseGeoadd)
            .args(
                    key("key"),
                    oneOf("condition", word("nx", "NX"), word("xx", "XX"))
                            .optional()
                            .since("6.2.0"),
                    word("change", "CH").optional().since("6.2.0"),
                    block("longitude_latitude_member", real("longitude"), real("latitude"), string("member"))
                            .multiple())
            .heardAfterReply()
            .handler(this::geoadd);

    /** Slot 0: where the places begin. */
    private static void parseGeoadd(Args args, Form form) {
        form.addKey(1, Form.WRITE);
        int arg = 2;
        for (; arg < args.count(); arg++) {
            long option = args.is(arg, "NX") ? NX : args.is(arg, "XX") ? XX : args.is(arg, "CH") ? CH : 0;
            if (option == 0) {
                break;
            }
            form.options |= option;
        }
        form.slots[0] = arg;
        if ((form.options & CH) != 0) {
            form.readsToo = true;
            form.setKeyAccess(0, Form.WRITE | Form.TELLS);
        }
    }

    private void geoadd(Call call) {
        long options = call.form().options;
        int first = call.form().slots[0];
        int places = (call.argCount() - first) / 3;
        if ((call.argCount() - first) % 3 != 0 || (options & (NX | XX)) == (NX | XX)) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        long[] scores = new long[places];
        for (int i = 0; i < places; i++) {
            var place = place(call, first + i * 3);
            if (place == null) {
                return;
            }
            scores[i] = GeoHash.encode(place, GeoHash.STEPS_MAX);
        }
        var presence = call.find(1, Type.ZSET);
        if (presence == Presence.WRONG_TYPE) {
            return;
        }
        if (presence == Presence.ABSENT && ((options & XX) != 0 || places == 0)) {
            call.reply().integer(0);
            return;
        }
        var sorted = presence == Presence.PRESENT
                ? call.sorted().bind(call.entry())
                : call.sorted().bindNew(call.create(1));
        int added = 0;
        int moved = 0;
        for (int i = 0; i < places; i++) {
            var member = call.element(first + i * 3 + 2);
            double old = sorted.score(member);
            boolean isNew = Double.isNaN(old);
            if ((options & (isNew ? XX : NX)) != 0 || old == scores[i]) {
                continue;
            }
            sorted.put(scores[i], member);
            added += isNew ? 1 : 0;
            moved += isNew ? 0 : 1;
        }
        if (added + moved > 0) {
            call.changed(1, Event.ZADD, (long) added + moved);
            log(call, options, first, scores);
        }
        call.reply().integer((options & CH) != 0 ? added + moved : added);
    }

    private static void log(Call call, long options, int first, long[] scores) {
        var effects = call.ownEffects();
        effects.command(call.database(), first + scores.length * 2);
        effects.arg(ZADD);
        for (int arg = 1; arg < first; arg++) {
            call.effectArg(arg);
        }
        for (int i = 0; i < scores.length; i++) {
            effects.arg(scores[i]);
            call.effectArg(first + i * 3 + 2);
        }
    }

    /** Longitude and latitude at a position; null if they are none, and the error is written. */
    private static GeoHash.@Nullable Place place(Call call, int arg) {
        double longitude = number(call, arg, Errors.NOT_A_FLOAT);
        double latitude = Double.isNaN(longitude) ? Double.NaN : number(call, arg + 1, Errors.NOT_A_FLOAT);
        if (Double.isNaN(latitude)) {
            return null;
        }
        var place = new GeoHash.Place(longitude, latitude);
        if (!place.isValid()) {
            call.reply()
                    .error(String.format(
                            Locale.ROOT, "ERR invalid longitude,latitude pair %f,%f", longitude, latitude));
            return null;
        }
        return place;
    }

    /** A number; NaN if it is none, and the error is written. */
    private static double number(Call call, int arg, byte[] error) {
        var args = call.args();
        double number = Decimal.parseDouble(args.buffer(), args.start(arg), args.length(arg));
        if (Double.isNaN(number)) {
            call.reply().error(error);
        }
        return number;
    }

    final CommandSpec geopos = command("GEOPOS")
            .arity(-2)
            .since("3.2.0")
            .complexity("O(1) for each member")
            .summary("Returns longitude and latitude of members.")
            .flags(READONLY)
            .categories(GEO)
            .key(1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(key("key"), string("member").multiple())
            .handler(this::geopos);

    private void geopos(Call call) {
        forEachScore(call, score -> {
            if (Double.isNaN(score)) {
                call.reply().nilArray();
            } else {
                replyPlace(call, score);
            }
        });
    }

    /** Answers an array of what is written for the score of each member that the arguments name, NaN if it is none. */
    private static void forEachScore(Call call, DoubleConsumer answer) {
        var presence = call.findToRead(1, Type.ZSET);
        if (presence == Presence.WRONG_TYPE) {
            return;
        }
        call.reply().arrayHeader(call.argCount() - 2L);
        for (int arg = 2; arg < call.argCount(); arg++) {
            answer.accept(
                    presence == Presence.PRESENT
                            ? call.sorted().bind(call.entry()).score(call.element(arg))
                            : Double.NaN);
        }
    }

    private static void replyPlace(Call call, double score) {
        call.reply().arrayHeader(2);
        var place = GeoHash.place(score);
        replyNumber(call, place.longitude());
        replyNumber(call, place.latitude());
    }

    /** As many digits as there are, up to 17 behind the point. */
    private static void replyNumber(Call call, double number) {
        String text = new BigDecimal(number)
                .setScale(17, RoundingMode.HALF_EVEN)
                .stripTrailingZeros()
                .toPlainString();
        call.reply().realText(text);
    }

    final CommandSpec geohash = command("GEOHASH")
            .arity(-2)
            .since("3.2.0")
            .complexity("O(1) for each member")
            .summary("Returns the geohashes of members as texts.")
            .flags(READONLY)
            .categories(GEO)
            .key(1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(key("key"), string("member").multiple())
            .handler(this::geohash);

    private void geohash(Call call) {
        forEachScore(call, score -> {
            if (Double.isNaN(score)) {
                call.reply().nil();
            } else {
                call.reply().bulk(GeoHash.text(score));
            }
        });
    }

    final CommandSpec geodist = command("GEODIST")
            .arity(-4)
            .since("3.2.0")
            .complexity("O(1)")
            .summary("Returns how far apart two members are.")
            .flags(READONLY)
            .categories(GEO)
            .key(1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(key("key"), string("member1"), string("member2"), unit().optional())
            .handler(this::geodist);

    private void geodist(Call call) {
        if (call.argCount() > 5) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        double unit = 1;
        if (call.argCount() == 5) {
            unit = metres(call.args(), 4);
            if (unit == 0) {
                call.reply().error(NO_UNIT);
                return;
            }
        }
        var presence = call.findToRead(1, Type.ZSET);
        if (presence == Presence.ABSENT) {
            call.reply().nil();
        }
        if (presence != Presence.PRESENT) {
            return;
        }
        var sorted = call.sorted().bind(call.entry());
        double first = sorted.score(call.element(2));
        double second = sorted.score(call.element(3));
        if (Double.isNaN(first) || Double.isNaN(second)) {
            call.reply().nil();
            return;
        }
        double distance = GeoHash.place(first).distance(GeoHash.place(second));
        replyDistance(call, distance / unit);
    }

    private static void replyDistance(Call call, double distance) {
        call.reply()
                .bulk(new BigDecimal(distance)
                        .setScale(4, RoundingMode.HALF_EVEN)
                        .toPlainString());
    }

    /** Metres of the unit that an argument names; 0 if there is none of that name. */
    private static double metres(Args args, int arg) {
        return args.is(arg, "M")
                ? 1
                : args.is(arg, "KM") ? 1000 : args.is(arg, "FT") ? 0.3048 : args.is(arg, "MI") ? 1609.34 : 0;
    }

    // ---- Searching ----

    final CommandSpec georadius = radius("GEORADIUS", "3.2.0", true)
            .history("6.2.0", "Takes ANY behind COUNT.")
            .history("7.0.0", "Units may be written in capital letters.")
            .deprecated("6.2.0", "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument")
            .summary("Returns or stores the members within a radius around a place.");

    final CommandSpec georadiusRo = radius("GEORADIUS_RO", "3.2.10", true)
            .history("6.2.0", "Takes ANY behind COUNT.")
            .deprecated("6.2.0", "`GEOSEARCH` with the `BYRADIUS` argument")
            .summary("Returns the members within a radius around a place.");

    final CommandSpec georadiusbymember = radius("GEORADIUSBYMEMBER", "3.2.0", false)
            .history("7.0.0", "Units may be written in capital letters.")
            .deprecated("6.2.0", "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments")
            .summary("Returns or stores the members within a radius around a member.");

    final CommandSpec georadiusbymemberRo = radius("GEORADIUSBYMEMBER_RO", "3.2.10", false)
            .deprecated("6.2.0", "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments")
            .summary("Returns the members within a radius around a member.");

    private CommandSpec radius(String name, String since, boolean fromPlace) {
        boolean mayStore = !name.endsWith("_RO");
        int optionsFrom = fromPlace ? 6 : 5;
        var syntax = new Syntax(optionsFrom, 1, mayStore, false, fromPlace);
        var any = word("any", "ANY").optional();
        var spec = command(name)
                .arity(-optionsFrom)
                .since(since)
                .complexity("O(N+log(M)), N = number of places that are looked at, M = number of all")
                .categories(GEO)
                .key(1, RO, ACCESS)
                .reveals(Reveals.VALUE)
                .form((args, form) -> parse(args, form, syntax))
                .handler(call -> search(call, syntax));
        var all = new ArrayList<ArgSpec>();
        all.add(key("key"));
        all.addAll(fromPlace ? List.of(real("longitude"), real("latitude")) : List.of(string("member")));
        all.addAll(List.of(
                real("radius"),
                unit(),
                word("withcoord", "WITHCOORD").optional(),
                word("withdist", "WITHDIST").optional(),
                word("withhash", "WITHHASH").optional(),
                block("count", integer("count").token("COUNT"), fromPlace ? any.since("6.2.0") : any)
                        .optional(),
                oneOf("order", word("asc", "ASC"), word("desc", "DESC")).optional()));
        if (!mayStore) {
            return spec.flags(READONLY).args(all.toArray(ArgSpec[]::new));
        }
        all.add(key("key", 1).token("STORE").optional());
        all.add(key("key", 2).token("STOREDIST").optional());
        return spec.flags(WRITE, DENYOOM, MOVABLEKEYS)
                .keySpec(stored("STORE", optionsFrom))
                .keySpec(stored("STOREDIST", optionsFrom))
                .readsToo()
                .args(all.toArray(ArgSpec[]::new));
    }

    private static KeySpec stored(String word, int from) {
        return new KeySpec(word, from, false, 0, 1, 0, Set.of(OW, UPDATE), null);
    }

    final CommandSpec geosearch = command("GEOSEARCH")
            .arity(-7)
            .since("6.2.0")
            .history("7.0.0", "Units may be written in capital letters.")
            .complexity("O(N+log(M)), N = number of places that are looked at, M = number of all")
            .summary("Returns the members in a circle or a box.")
            .flags(READONLY)
            .categories(GEO)
            .key(1, RO, ACCESS)
            .reveals(Reveals.VALUE)
            .args(
                    key("key"),
                    from(),
                    by(),
                    oneOf("order", word("asc", "ASC"), word("desc", "DESC")).optional(),
                    block(
                                    "count",
                                    integer("count").token("COUNT"),
                                    word("any", "ANY").optional())
                            .optional(),
                    word("withcoord", "WITHCOORD").optional(),
                    word("withdist", "WITHDIST").optional(),
                    word("withhash", "WITHHASH").optional())
            .form((args, form) -> parse(args, form, SEARCH))
            .handler(call -> search(call, SEARCH));

    final CommandSpec geosearchstore = command("GEOSEARCHSTORE")
            .arity(-8)
            .since("6.2.0")
            .history("7.0.0", "Units may be written in capital letters.")
            .complexity("O(N+log(M)), N = number of places that are looked at, M = number of all")
            .summary("Stores the members in a circle or a box.")
            .flags(WRITE, DENYOOM)
            .categories(GEO)
            .key(1, OW, UPDATE)
            .key(2, RO, ACCESS)
            .readsToo()
            .reveals(Reveals.LENGTH)
            .args(
                    key("destination"),
                    key("source", 1),
                    from(),
                    by(),
                    oneOf("order", word("asc", "ASC"), word("desc", "DESC")).optional(),
                    block(
                                    "count",
                                    integer("count").token("COUNT"),
                                    word("any", "ANY").optional())
                            .optional(),
                    word("storedist", "STOREDIST").optional())
            .form((args, form) -> parse(args, form, SEARCH_AND_STORE))
            .handler(call -> search(call, SEARCH_AND_STORE));

    private static ArgSpec from() {
        return oneOf(
                "from",
                string("member").token("FROMMEMBER"),
                block("longitude_latitude", real("longitude"), real("latitude")).token("FROMLONLAT"));
    }

    private static ArgSpec by() {
        return oneOf(
                "by",
                block("circle", real("radius").token("BYRADIUS"), unit()),
                block("box", real("width").token("BYBOX"), real("height"), unit()));
    }

    /**
     * How a command of this kind is written.
     *
     * @param optionsFrom where its options begin
     * @param sourceArg where its source is
     * @param mayStore whether it may store what it finds
     * @param isSearch whether it is one of GEOSEARCH, which name everything by options
     * @param fromPlace whether, else, it begins with longitude and latitude and not with a member
     */
    private record Syntax(int optionsFrom, int sourceArg, boolean mayStore, boolean isSearch, boolean fromPlace) {}

    // Options of the form of a search, and slots: positions of arguments, or 0.
    private static final long WITHDIST = 1;
    private static final long WITHHASH = 1 << 1;
    private static final long WITHCOORD = 1 << 2;
    private static final long ASC = 1 << 3;
    private static final long DESC = 1 << 4;
    private static final long ANY = 1 << 5;
    private static final long STORES_DISTANCE = 1 << 6;
    private static final int COUNT_SLOT = 0;
    private static final int STORE_SLOT = 1;
    private static final int MEMBER_SLOT = 2;
    private static final int PLACE_SLOT = 3;
    private static final int RADIUS_SLOT = 4;
    private static final int BOX_SLOT = 5;

    /** The only parse of the options: what is stored where, and everything else. */
    private static void parse(Args args, Form form, Syntax syntax) {
        java.util.Arrays.fill(form.slots, 0);
        if (syntax.isSearch && syntax.mayStore) {
            form.addKey(1, Form.WRITE);
            form.slots[STORE_SLOT] = 1;
        }
        form.addKey(syntax.sourceArg, Form.READ);
        for (int arg = syntax.optionsFrom; arg < args.count(); arg++) {
            int left = args.count() - arg - 1;
            if (args.is(arg, "WITHDIST")) {
                form.options |= WITHDIST;
            } else if (args.is(arg, "WITHHASH")) {
                form.options |= WITHHASH;
            } else if (args.is(arg, "WITHCOORD")) {
                form.options |= WITHCOORD;
            } else if (args.is(arg, "ANY")) {
                form.options |= ANY;
            } else if (args.is(arg, "ASC")) {
                form.options = form.options & ~DESC | ASC;
            } else if (args.is(arg, "DESC")) {
                form.options = form.options & ~ASC | DESC;
            } else if (args.is(arg, "COUNT") && left > 0) {
                form.slots[COUNT_SLOT] = ++arg;
            } else if (!syntax.isSearch && syntax.mayStore && left > 0 && args.is(arg, "STORE")) {
                form.slots[STORE_SLOT] = ++arg;
                form.options &= ~STORES_DISTANCE;
                form.addKey(arg, Form.WRITE);
            } else if (!syntax.isSearch && syntax.mayStore && left > 0 && args.is(arg, "STOREDIST")) {
                form.slots[STORE_SLOT] = ++arg;
                form.options |= STORES_DISTANCE;
                form.addKey(arg, Form.WRITE);
            } else if (syntax.isSearch && syntax.mayStore && args.is(arg, "STOREDIST")) {
                form.options |= STORES_DISTANCE;
            } else if (syntax.isSearch
                    && !isSet(form, MEMBER_SLOT, PLACE_SLOT)
                    && args.is(arg, "FROMMEMBER")
                    && left > 0) {
                form.slots[MEMBER_SLOT] = ++arg;
            } else if (syntax.isSearch
                    && !isSet(form, MEMBER_SLOT, PLACE_SLOT)
                    && args.is(arg, "FROMLONLAT")
                    && left > 1) {
                form.slots[PLACE_SLOT] = arg + 1;
                arg += 2;
            } else if (syntax.isSearch && !isSet(form, RADIUS_SLOT, BOX_SLOT) && args.is(arg, "BYRADIUS") && left > 1) {
                form.slots[RADIUS_SLOT] = arg + 1;
                arg += 2;
            } else if (syntax.isSearch && !isSet(form, RADIUS_SLOT, BOX_SLOT) && args.is(arg, "BYBOX") && left > 2) {
                form.slots[BOX_SLOT] = arg + 1;
                arg += 3;
            } else {
                form.error = Errors.SYNTAX;
                return;
            }
        }
    }

    private static boolean isSet(Form form, int slot, int other) {
        return form.slots[slot] > 0 || form.slots[other] > 0;
    }

    /** A member that was found: its bytes, its score, and how far it is from the middle in metres. */
    private record Found(byte[] member, double score, double distance) {}

    private static void search(Call call, Syntax syntax) {
        var form = call.form();
        var presence = call.findToRead(syntax.sourceArg, Type.ZSET);
        if (presence == Presence.WRONG_TYPE) {
            return;
        }
        var sorted = presence == Presence.PRESENT ? new ZSetValue().bind(call.entry()) : null;
        int placeArg = syntax.isSearch ? form.slots[PLACE_SLOT] : syntax.fromPlace ? 2 : 0;
        int memberArg = syntax.isSearch ? form.slots[MEMBER_SLOT] : syntax.fromPlace ? 0 : 2;
        int radiusArg = syntax.isSearch ? form.slots[RADIUS_SLOT] : syntax.fromPlace ? 4 : 3;
        int boxArg = syntax.isSearch ? form.slots[BOX_SLOT] : 0;
        GeoHash.@Nullable Place middle = new GeoHash.Place(0, 0);
        if (placeArg > 0) {
            middle = place(call, placeArg);
        } else if (memberArg > 0 && sorted != null) {
            double score = sorted.score(call.element(memberArg));
            if (Double.isNaN(score)) {
                call.reply().error(NO_MEMBER);
                return;
            }
            middle = GeoHash.place(score);
        } else if (memberArg == 0) {
            call.reply()
                    .error("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for "
                            + call.spec().name());
            return;
        }
        if (middle == null) {
            return;
        }
        if (radiusArg == 0 && boxArg == 0) {
            call.reply()
                    .error("ERR exactly one of BYRADIUS and BYBOX can be specified for "
                            + call.spec().name());
            return;
        }
        double unit = metres(call.args(), radiusArg > 0 ? radiusArg + 1 : boxArg + 2);
        // Around a member of nothing there is nothing, and Redis looks at neither radius nor unit.
        boolean isMoot = !syntax.isSearch && memberArg > 0 && sorted == null;
        var shape = isMoot ? new GeoHash.Shape(middle, true, 0, 0) : shape(call, middle, radiusArg, boxArg, unit);
        if (shape == null) {
            return;
        }
        long count = 0;
        if (form.slots[COUNT_SLOT] > 0) {
            if (!call.parseLong(form.slots[COUNT_SLOT])) {
                return;
            }
            count = call.parsed();
            if (count <= 0) {
                call.reply().error(NO_COUNT);
                return;
            }
        }
        boolean stores = form.slots[STORE_SLOT] > 0;
        if (stores && (form.options & (WITHDIST | WITHHASH | WITHCOORD)) != 0) {
            String who = syntax.isSearch ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS";
            call.reply().error("ERR " + who + " is not compatible with WITHDIST, WITHHASH and WITHCOORD options");
            return;
        }
        boolean isAny = (form.options & ANY) != 0;
        if (isAny && count == 0) {
            call.reply().error(ANY_WITHOUT_COUNT);
            return;
        }
        var found = sorted == null ? new ArrayList<Found>() : find(sorted, shape, isAny ? count : 0);
        boolean isUp = (form.options & ASC) != 0 || count > 0 && !isAny && (form.options & DESC) == 0;
        if (isUp || (form.options & DESC) != 0) {
            var byDistance = Comparator.comparingDouble(Found::distance);
            found.sort(isUp ? byDistance : byDistance.reversed());
        }
        List<Found> shown = count > 0 && found.size() > count ? found.subList(0, (int) count) : found;
        if (stores) {
            store(call, shown, unit, syntax.isSearch);
        } else {
            reply(call, shown, unit);
        }
    }

    private static GeoHash.@Nullable Shape shape(
            Call call, GeoHash.Place middle, int radiusArg, int boxArg, double unit) {
        double width;
        double height;
        if (radiusArg > 0) {
            double radius = number(call, radiusArg, NO_RADIUS);
            if (Double.isNaN(radius)) {
                return null;
            }
            if (radius < 0) {
                call.reply().error(NEGATIVE_RADIUS);
                return null;
            }
            width = radius * 2;
            height = width;
        } else {
            width = number(call, boxArg, NO_WIDTH);
            height = Double.isNaN(width) ? Double.NaN : number(call, boxArg + 1, NO_HEIGHT);
            if (Double.isNaN(height)) {
                return null;
            }
            if (width < 0 || height < 0) {
                call.reply().error(NEGATIVE_BOX);
                return null;
            }
        }
        if (unit == 0) {
            call.reply().error(NO_UNIT);
            return null;
        }
        return new GeoHash.Shape(middle, radiusArg > 0, width * unit, height * unit);
    }

    /** The members within a shape, cell by cell; so many at most, 0 for all. */
    private static List<Found> find(ZSetValue sorted, GeoHash.Shape shape, long most) {
        var found = new ArrayList<Found>();
        var member = new Element();
        for (long[] range : GeoHash.ranges(shape)) {
            if (most > 0 && found.size() >= most) {
                break;
            }
            int rank = sorted.rankOfScore(range[0], false);
            int end = sorted.rankOfScore(range[1], false);
            sorted.seek(rank);
            for (; rank < end && sorted.next(member) && (most == 0 || found.size() < most); rank++) {
                double score = sorted.score();
                double distance = shape.distanceInside(GeoHash.place(score));
                if (!Double.isNaN(distance)) {
                    found.add(new Found(member.toBytes(), score, distance));
                }
            }
        }
        return found;
    }

    private static void reply(Call call, List<Found> found, double unit) {
        long options = call.form().options;
        int extras = Long.bitCount(options & (WITHDIST | WITHHASH | WITHCOORD));
        var reply = call.reply();
        reply.arrayHeader(found.size());
        for (var one : found) {
            if (extras > 0) {
                reply.arrayHeader(extras + 1);
            }
            reply.bulk(one.member);
            if ((options & WITHDIST) != 0) {
                replyDistance(call, one.distance / unit);
            }
            if ((options & WITHHASH) != 0) {
                reply.integer((long) one.score);
            }
            if ((options & WITHCOORD) != 0) {
                replyPlace(call, one.score);
            }
        }
    }

    private static void store(Call call, List<Found> found, double unit, boolean isSearch) {
        int keyArg = call.form().slots[STORE_SLOT];
        if (found.isEmpty()) {
            call.storeNothing(keyArg);
            return;
        }
        boolean storesDistance = (call.form().options & STORES_DISTANCE) != 0;
        var members = new ScoredMember[found.size()];
        for (int i = 0; i < members.length; i++) {
            var one = found.get(i);
            members[i] = new ScoredMember(one.member, storesDistance ? one.distance / unit : one.score);
        }
        ScoredMember.store(call, keyArg, members);
        call.changed(keyArg, isSearch ? Event.GEOSEARCHSTORE : Event.GEORADIUSSTORE, found.size());
        call.reply().integer(found.size());
    }
}
