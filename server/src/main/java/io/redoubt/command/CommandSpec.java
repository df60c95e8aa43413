package io.redoubt.command;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The one declaration of a command or subcommand. COMMAND, COMMAND DOCS, ACL categories, key locks, the gate, arity
 * errors and the documentation derive from it. Built fluently by a {@link CommandFamily}; frozen when the table is made.
 */
public final class CommandSpec {
    private final String name;
    private final String fullName;
    private final byte[] fullNameBytes;
    private final @Nullable CommandSpec container;
    private final Map<String, CommandSpec> subcommands = new LinkedHashMap<>();
    private final Map<String, CommandSpec> planned = new LinkedHashMap<>(0);
    private final boolean isPlanned;
    private final EnumSet<CommandFlag> flags = EnumSet.noneOf(CommandFlag.class);
    private final EnumSet<Category> categories = EnumSet.noneOf(Category.class);
    private final List<KeySpec> keySpecs = new ArrayList<>();
    private final List<String> tips = new ArrayList<>();
    private final List<String[]> history = new ArrayList<>();
    private final List<ArgSpec> args = new ArrayList<>();
    private final CommandStats stats;
    private int id = -1;
    private int arity = -1;
    private String since = "1.0.0";
    private String group;
    private String complexity = "";
    private String summary = "";
    private @Nullable String deprecatedSince;
    private @Nullable String replacedBy;
    private Reveals reveals = Reveals.NOTHING;
    private boolean readsToo;
    private boolean mayReadToo;
    private boolean grantedByWriteCategory = true;
    private boolean isOfRedis7;
    private boolean touchesKeyspace;
    private boolean writesAllKeys;
    private boolean wakesOnDeletion;
    private @Nullable FormParser formParser;
    private @Nullable Handler handler;
    private Errand.@Nullable Maker errands;
    private boolean isHeardAfterReply;
    private int flagBits;
    // The common shape, one key at a fixed position, needs no loop.
    private int soleKeyAccess = -1;

    CommandSpec(String name, @Nullable CommandSpec container, String group) {
        this(name, container, group, new CommandStats(), false);
    }

    /** Declares a command that is only planned; it never runs, so it shares its statistics. */
    CommandSpec(String name, @Nullable CommandSpec container, CommandStats noCalls) {
        this(name, container, "", noCalls, true);
    }

    private CommandSpec(
            String name, @Nullable CommandSpec container, String group, CommandStats stats, boolean isPlanned) {
        this.stats = stats;
        this.isPlanned = isPlanned;
        this.name = name.toLowerCase(Locale.ROOT);
        this.fullName = container == null ? this.name : container.name + "|" + this.name;
        this.fullNameBytes = fullName.getBytes(StandardCharsets.ISO_8859_1);
        this.container = container;
        this.group = group;
    }

    // ---- Declaration ----

    /** Number of arguments with the name; negative: at least. */
    public CommandSpec arity(int arity) {
        this.arity = arity;
        return this;
    }

    public CommandSpec since(String version) {
        since = version;
        return this;
    }

    public CommandSpec group(String group) {
        this.group = group;
        return this;
    }

    public CommandSpec complexity(String text) {
        complexity = text;
        return this;
    }

    public CommandSpec summary(String text) {
        summary = text;
        return this;
    }

    public CommandSpec deprecated(String sinceVersion, String replacement) {
        deprecatedSince = sinceVersion;
        replacedBy = replacement;
        return this;
    }

    public CommandSpec history(String version, String change) {
        history.add(new String[] {version, change});
        return this;
    }

    public CommandSpec tips(String... words) {
        Collections.addAll(tips, words);
        return this;
    }

    public CommandSpec flags(CommandFlag... added) {
        Collections.addAll(flags, added);
        return this;
    }

    /** Categories beyond those that the flags imply. */
    public CommandSpec categories(Category... added) {
        Collections.addAll(categories, added);
        return this;
    }

    public CommandSpec args(ArgSpec... added) {
        Collections.addAll(args, added);
        return this;
    }

    /** One key at a position. */
    public CommandSpec key(int index, KeySpec.Flag... keyFlags) {
        return keys(index, 0, 1, keyFlags);
    }

    /** Keys from a position to {@code last} (relative to the first; negative: from the end), every {@code step}. */
    public CommandSpec keys(int first, int last, int step, KeySpec.Flag... keyFlags) {
        return keySpec(new KeySpec(null, first, false, last, step, 0, setOf(keyFlags), null));
    }

    /** Keys behind a count that stands at a position. */
    public CommandSpec countedKeys(int countIndex, int step, KeySpec.Flag... keyFlags) {
        return keySpec(new KeySpec(null, countIndex, true, 0, step, 1, setOf(keyFlags), null));
    }

    public CommandSpec keySpec(KeySpec spec) {
        keySpecs.add(spec);
        return this;
    }

    private static Set<KeySpec.Flag> setOf(KeySpec.Flag... keyFlags) {
        var set = EnumSet.noneOf(KeySpec.Flag.class);
        Collections.addAll(set, keyFlags);
        return set;
    }

    public CommandSpec reveals(Reveals what) {
        reveals = what;
        return this;
    }

    /** Every form of this command reads what it changes: `strict` files it under {@code @read} as well. */
    public CommandSpec readsToo() {
        readsToo = true;
        return this;
    }

    /** Some forms read what they change; the form's parser says which ({@link Form#readsToo}). */
    public CommandSpec mayReadToo() {
        mayReadToo = true;
        return this;
    }

    /** In `strict`, {@code +@write} does not grant this one (FUNCTION LOAD and its kin). */
    public CommandSpec notByWriteCategory() {
        grantedByWriteCategory = false;
        return this;
    }

    /** Names no key, yet touches the keys of the current database (KEYS, SCAN, DBSIZE …). */
    public CommandSpec touchesKeyspace() {
        touchesKeyspace = true;
        return this;
    }

    /** Acts on all keys of a database without naming them (FLUSHALL, FLUSHDB, SWAPDB). */
    public CommandSpec writesAllKeys() {
        writesAllKeys = true;
        touchesKeyspace = true;
        return this;
    }

    /** Who waits by this command is also woken when the key is deleted or its type changes (XREADGROUP). */
    public CommandSpec wakesWhenDeleted() {
        wakesOnDeletion = true;
        return this;
    }

    /** Parses the arguments; without one the form follows from the key specifications. */
    public CommandSpec form(FormParser parser) {
        formParser = parser;
        return this;
    }

    public CommandSpec handler(Handler added) {
        handler = added;
        return this;
    }

    /** As in Redis, the events of what it changes come behind its reply, where its client hears of them itself. */
    public CommandSpec heardAfterReply() {
        isHeardAfterReply = true;
        return this;
    }

    /** In a transaction something has to be done before it runs. */
    public CommandSpec errands(Errand.Maker maker) {
        errands = maker;
        return this;
    }

    CommandSpec addSubcommand(CommandSpec subcommand) {
        if (subcommands.put(subcommand.name, subcommand) != null) {
            throw new IllegalStateException("declared twice: " + subcommand.fullName);
        }
        return this;
    }

    void addPlanned(CommandSpec subcommand) {
        planned.put(subcommand.name, subcommand);
    }

    void markAsOfRedis7() {
        isOfRedis7 = true;
    }

    /** Ends the declaration: derives what follows from it. Called once, by the table. */
    void freeze(int assignedId, int loops) {
        id = assignedId;
        if (!isPlanned) {
            stats.prepare(loops);
        }
        if (flags.contains(CommandFlag.WRITE)) {
            categories.add(Category.WRITE);
        }
        if (flags.contains(CommandFlag.READONLY) && !categories.contains(Category.SCRIPTING)) {
            categories.add(Category.READ);
        }
        if (flags.contains(CommandFlag.ADMIN)) {
            categories.add(Category.ADMIN);
            categories.add(Category.DANGEROUS);
        }
        if (flags.contains(CommandFlag.PUBSUB)) {
            categories.add(Category.PUBSUB);
        }
        if (flags.contains(CommandFlag.BLOCKING)) {
            categories.add(Category.BLOCKING);
        }
        categories.add(flags.contains(CommandFlag.FAST) ? Category.FAST : Category.SLOW);
        for (var flag : flags) {
            flagBits |= 1 << flag.ordinal();
        }
        if (formParser == null && keySpecs.size() == 1) {
            var spec = keySpecs.getFirst();
            boolean isKey = !spec.flags().contains(KeySpec.Flag.NOT_KEY);
            boolean isFirst = spec.beginKeyword() == null && spec.beginIndex() == 1;
            if (isKey && isFirst && !spec.byKeyCount() && spec.last() == 0) {
                boolean tells = readsToo && (spec.access() & Form.READ) == 0;
                soleKeyAccess = tells ? spec.access() | Form.TELLS : spec.access();
            }
        }
        if (!isPlanned && handler == null && subcommands.isEmpty()) {
            throw new IllegalStateException("no handler: " + fullName);
        }
    }

    // ---- What follows from it ----

    /** Fills {@code form}, which is reset first. */
    public void parse(Args arguments, Form form) {
        form.reset();
        form.readsToo = readsToo;
        form.writesAllKeys = writesAllKeys;
        form.touchesCurrentDatabase = touchesKeyspace;
        if (soleKeyAccess >= 0) {
            form.addKey(1, soleKeyAccess);
        } else if (formParser != null) {
            formParser.parse(arguments, form);
        } else {
            for (int i = 0; i < keySpecs.size(); i++) {
                addKeys(keySpecs.get(i), arguments, form);
            }
        }
    }

    /** Adds the keys that one key specification finds; for parsers that only add to what it says. */
    public static void addKeys(KeySpec spec, Args arguments, Form form) {
        if (spec.flags().contains(KeySpec.Flag.NOT_KEY)) {
            return;
        }
        int first = spec.beginIndex();
        if (spec.beginKeyword() != null) {
            first = afterKeyword(spec.beginKeyword(), first, arguments);
        }
        if (first <= 0) {
            return; // The keyword is not there, or only a parser of its own finds these keys.
        }
        int access = spec.access();
        if (spec.byKeyCount()) {
            int countAt = first + spec.last();
            if (countAt >= arguments.count()) {
                return;
            }
            long count = io.redoubt.resp.Decimal.parseLong(
                    arguments.buffer(), arguments.start(countAt), arguments.length(countAt), -1);
            int at = first + spec.limit();
            for (long i = 0; i < count && at < arguments.count(); i++, at += spec.step()) {
                form.addKey(at, access);
            }
            return;
        }
        int last = first + spec.last();
        if (spec.last() < 0) {
            int rest = arguments.count() - first;
            last = spec.limit() > 1 ? first + rest / spec.limit() + spec.last() : first + rest + spec.last();
        }
        for (int at = first; at <= last && at < arguments.count(); at += spec.step()) {
            form.addKey(at, access);
        }
    }

    /** Returns the argument behind a keyword, or 0; a negative start seeks backwards from so far before the end. */
    private static int afterKeyword(String keyword, int startFrom, Args arguments) {
        int step = startFrom < 0 ? -1 : 1;
        for (int at = startFrom < 0 ? arguments.count() + startFrom : startFrom;
                at > 0 && at < arguments.count();
                at += step) {
            if (arguments.is(at, keyword)) {
                return at + 1;
            }
        }
        return 0;
    }

    /** Returns the subcommand of a name in any case, or null; planned ones are not found. */
    public @Nullable CommandSpec subcommand(String subcommandName) {
        return subcommands.get(subcommandName.toLowerCase(Locale.ROOT));
    }

    /** Returns the subcommand of a name in any case, planned ones included, or null. */
    public @Nullable CommandSpec knownSubcommand(String subcommandName) {
        var running = subcommand(subcommandName);
        return running != null || planned.isEmpty() ? running : planned.get(subcommandName.toLowerCase(Locale.ROOT));
    }

    /** Returns the subcommand that an argument names, in any case, or null. */
    public @Nullable CommandSpec subcommandAt(Args arguments, int arg) {
        return arguments.length(arg) > 64 ? null : subcommand(arguments.text(arg));
    }

    /** Whether it can be run itself: some containers only hold subcommands. */
    public boolean isRunnable() {
        return handler != null;
    }

    public boolean accepts(int argCount) {
        return arity >= 0 ? argCount == arity : argCount >= -arity;
    }

    public boolean has(CommandFlag flag) {
        return (flagBits & 1 << flag.ordinal()) != 0;
    }

    /** Returns the flags as bits by ordinal. */
    public int flagBits() {
        return flagBits;
    }

    /** Dense number over all commands and subcommands of the table. */
    public int id() {
        return id;
    }

    /** Lower-case name without the container's. */
    public String name() {
        return name;
    }

    /** Lower-case name, {@code config|set} for a subcommand. */
    public String fullName() {
        return fullName;
    }

    public byte[] fullNameBytes() {
        return fullNameBytes;
    }

    public @Nullable CommandSpec container() {
        return container;
    }

    public boolean isContainer() {
        return !subcommands.isEmpty() || !planned.isEmpty();
    }

    /** Whether rules may name it although it cannot run yet. Nothing else shows it. */
    public boolean isPlanned() {
        return isPlanned;
    }

    /** Whether Redis 7.0 has it too. */
    public boolean isOfRedis7() {
        return isOfRedis7;
    }

    /** Returns the subcommands that run. */
    public Collection<CommandSpec> subcommands() {
        return subcommands.values();
    }

    /** Returns the subcommands that are only planned. */
    public Collection<CommandSpec> plannedSubcommands() {
        return planned.values();
    }

    public Set<CommandFlag> flags() {
        return flags;
    }

    public Set<Category> categories() {
        return categories;
    }

    public List<KeySpec> keySpecs() {
        return keySpecs;
    }

    public List<String> tips() {
        return tips;
    }

    public List<String[]> history() {
        return history;
    }

    public List<ArgSpec> args() {
        return args;
    }

    public int arity() {
        return arity;
    }

    public String since() {
        return since;
    }

    public String group() {
        return group;
    }

    public String complexity() {
        return complexity;
    }

    public String summary() {
        return summary;
    }

    public @Nullable String deprecatedSince() {
        return deprecatedSince;
    }

    public @Nullable String replacedBy() {
        return replacedBy;
    }

    public Reveals reveals() {
        return reveals;
    }

    /** Whether every form reads what it changes. */
    public boolean alwaysReadsToo() {
        return readsToo;
    }

    /** Whether some form reads what it changes, depending on its options. */
    public boolean sometimesReadsToo() {
        return mayReadToo;
    }

    public boolean isGrantedByWriteCategory() {
        return grantedByWriteCategory;
    }

    boolean wakesOnDeletion() {
        return wakesOnDeletion;
    }

    public CommandStats stats() {
        return stats;
    }

    boolean isHeardAfterReply() {
        return isHeardAfterReply;
    }

    Errand.@Nullable Maker errands() {
        return errands;
    }

    Handler handler() {
        if (handler == null) {
            throw new IllegalStateException("a container has no handler: " + fullName);
        }
        return handler;
    }

    @Nullable
    Handler handlerOrNull() {
        return handler;
    }

    @Override
    public String toString() {
        return fullName;
    }
}
