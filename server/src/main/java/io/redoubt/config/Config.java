package io.redoubt.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** All directives of one server, by group and by name. */
public final class Config {
    public final NetworkDirectives network = new NetworkDirectives();
    public final GeneralDirectives general = new GeneralDirectives();
    public final SecurityDirectives security = new SecurityDirectives();
    public final MemoryDirectives memory = new MemoryDirectives();
    public final PersistenceDirectives persistence = new PersistenceDirectives();
    public final ReplicationDirectives replication = new ReplicationDirectives();
    public final EncodingDirectives encoding = new EncodingDirectives();
    public final ScriptDirectives script = new ScriptDirectives();
    public final ClusterDirectives cluster = new ClusterDirectives();
    public final TlsDirectives tls = new TlsDirectives();
    public final ObserveDirectives observe = new ObserveDirectives();

    private final List<DirectiveGroup> groups = List.of(
            network, general, security, memory, persistence, replication, encoding, script, cluster, tls, observe);
    private final List<Directive<?>> all = new ArrayList<>();
    private final Map<String, Directive<?>> byName = new HashMap<>();

    public Config() {
        for (DirectiveGroup group : groups) {
            for (Directive<?> directive : group.directives()) {
                all.add(directive);
                byName.put(directive.name(), directive);
                directive.aliases().forEach(alias -> byName.put(alias, directive));
            }
        }
    }

    public List<DirectiveGroup> groups() {
        return groups;
    }

    /** Every directive, in a stable order. */
    public List<Directive<?>> all() {
        return Collections.unmodifiableList(all);
    }

    /** The directive with this name or alias, upper or lower case; null when there is none. */
    public @Nullable Directive<?> find(String nameOrAlias) {
        return byName.get(nameOrAlias.toLowerCase(Locale.ROOT));
    }

    /** What is likely to be meant by a mistyped name: a known one of which at least half is there. */
    @Nullable
    String likelyName(String name) {
        String nearest = nearestName(name);
        return editCount(name.toLowerCase(Locale.ROOT), nearest) * 2 <= name.length() ? nearest : null;
    }

    /** The known name that is nearest to a mistyped one. */
    String nearestName(String name) {
        String wanted = name.toLowerCase(Locale.ROOT);
        String nearest = "";
        int leastEdits = Integer.MAX_VALUE;
        for (Directive<?> directive : all) {
            List<String> names = new ArrayList<>(directive.aliases());
            names.add(directive.name());
            for (String known : names) {
                int edits = editCount(wanted, known);
                if (edits < leastEdits) {
                    leastEdits = edits;
                    nearest = known;
                }
            }
        }
        return nearest;
    }

    private static int editCount(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j < row.length; j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j < row.length; j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.length()];
    }

    /** True in the strict profile unless {@code strict-except} names the rule. */
    public boolean isStrict(String rule) {
        return security.securityProfile.value().equals("strict")
                && !security.strictExcept.value().contains(rule);
    }

    /** The folder that relative names start from; the process itself stays where it was started. */
    public Path workingDirectory() {
        return Path.of(persistence.dir.value());
    }

    /** A path as the server means it: relative to {@link #workingDirectory()}. */
    public Path resolve(String path) {
        return workingDirectory().resolve(path);
    }
}
