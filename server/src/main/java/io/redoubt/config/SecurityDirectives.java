package io.redoubt.config;

import static io.redoubt.config.Mutability.AT_RUNTIME;
import static io.redoubt.config.Mutability.AT_START;

import java.util.List;

/** Who may do what. */
public final class SecurityDirectives extends DirectiveGroup {
    private static final List<String> RULES =
            List.of("merge", "write-is-not-read", "database", "patterns", "open", "guessing", "revoke", "secrets");

    public final Directive<String> aclPubsubDefault = choice(
                    "acl-pubsub-default", "resetchannels", "allchannels", "resetchannels")
            .changes(AT_RUNTIME)
            .meaning("Channel permission a newly created user starts with (allchannels adds &* in "
                    + "reset/new users).");

    public final Directive<String> aclfile = text("aclfile", "")
            .changes(AT_START)
            .meaning("Path of the external user file; excludes `user` lines in the main config.");

    public final Directive<Long> acllogMaxLen = integer("acllog-max-len", 128L, 0L, Long.MAX_VALUE)
            .changes(AT_RUNTIME)
            .meaning("Max entries kept by ACL LOG.");

    public final Directive<String> enableDebugCommand = choice("enable-debug-command", "no", "no", "yes", "local")
            .changes(AT_START)
            .meaning("Who may use DEBUG: no / yes / local connections.");

    public final Directive<String> enableModuleCommand = choice("enable-module-command", "no", "no", "yes", "local")
            .changes(AT_START)
            .meaning("Who may use MODULE: no / yes / local connections.");

    public final Directive<String> enableProtectedConfigs = choice(
                    "enable-protected-configs", "no", "no", "yes", "local")
            .changes(AT_START)
            .meaning("Who may CONFIG SET protected settings: no / yes / local.");

    public final Directive<String> requirepass =
            text("requirepass", "").changes(AT_RUNTIME).secret().meaning("Password of the default user (legacy).");

    public final Directive<String> securityProfile = choice("security-profile", "strict", "strict", "redis")
            .changes(AT_START)
            .unknownToRedis()
            .meaning("Whether access control holds (strict) or answers as Redis 7.0.15 does (redis).");

    public final Directive<List<String>> strictExcept = special("strict-except", List.of(), new Forms.WordsForm(RULES))
            .changes(AT_START)
            .unknownToRedis()
            .meaning("Rules of the strict profile that are off.");

    public final Directive<String> passwordHash = choice("password-hash", "sha256", "sha256", "pbkdf2", "argon2id")
            .changes(AT_RUNTIME)
            .unknownToRedis()
            .meaning("How a password given in clear is kept; sha256 stays exchangeable with Redis.");

    public SecurityDirectives() {
        super("Security");
    }
}
