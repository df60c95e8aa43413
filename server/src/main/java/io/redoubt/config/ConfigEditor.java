package io.redoubt.config;

import io.redoubt.resp.Glob;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What CONFIG GET and CONFIG SET do, without the commands around it. Used in exclusive mode only. */
public final class ConfigEditor {
    /** What is shown instead of a secret that is set. */
    public static final String REDACTED = "(redacted)";

    private static final String LOADING = "LOADING Redis is loading the dataset in memory";

    private final Config config;

    public ConfigEditor(Config config) {
        this.config = config;
    }

    /** A name as asked for, and its value as text. */
    public record Setting(String name, String value) {}

    /**
     * The settings whose names match one of the patterns, each name once. A hidden one must be named exactly.
     * @param hidesSecrets shows {@link #REDACTED} for a secret that is set
     */
    public List<Setting> get(List<String> patterns, boolean hidesSecrets) {
        List<Setting> found = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (String pattern : patterns) {
            if (pattern.indexOf('*') < 0 && pattern.indexOf('?') < 0 && pattern.indexOf('[') < 0) {
                Directive<?> directive = config.find(pattern);
                if (directive != null && seen.add(pattern.toLowerCase(Locale.ROOT))) {
                    found.add(new Setting(pattern, shown(directive, hidesSecrets)));
                }
                continue;
            }
            byte[] glob = pattern.getBytes(StandardCharsets.ISO_8859_1);
            for (Directive<?> directive : config.all()) {
                if (!directive.isHidden()) {
                    addMatching(directive.name(), glob, directive, hidesSecrets, seen, found);
                    for (String alias : directive.aliases()) {
                        addMatching(alias, glob, directive, hidesSecrets, seen, found);
                    }
                }
            }
        }
        return found;
    }

    private static void addMatching(
            String name,
            byte[] pattern,
            Directive<?> directive,
            boolean hidesSecrets,
            Set<String> seen,
            List<Setting> found) {
        if (matches(pattern, name) && seen.add(name)) {
            found.add(new Setting(name, shown(directive, hidesSecrets)));
        }
    }

    private static String shown(Directive<?> directive, boolean hidesSecrets) {
        String text = directive.asText();
        return hidesSecrets && directive.isSecret() && !text.isEmpty() ? REDACTED : text;
    }

    private static boolean matches(byte[] pattern, String name) {
        byte[] text = name.getBytes(StandardCharsets.ISO_8859_1);
        return Glob.matches(pattern, 0, pattern.length, text, 0, text.length, true);
    }

    /**
     * Changes all settings or none.
     * @param mayChangeProtected whether the client may set protected directives
     * @param hidesSecrets refuses the word {@link #REDACTED} as a secret, so that an answer of GET is never set
     * @param isLoading refuses what must stay as it is while the data set is loaded
     * @return null when done, else the whole error, beginning with its code
     */
    public @Nullable String set(
            List<Setting> settings, boolean mayChangeProtected, boolean hidesSecrets, boolean isLoading) {
        List<Change<?>> changes = new ArrayList<>();
        List<Directive<?>> directives = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (Setting setting : settings) {
            Directive<?> directive = config.find(setting.name());
            if (directive == null) {
                return "ERR Unknown option or number of arguments for CONFIG SET - '" + setting.name() + "'";
            }
            if (directive.mutability() == Mutability.AT_START && !isKept(directive, setting)) {
                return failed(setting.name(), "can't set immutable config");
            }
            if (directive.mutability() == Mutability.PROTECTED && !mayChangeProtected) {
                return failed(setting.name(), "can't set protected config");
            }
            if (isLoading && directive.isFixedWhileLoading()) {
                return LOADING;
            }
            directives.add(directive);
            if (!seen.add(setting.name().toLowerCase(Locale.ROOT))) {
                return failed(setting.name(), "duplicate parameter");
            }
        }
        for (int i = 0; i < settings.size(); i++) {
            Setting setting = settings.get(i);
            Directive<?> directive = directives.get(i);
            if (hidesSecrets && directive.isSecret() && setting.value().equals(REDACTED)) {
                return failed(setting.name(), "(redacted) stands for a secret and cannot be one");
            }
            try {
                changes.add(Change.of(directive, setting));
            } catch (RefusedValueException refused) {
                return failed(setting.name(), refused.reason());
            }
        }
        for (int i = 0; i < changes.size(); i++) {
            try {
                changes.get(i).apply();
            } catch (RefusedValueException refused) {
                takeBack(changes, i);
                return failed(changes.get(i).asked(), refused.reason());
            }
        }
        return null;
    }

    /**
     * Whether a directive of ours is set to what it is. Programs that know Redis set everything that CONFIG GET shows,
     * but for what they know to be immutable; they cannot know ours.
     */
    private static boolean isKept(Directive<?> directive, Setting setting) {
        return directive.isUnknownToRedis() && directive.asText().equals(setting.value());
    }

    private static void takeBack(List<Change<?>> changes, int count) {
        for (int i = count - 1; i >= 0; i--) {
            try {
                changes.get(i).takeBack();
            } catch (RefusedValueException refused) {
                // What ran a moment ago is refused now; the others still go back, and the client hears of the cause.
                continue;
            }
        }
    }

    private static String failed(String name, String reason) {
        return "ERR CONFIG SET failed (possibly related to argument '" + name + "') - " + reason;
    }

    private record Change<T>(Directive<T> directive, String asked, T former, T changed) {
        static <T> Change<T> of(Directive<T> directive, Setting setting) throws RefusedValueException {
            T changed = directive.parse(List.of(setting.value()));
            return new Change<>(directive, setting.name(), directive.value(), changed);
        }

        void apply() throws RefusedValueException {
            directive.change(changed);
        }

        void takeBack() throws RefusedValueException {
            directive.change(former);
        }
    }
}
