package io.redoubt.access;

import io.redoubt.resp.ArgumentLine;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** A user while rules are applied to it. */
final class UserRules {
    /** What the rules say about RESTORE payloads. */
    enum Sanitize {
        UNSAID,
        CHECK,
        SKIP
    }

    /** What all users of a server share. */
    record Shared(CommandSets sets, AccessSettings settings) {}

    private final String name;
    private final Shared shared;
    private final boolean isAllChannelsByDefault;
    private boolean isEnabled;
    private boolean hasNoPassword;
    private Sanitize sanitize = Sanitize.UNSAID;
    private LinkedHashSet<String> passwords = new LinkedHashSet<>();
    private SelectorRules root;
    private List<SelectorRules> selectors = new ArrayList<>();

    UserRules(String name, Shared shared, boolean isAllChannelsByDefault) {
        this.name = name;
        this.shared = shared;
        this.isAllChannelsByDefault = isAllChannelsByDefault;
        root = new SelectorRules(shared.sets, isAllChannelsByDefault);
        if (shared.settings.strict() && !name.equals(User.DEFAULT)) {
            sanitize = Sanitize.CHECK; // Redis 7.2 says so of every user that was created.
        }
    }

    /** Returns what the default user is before anything is said about it. */
    static UserRules initialDefault(Shared shared) {
        var rules = new UserRules(User.DEFAULT, shared, false);
        try {
            rules.applyAll(List.of("on", "nopass", "~*", "&*", "+@all"));
        } catch (RuleException impossible) {
            throw new IllegalStateException(impossible);
        }
        rules.sanitize = Sanitize.UNSAID;
        return rules;
    }

    UserRules copy() {
        return copy(isAllChannelsByDefault);
    }

    /** @param allChannelsByDefault what {@code reset} does to channels from now on */
    UserRules copy(boolean allChannelsByDefault) {
        var copy = new UserRules(name, shared, allChannelsByDefault);
        copy.isEnabled = isEnabled;
        copy.hasNoPassword = hasNoPassword;
        copy.sanitize = sanitize;
        copy.passwords = new LinkedHashSet<>(passwords);
        copy.root = root.copy();
        selectors.forEach(selector -> copy.selectors.add(selector.copy()));
        return copy;
    }

    String name() {
        return name;
    }

    boolean isEnabled() {
        return isEnabled;
    }

    boolean hasNoPassword() {
        return hasNoPassword;
    }

    Sanitize sanitize() {
        return sanitize;
    }

    Collection<String> passwords() {
        return passwords;
    }

    SelectorRules root() {
        return root;
    }

    List<SelectorRules> selectors() {
        return selectors;
    }

    /** Whether two users have the same name, rights and passwords. */
    boolean saysTheSameAs(UserRules other) {
        return line().equals(other.line());
    }

    /** Joins the parts of selectors that were given as several rules. */
    static List<String> joinSelectors(List<String> rules) throws RuleException {
        var joined = new ArrayList<String>();
        for (int i = 0; i < rules.size(); i++) {
            String rule = rules.get(i);
            if (rule.startsWith("(")) {
                var whole = new StringBuilder(rule);
                while (whole.charAt(whole.length() - 1) != ')') {
                    if (++i == rules.size()) {
                        throw RuleException.unmatched(rule);
                    }
                    whole.append(' ').append(rules.get(i));
                }
                rule = whole.toString();
            }
            joined.add(rule);
        }
        return joined;
    }

    /** Applies rules in order; the first bad one ends it, so whoever wants all or nothing works on a copy. */
    void applyAll(List<String> rules) throws RuleException {
        for (var rule : joinSelectors(rules)) {
            try {
                apply(rule);
            } catch (RuleException e) {
                throw e.at(rule);
            }
        }
    }

    private void apply(String rule) throws RuleException {
        if (rule.isEmpty()) {
            return;
        }
        switch (rule.toLowerCase(Locale.ROOT)) {
            case "on" -> isEnabled = true;
            case "off" -> isEnabled = false;
            case "nopass" -> {
                hasNoPassword = true;
                passwords.clear();
            }
            case "resetpass" -> resetPasswords();
            case "sanitize-payload" -> sanitize = Sanitize.CHECK;
            case "skip-sanitize-payload" -> sanitize = Sanitize.SKIP;
            case "clearselectors" -> selectors.clear();
            case "reset" -> {
                resetPasswords();
                root.reset(isAllChannelsByDefault);
                isEnabled = false;
                sanitize = Sanitize.CHECK;
                selectors.clear();
            }
            default -> applyPrefixed(rule);
        }
    }

    private void applyPrefixed(String rule) throws RuleException {
        switch (rule.charAt(0)) {
            case '>' -> addPassword(Passwords.hash(rule.substring(1)));
            case '#' -> addPassword(checkedHash(rule));
            case '<' -> removePassword(Passwords.hash(rule.substring(1)));
            case '!' -> removePassword(checkedHash(rule));
            case '(' -> selectors.add(selector(rule));
            default -> root.apply(rule);
        }
    }

    private SelectorRules selector(String rule) throws RuleException {
        var selector = new SelectorRules(shared.sets, isAllChannelsByDefault);
        var words = ArgumentLine.splitArguments(Text.bytes(rule.substring(1, rule.length() - 1)));
        // In Redis, too, a selector whose quotes do not match allows nothing.
        for (var word : words == null ? List.<byte[]>of() : words) {
            selector.apply(Text.of(word));
        }
        return selector;
    }

    private static String checkedHash(String rule) throws RuleException {
        String hash = rule.substring(1);
        if (!Passwords.isHash(hash)) {
            throw new RuleException(RuleException.BAD_HASH);
        }
        return hash;
    }

    void resetPasswords() {
        passwords.clear();
        hasNoPassword = false;
    }

    void addPassword(String hash) {
        passwords.add(hash);
        hasNoPassword = false;
    }

    private void removePassword(String hash) throws RuleException {
        if (!passwords.remove(hash)) {
            throw new RuleException(RuleException.NO_SUCH_PASSWORD);
        }
    }

    /** Makes the selectors that the gate asks, the root first. */
    Selector[] compile() {
        var all = new ArrayList<SelectorRules>();
        all.add(root);
        all.addAll(selectors);
        var unsaid = databasesWhereUnsaid(all);
        return all.stream()
                .map(rules -> new Selector(
                        rules,
                        rules.databases().isExplicit() ? rules.databases() : unsaid,
                        shared.sets,
                        shared.settings))
                .toArray(Selector[]::new);
    }

    /** Strict rule database: without a rule, database 0 and what SELECT may reach. */
    private Databases databasesWhereUnsaid(List<SelectorRules> all) {
        var select = shared.sets.find("select");
        if (!shared.settings.has(StrictRule.DATABASE)) {
            return Databases.UNSAID;
        }
        var numbers = new TreeSet<Integer>();
        numbers.add(0);
        if (select != null) {
            for (var rules : all) {
                if (CommandSets.has(rules.commands().plain(), select.id())) {
                    return Databases.UNSAID;
                }
                for (var arg : rules.commands().firstArgs().getOrDefault(select.id(), List.of())) {
                    if (arg.length() <= 9 && !arg.isEmpty() && arg.chars().allMatch(c -> c >= '0' && c <= '9')) {
                        numbers.add(Integer.parseInt(arg));
                    }
                }
            }
        }
        return Databases.some(numbers, false);
    }

    /** Returns the flags in Redis's order. */
    List<String> flags() {
        var flags = new ArrayList<String>();
        flags.add(isEnabled ? "on" : "off");
        if (hasNoPassword) {
            flags.add("nopass");
        }
        switch (sanitize) {
            case CHECK -> flags.add("sanitize-payload");
            case SKIP -> flags.add("skip-sanitize-payload");
            case UNSAID -> {
                // Redis prints nothing either.
            }
        }
        return flags;
    }

    /** Whether some selector says something about databases. */
    boolean saysDatabases() {
        return root.databases().isExplicit()
                || selectors.stream().anyMatch(selector -> selector.databases().isExplicit());
    }

    /** Returns the line of ACL LIST and of ACL files. */
    String line() {
        boolean isStrict = shared.settings.strict();
        var line = new StringBuilder("user ").append(name).append(' ').append(String.join(" ", flags()));
        passwords.forEach(hash -> line.append(" #").append(hash));
        line.append(' ').append(root.text(isStrict));
        for (var selector : selectors) {
            var words = Arrays.stream(selector.text(isStrict).split(" ")).map(UserRules::quoteIfNeeded);
            line.append(" (").append(words.collect(Collectors.joining(" "))).append(')');
        }
        return line.toString();
    }

    /** Quotes what would be taken for the end of the selector or for a quote when the line is read again. */
    private static String quoteIfNeeded(String word) {
        boolean isPlain = !word.endsWith(")") && word.indexOf('"') < 0 && word.indexOf('\'') < 0;
        return isPlain ? word : '"' + word.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}
