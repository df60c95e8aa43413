package io.redoubt.access;

/** A rule that cannot be applied. The message is the reason in Redis's words, without the rule itself. */
final class RuleException extends Exception {
    private static final long serialVersionUID = 1L;

    static final String SYNTAX = "Syntax error";
    static final String UNKNOWN = "Unknown command or category name in ACL";
    static final String FIRST_ARG = "Allowing first-arg of a subcommand is not supported";
    static final String KEY_AFTER_ALL = "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and"
            + " does not have any effect. Try 'resetkeys' to start with an empty list of patterns";
    static final String CHANNEL_AFTER_ALL = "Adding a pattern after the * pattern (or the 'allchannels' flag) is not"
            + " valid and does not have any effect. Try 'resetchannels' to start with an empty list of channels";
    static final String NO_SUCH_PASSWORD = "The password you are trying to remove from the user does not exist";
    static final String BAD_HASH =
            "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters";

    private final String rule;
    private final boolean isUnmatched;

    RuleException(String reason) {
        this(reason, "", false);
    }

    private RuleException(String reason, String rule, boolean isUnmatched) {
        super(reason, null, false, false);
        this.rule = rule;
        this.isUnmatched = isUnmatched;
    }

    /** A selector that no parenthesis ends. */
    static RuleException unmatched(String start) {
        return new RuleException(
                "Unmatched parenthesis in acl selector starting at '" + start + "'.", start, true);
    }

    /** Returns the same with the rule that it concerns. */
    RuleException at(String where) {
        return new RuleException(reason(), where, isUnmatched);
    }

    String reason() {
        String message = getMessage();
        return message == null ? "" : message;
    }

    /** The rule that it concerns. May hold a secret. */
    String rule() {
        return rule;
    }

    boolean isUnmatched() {
        return isUnmatched;
    }

    boolean isUnknownCommand() {
        return UNKNOWN.equals(getMessage());
    }
}
