package io.redoubt.config;

/** Writes docs/configuration.md from the declarations. */
public final class ConfigReference {
    private ConfigReference() {}

    /** The whole page; the same text on every machine. */
    public static String markdown() {
        StringBuilder page = new StringBuilder("# Configuration\n\nGenerated from the declarations; do not edit.\n");
        for (DirectiveGroup group : new Config().groups()) {
            page.append("\n## ").append(group.title()).append("\n\n");
            page.append("| directive | default | values | changes | meaning |\n|---|---|---|---|---|\n");
            group.directives().forEach(directive -> appendRow(page, directive));
        }
        return page.toString();
    }

    private static void appendRow(StringBuilder page, Directive<?> directive) {
        page.append("| `").append(directive.name()).append('`');
        directive.aliases().forEach(alias -> page.append(" (`").append(alias).append("`)"));
        String defaultText = switch (directive.name()) {
            case "dir" -> "the folder of the start";
            case "io-threads" -> "1 on one or two cores, else cores minus one, at most 8";
            default -> directive.defaultText();
        };
        page.append(" | ").append(defaultText.isEmpty() ? "(empty)" : defaultText);
        page.append(" | ").append(directive.range().replace("|", "\\|"));
        page.append(" | ")
                .append(
                        switch (directive.mutability()) {
                            case AT_RUNTIME -> "at run time";
                            case AT_START -> "at start";
                            case PROTECTED -> "at run time, protected";
                        });
        page.append(" | ").append(directive.meaning().replace("|", "\\|").replace("<", "&lt;"));
        String why = directive.reasonWithoutEffect();
        if (why != null) {
            page.append(" Accepted, without effect: ").append(why).append('.');
        }
        page.append(directive.isSecret() ? " A secret." : "").append(" |\n");
    }
}
