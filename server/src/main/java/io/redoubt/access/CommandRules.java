package io.redoubt.access;

import io.redoubt.command.Category;
import io.redoubt.command.CommandSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The command part of a selector while rules are applied: what is granted, and the text that says so.
 *
 * <p>A command that reads what it changes has two halves (strict rule write-is-not-read). {@code ±@write} acts on the
 * plain half, {@code ±@read} on the read half, every other rule on both. A command that reads only by an option is
 * granted whole by its name, unless the selector has said {@code -@read} without a later {@code +@read}.
 *
 * <p>The kept text is the list of the rules in order. A newer rule on the same command or category replaces the older
 * one, as Redis 7.2 prints it – but only where the shorter list means the same: every rule but {@code +@write}, which
 * never grants FUNCTION LOAD and its kin, decides all the bits that its older twin decided, so that is nearly always.
 * Therefore a saved line, read again, grants exactly what was granted.
 */
final class CommandRules {
    private final CommandSets sets;
    private long[] plain;
    private long[] read;
    private boolean isAllByDefault;
    private boolean isReadDenied;
    private TreeMap<Integer, List<String>> firstArgs = new TreeMap<>();
    private List<String> kept = new ArrayList<>();

    CommandRules(CommandSets sets) {
        this.sets = sets;
        plain = new long[sets.words()];
        read = new long[sets.words()];
    }

    CommandRules copy() {
        var copy = new CommandRules(sets);
        copy.plain = plain.clone();
        copy.read = read.clone();
        copy.isAllByDefault = isAllByDefault;
        copy.isReadDenied = isReadDenied;
        firstArgs.forEach((id, args) -> copy.firstArgs.put(id, new ArrayList<>(args)));
        copy.kept = new ArrayList<>(kept);
        return copy;
    }

    long[] plain() {
        return plain;
    }

    long[] read() {
        return read;
    }

    /** Whether a first-argument rule also grants the read half. */
    boolean firstArgsReadToo() {
        return !isReadDenied;
    }

    TreeMap<Integer, List<String>> firstArgs() {
        return firstArgs;
    }

    /** Applies a rule that begins with {@code +} or {@code -}, or one of the words for all commands. */
    void apply(String rule) throws RuleException {
        String lower = rule.toLowerCase(Locale.ROOT);
        switch (lower) {
            case "allcommands", "+@all" -> all(true);
            case "nocommands", "-@all" -> all(false);
            default -> {
                run(lower, rule);
                keep(lower, rule);
            }
        }
    }

    private void all(boolean on) {
        Arrays.fill(plain, 0);
        Arrays.fill(read, 0);
        CommandSets.setAll(plain, sets.everything(), on);
        CommandSets.setAll(read, sets.everything(), on);
        isAllByDefault = on;
        isReadDenied = false;
        firstArgs.clear();
        kept.clear();
    }

    private void run(String lower, String rule) throws RuleException {
        boolean on = lower.charAt(0) == '+';
        String name = lower.substring(1);
        if (name.startsWith("@")) {
            var category = Category.of(name.substring(1));
            if (category == null) {
                throw new RuleException(RuleException.UNKNOWN);
            }
            category(category, on);
            return;
        }
        int bar = name.lastIndexOf('|');
        if (on && bar >= 0) {
            allowPart(name.substring(0, bar), rule.substring(bar + 2));
            return;
        }
        command(find(name), on);
    }

    private CommandSpec find(String name) throws RuleException {
        var spec = sets.find(name);
        if (spec == null) {
            throw new RuleException(RuleException.UNKNOWN);
        }
        return spec;
    }

    /** Applies {@code +command|part}: a subcommand, or a first argument where the command has no subcommands. */
    private void allowPart(String name, String part) throws RuleException {
        var spec = find(name);
        if (spec.container() != null) {
            throw new RuleException(RuleException.FIRST_ARG);
        }
        if (part.isEmpty() || !AclFile.isName(part)) { // A blank would end the rule in a file, a line feed the user.
            throw new RuleException(RuleException.SYNTAX);
        }
        if (spec.isContainer()) {
            command(find(name + "|" + part), true);
            return;
        }
        var args = firstArgs.computeIfAbsent(spec.id(), _ -> new ArrayList<>());
        if (args.stream().noneMatch(part::equalsIgnoreCase)) {
            args.add(part);
        }
    }

    private void command(CommandSpec spec, boolean on) {
        setBoth(spec, on);
        for (var subcommand : spec.subcommands()) {
            setBoth(subcommand, on);
        }
        for (var subcommand : spec.plannedSubcommands()) {
            setBoth(subcommand, on);
        }
    }

    private void setBoth(CommandSpec spec, boolean on) {
        CommandSets.set(plain, spec.id(), on);
        CommandSets.set(read, spec.id(), on && !(spec.sometimesReadsToo() && isReadDenied));
        firstArgs.remove(spec.id());
    }

    private void category(Category category, boolean on) {
        long[] members = sets.members(category);
        for (int id = 0; id < sets.size(); id++) {
            if (CommandSets.has(members, id)) {
                firstArgs.remove(id);
            }
        }
        if (!sets.hasHalves()) {
            CommandSets.setAll(plain, members, on);
            return;
        }
        if (category == Category.READ) {
            CommandSets.setAll(plain, members, on);
            CommandSets.setAll(read, sets.readsToo(), on);
            CommandSets.setAll(read, sets.mayReadToo(), on);
            isReadDenied = !on;
        } else if (category == Category.WRITE) {
            long[] granted = members.clone();
            if (on) {
                CommandSets.setAll(granted, sets.notByWrite(), false);
            }
            CommandSets.setAll(plain, granted, on);
        } else {
            CommandSets.setAll(plain, members, on);
            CommandSets.setAll(read, members, on);
        }
    }

    // ---- The text ----

    private void keep(String lower, String rule) throws RuleException {
        String subject = lower.substring(1);
        String text = lower;
        int bar = subject.lastIndexOf('|');
        if (bar >= 0
                && lower.charAt(0) == '+'
                && !find(subject.substring(0, bar)).isContainer()) {
            text = lower.substring(0, bar + 2) + rule.substring(bar + 2); // A first argument stays as it was given.
        }
        var shorter = new ArrayList<String>(kept.size() + 1);
        for (var old : kept) {
            String oldSubject = old.substring(1).toLowerCase(Locale.ROOT);
            boolean isPart = !subject.startsWith("@") && bar < 0 && oldSubject.startsWith(subject + "|");
            if (!oldSubject.equals(subject) && !isPart) {
                shorter.add(old);
            }
        }
        shorter.add(text);
        kept.add(text);
        if (shorter.size() < kept.size() && meansThis(shorter)) {
            kept = shorter;
        }
    }

    private boolean meansThis(List<String> rules) throws RuleException {
        var replay = new CommandRules(sets);
        replay.all(isAllByDefault);
        for (var rule : rules) {
            replay.run(rule.toLowerCase(Locale.ROOT), rule);
        }
        return Arrays.equals(plain, replay.plain)
                && Arrays.equals(read, replay.read)
                && isReadDenied == replay.isReadDenied
                && sameFirstArgs(replay);
    }

    private boolean sameFirstArgs(CommandRules other) {
        return foldedFirstArgs().equals(other.foldedFirstArgs());
    }

    /** First arguments are compared without case, and their order means nothing. */
    private Map<Integer, Set<String>> foldedFirstArgs() {
        var folded = new HashMap<Integer, Set<String>>();
        firstArgs.forEach((id, args) -> {
            var set = new HashSet<String>();
            args.forEach(arg -> set.add(arg.toLowerCase(Locale.ROOT)));
            folded.put(id, set);
        });
        return folded;
    }

    /** Returns the rules in the order in which they were given, as Redis 7.2 and later print them. */
    String keptText() {
        return kept.isEmpty() ? base() : base() + " " + String.join(" ", kept);
    }

    private String base() {
        return isAllByDefault ? "+@all" : "-@all";
    }

    /**
     * Returns rules that grant the same, found anew as Redis 7.0 does: it takes, one after another, the category that
     * fits best what is still to be said, and names the remaining commands one by one.
     */
    String recomputedText() {
        var shown = new CommandRules(sets);
        shown.all(isAllByDefault);
        long[] left = plain.clone();
        var text = new StringBuilder(base());
        boolean adds = !isAllByDefault;
        long[] counted = sets.ofRedis7(); // Newer commands must not sway what Redis would choose.
        var open = new ArrayList<>(List.of(Category.values()));
        while (true) {
            Category best = null;
            int fewestWrong = Integer.MAX_VALUE;
            int mostRight = 0;
            for (var category : open) {
                int granted = 0;
                int denied = 0;
                long[] members = sets.members(category);
                for (int i = 0; i < members.length; i++) {
                    granted += Long.bitCount(members[i] & counted[i] & left[i]);
                    denied += Long.bitCount(members[i] & counted[i] & ~left[i]);
                }
                int wrong = adds ? denied : granted;
                int right = adds ? granted : denied;
                if (right > wrong && (wrong < fewestWrong || wrong == fewestWrong && right > mostRight)) {
                    best = category;
                    fewestWrong = wrong;
                    mostRight = right;
                }
            }
            if (best == null) {
                break;
            }
            open.remove(best);
            shown.category(best, adds);
            // What is said needs no more saying, so it must not count for the next category.
            CommandSets.setAll(left, sets.members(best), !adds);
            text.append(adds ? " +@" : " -@").append(best.word());
        }
        for (var spec : sets.byName()) {
            nameOne(spec, shown, text);
            for (var subcommand : spec.subcommands()) {
                nameOne(subcommand, shown, text);
            }
            for (var subcommand : spec.plannedSubcommands()) {
                nameOne(subcommand, shown, text);
            }
        }
        return text.toString();
    }

    private void nameOne(CommandSpec spec, CommandRules shown, StringBuilder text) {
        boolean granted = CommandSets.has(plain, spec.id());
        if (granted != CommandSets.has(shown.plain, spec.id())) {
            text.append(granted ? " +" : " -").append(spec.fullName());
            shown.command(spec, granted);
        }
        var args = firstArgs.get(spec.id());
        if (!granted && args != null) {
            for (var arg : args) {
                text.append(" +").append(spec.fullName()).append('|').append(arg);
            }
        }
    }
}
