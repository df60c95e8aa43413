package io.redoubt.command;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The page about all commands, {@code docs/commands.md}: what the declarations say, in a table per group. */
public final class CommandReference {
    private static final String HEAD = """
            # Commands

            Generated from the declarations in the code; do not edit. *Arity* counts the command's name, and a negative
            number is the least. *Reveals* is the strongest thing that a reply can tell about stored data. *Reads too*
            marks commands that change data and also read it: under `security-profile strict` they need `+@read` as
            well as `+@write`, always or in some forms.
            """;

    private static final String PLANNED = """

            ## Planned

            ACL rules, `ACL CAT` and `ACL DRYRUN` know these commands of Redis 7.0, so that its ACL files load. They
            cannot run yet.

            """;

    private CommandReference() {}

    /** Returns the page in Markdown, the same for the same table. */
    public static String markdown(CommandTable table) {
        var groups = new TreeMap<String, List<CommandSpec>>();
        for (var spec : table.declared()) {
            if (!spec.isContainer() || spec.handlerOrNull() != null) {
                groups.computeIfAbsent(spec.group(), group -> new ArrayList<>()).add(spec);
            }
        }
        var page = new StringBuilder(HEAD);
        groups.forEach((group, specs) -> {
            page.append("\n## ").append(group).append("\n\n");
            page.append("| command | arity | categories | reveals | reads too | since | what it does |\n");
            page.append("|---|---|---|---|---|---|---|\n");
            specs.stream().sorted(Comparator.comparing(CommandSpec::fullName)).forEach(spec -> page.append(row(spec)));
        });
        String planned = table.all().stream()
                .filter(spec -> spec.isPlanned() && !spec.isContainer())
                .map(CommandReference::name)
                .sorted()
                .collect(Collectors.joining(", "));
        if (!planned.isEmpty()) {
            page.append(PLANNED).append(planned).append(".\n");
        }
        return page.toString();
    }

    private static String name(CommandSpec spec) {
        return spec.fullName().replace('|', ' ').toUpperCase(Locale.ROOT);
    }

    private static String row(CommandSpec spec) {
        String categories = spec.categories().stream()
                .map(category -> "@" + category.word())
                .collect(Collectors.joining(" "));
        String reveals = spec.reveals().name().toLowerCase(Locale.ROOT);
        String readsToo = spec.alwaysReadsToo() ? "always" : spec.sometimesReadsToo() ? "by option" : "";
        String summary = spec.summary().replace("|", "\\|");
        String arity = String.valueOf(spec.arity());
        return "| " + String.join(" | ", name(spec), arity, categories, reveals, readsToo, spec.since(), summary)
                + " |\n";
    }
}
