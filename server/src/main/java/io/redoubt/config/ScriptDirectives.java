package io.redoubt.config;

import static io.redoubt.config.Mutability.AT_RUNTIME;
import static io.redoubt.config.Mutability.AT_START;

/** Scripts and functions. */
public final class ScriptDirectives extends DirectiveGroup {
    public final Directive<Long> busyReplyThreshold = integer("busy-reply-threshold", 5000L, 0L, Long.MAX_VALUE)
            .alias("lua-time-limit")
            .changes(AT_RUNTIME)
            .meaning("Ms a script/function/module may run before BUSY replies start.");

    public final Directive<Boolean> luaEnableDeprecatedApi = bool("lua-enable-deprecated-api", false)
            .hidden()
            .meaning("Offer the print, loadfile and dofile functions that scripts of old could call.")
            .changes(AT_START);

    public ScriptDirectives() {
        super("Script");
    }
}
