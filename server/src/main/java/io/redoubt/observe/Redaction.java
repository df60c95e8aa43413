package io.redoubt.observe;

import io.redoubt.command.Args;
import io.redoubt.command.CommandFlag;
import io.redoubt.command.CommandSpec;
import java.util.BitSet;
import java.util.Locale;
import java.util.function.Predicate;

/**
 * Which arguments of a command nobody may see afterwards, because they are passwords: the slow log and MONITOR show
 * {@link #TEXT} in their place. Commands flagged {@link CommandFlag#SECRET_ARGUMENTS} of which nothing is known here
 * show none of their arguments.
 */
public final class Redaction {
    /** What stands in the place of a secret. */
    public static final String TEXT = "(redacted)";

    private static final int LONGEST_DIRECTIVE_NAME = 128;

    private final Predicate<String> isSecretDirective;

    /** @param isSecretDirective whether the value of a directive, given by its lower-case name, is a secret */
    public Redaction(Predicate<String> isSecretDirective) {
        this.isSecretDirective = isSecretDirective;
    }

    /** Returns the positions of the arguments to hide; empty for nearly every command. */
    public BitSet hidden(CommandSpec spec, Args args) {
        var hidden = new BitSet();
        int count = args.count();
        switch (spec.fullName()) {
            case "auth" -> hidden.set(1, count);
            case "hello" -> hideAfter(args, 2, "AUTH", 2, hidden);
            case "migrate" -> {
                hideAfter(args, 6, "AUTH", 1, hidden);
                hideAfter(args, 6, "AUTH2", 2, hidden);
            }
            case "acl|setuser" -> hidden.set(Math.min(2, count), count);
            // The command to be tried stays visible, its arguments may be those of AUTH.
            case "acl|dryrun" -> hidden.set(Math.min(4, count), count);
            case "config|set" -> hideSecretDirectives(args, hidden);
            default -> {
                if (spec.has(CommandFlag.SECRET_ARGUMENTS)) {
                    int first = Math.min(spec.container() == null ? 1 : 2, count);
                    hidden.set(first, count);
                }
            }
        }
        return hidden;
    }

    /** Hides what follows a word, wherever it stands: rather one argument too many than a password. */
    private static void hideAfter(Args args, int from, String word, int howMany, BitSet hidden) {
        for (int i = from; i < args.count(); i++) {
            if (args.is(i, word)) {
                hidden.set(i + 1, Math.max(i + 1, Math.min(i + 1 + howMany, args.count())));
            }
        }
    }

    private void hideSecretDirectives(Args args, BitSet hidden) {
        for (int i = 2; i + 1 < args.count(); i++) {
            if (args.length(i) <= LONGEST_DIRECTIVE_NAME
                    && isSecretDirective.test(args.text(i).toLowerCase(Locale.ROOT))) {
                hidden.set(i + 1);
            }
        }
    }
}
