package io.redoubt.access;

import io.redoubt.command.Form;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A selector while rules are applied to it. */
final class SelectorRules {
    private final CommandSets sets;
    private final CommandRules commands;
    private final List<KeyPattern> keys = new ArrayList<>();
    private final List<String> channels = new ArrayList<>();
    private boolean isAllKeys;
    private boolean isAllChannels;
    private Databases databases = Databases.UNSAID;

    SelectorRules(CommandSets sets, boolean isAllChannels) {
        this(sets, new CommandRules(sets));
        this.isAllChannels = isAllChannels;
    }

    private SelectorRules(CommandSets sets, CommandRules commands) {
        this.sets = sets;
        this.commands = commands;
    }

    SelectorRules copy() {
        var copy = new SelectorRules(sets, commands.copy());
        copy.keys.addAll(keys);
        copy.channels.addAll(channels);
        copy.isAllKeys = isAllKeys;
        copy.isAllChannels = isAllChannels;
        copy.databases = databases;
        return copy;
    }

    CommandRules commands() {
        return commands;
    }

    List<KeyPattern> keys() {
        return keys;
    }

    List<byte[]> channelGlobs() {
        return channels.stream()
                .map(channel -> channel.getBytes(StandardCharsets.ISO_8859_1))
                .toList();
    }

    boolean isAllKeys() {
        return isAllKeys;
    }

    boolean isAllChannels() {
        return isAllChannels;
    }

    Databases databases() {
        return databases;
    }

    /** Forgets all but what a new selector has. */
    void reset(boolean withAllChannels) throws RuleException {
        apply("resetkeys");
        apply("resetchannels");
        isAllChannels = withAllChannels;
        databases = Databases.UNSAID;
        apply("-@all");
    }

    void apply(String rule) throws RuleException {
        if (rule.isEmpty()) {
            return;
        }
        switch (rule.toLowerCase(Locale.ROOT)) {
            case "allkeys" -> allKeys();
            case "resetkeys" -> {
                keys.clear();
                isAllKeys = false;
            }
            case "allchannels" -> allChannels();
            case "resetchannels" -> {
                channels.clear();
                isAllChannels = false;
            }
            case "alldbs" -> databases = Databases.ALL;
            case "resetdbs" -> databases = Databases.NONE;
            case "allcommands", "nocommands" -> commands.apply(rule);
            default -> applyPrefixed(rule);
        }
    }

    private void applyPrefixed(String rule) throws RuleException {
        switch (rule.charAt(0)) {
            case '~' -> key(rule.substring(1), KeyPattern.BOTH);
            case '%' -> keyWithAccess(rule);
            case '&' -> channel(rule.substring(1));
            case '+', '-' -> commands.apply(rule);
            default -> {
                if (!rule.regionMatches(true, 0, "db=", 0, 3)) {
                    throw new RuleException(RuleException.SYNTAX);
                }
                databases = Databases.parse(rule.substring(3));
            }
        }
    }

    private void keyWithAccess(String rule) throws RuleException {
        int access = 0;
        int at = 1;
        for (; at < rule.length() && rule.charAt(at) != '~'; at++) {
            access |= switch (rule.charAt(at)) {
                case 'r', 'R' -> Form.READ;
                case 'w', 'W' -> Form.WRITE;
                default -> throw new RuleException(RuleException.SYNTAX);
            };
        }
        if (access == 0) {
            throw new RuleException(RuleException.SYNTAX);
        }
        // Without a tilde the pattern is empty, as Redis has it.
        key(at < rule.length() ? rule.substring(at + 1) : "", access);
    }

    private void key(String pattern, int access) throws RuleException {
        if (pattern.equals("*") && access == KeyPattern.BOTH) {
            allKeys();
            return;
        }
        if (isAllKeys) {
            throw new RuleException(RuleException.KEY_AFTER_ALL);
        }
        refuseBlanks(pattern);
        for (int i = 0; i < keys.size(); i++) {
            var old = keys.get(i);
            if (old.text().equals(pattern)) {
                int merged = old.access() | access;
                keys.set(i, KeyPattern.of(pattern, merged));
                if (merged == KeyPattern.BOTH && old.isStar()) {
                    allKeys(); // It prints as ~*, so it must be what ~* makes.
                }
                return;
            }
        }
        keys.add(KeyPattern.of(pattern, access));
    }

    private void allKeys() {
        isAllKeys = true;
        keys.clear();
    }

    private void channel(String pattern) throws RuleException {
        if (pattern.equals("*")) {
            allChannels();
            return;
        }
        if (isAllChannels) {
            throw new RuleException(RuleException.CHANNEL_AFTER_ALL);
        }
        refuseBlanks(pattern);
        if (!channels.contains(pattern)) {
            channels.add(pattern);
        }
    }

    private void allChannels() {
        isAllChannels = true;
        channels.clear();
    }

    private static void refuseBlanks(String pattern) throws RuleException {
        for (int i = 0; i < pattern.length(); i++) {
            char c = pattern.charAt(i);
            if (c == 0 || c == ' ' || c >= '\t' && c <= '\r') {
                throw new RuleException(RuleException.SYNTAX);
            }
        }
    }

    // ---- Texts ----

    /** Returns the key patterns as GETUSER shows them. */
    String keysText() {
        if (isAllKeys) {
            return "~*";
        }
        return String.join(" ", keys.stream().map(KeyPattern::rule).toList());
    }

    String channelsText() {
        if (isAllChannels) {
            return "&*";
        }
        return String.join(" ", channels.stream().map(channel -> "&" + channel).toList());
    }

    String commandsText(boolean isStrict) {
        return isStrict ? commands.keptText() : commands.recomputedText();
    }

    /** Returns the rules that make this selector, as ACL LIST prints them. */
    String text(boolean isStrict) {
        var text = new StringBuilder(keysText());
        text.append(text.isEmpty() ? "" : " ");
        if (isAllChannels) {
            text.append("&* ");
        } else {
            text.append("resetchannels ");
            channels.forEach(channel -> text.append('&').append(channel).append(' '));
        }
        return text.append(databases.rule(isStrict))
                .append(commandsText(isStrict))
                .toString();
    }
}
