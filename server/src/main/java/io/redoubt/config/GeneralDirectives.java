package io.redoubt.config;

import static io.redoubt.config.Mutability.AT_RUNTIME;
import static io.redoubt.config.Mutability.AT_START;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The process as a whole. */
public final class GeneralDirectives extends DirectiveGroup {
    private static final List<String> TITLE_VARIABLES =
            List.of("title", "listen-addr", "server-mode", "port", "tls-port", "unixsocket", "config-file");

    public final Directive<String> bgsaveCpulist = text("bgsave_cpulist", "")
            .changes(AT_START)
            .meaning("CPU affinity of the BGSAVE child.")
            .withoutEffect("a JVM cannot pin single threads to processors");

    public final Directive<String> bioCpulist = text("bio_cpulist", "")
            .changes(AT_START)
            .meaning("CPU affinity of background IO threads.")
            .withoutEffect("a JVM cannot pin single threads to processors");

    public final Directive<Boolean> daemonize =
            bool("daemonize", false).changes(AT_START).meaning("Run in the background.");

    public final Directive<Long> databases =
            integer("databases", 16L, 1L, 2147483647L).changes(AT_START).meaning("Number of logical databases.");

    public final Directive<Boolean> disableThp = bool("disable-thp", true)
            .changes(AT_START)
            .meaning("Disable transparent huge pages for the process.")
            .withoutEffect("the launcher sets the page use of the JVM");

    public final Directive<Boolean> dynamicHz =
            bool("dynamic-hz", true).changes(AT_RUNTIME).meaning("Raise hz with client count.");

    public final Directive<Long> hz = integer("hz", 10L, 0L, 2147483647L)
            .changes(AT_RUNTIME)
            .meaning("Server cron frequency (clamped to 1..500 in effect).");

    public final Directive<String> ignoreWarnings = text("ignore-warnings", "")
            .changes(AT_RUNTIME)
            .meaning("Start-up warnings to ignore (ARM64-COW-BUG).")
            .withoutEffect("the warnings it silences do not exist here");

    public final Directive<String> pidfile =
            text("pidfile", "").changes(AT_START).meaning("Pid file path.");

    public final Directive<String> procTitleTemplate = text(
                    "proc-title-template", "{title} {listen-addr} {server-mode}")
            .changes(AT_RUNTIME)
            .check(GeneralDirectives::titleTemplate)
            .meaning("Process title template: {title} {listen-addr} {server-mode} {port} {tls-port} "
                    + "{unixsocket} {config-file}.")
            .withoutEffect("a JVM cannot change the title of its process");

    public final Directive<String> propagationErrorBehavior = choice(
                    "propagation-error-behavior", "ignore", "ignore", "panic", "panic-on-replicas")
            .changes(AT_RUNTIME)
            .meaning("What to do when a replicated/AOF command fails.");

    public final Directive<String> serverCpulist = text("server_cpulist", "")
            .changes(AT_START)
            .meaning("CPU affinity of main and IO threads.")
            .withoutEffect("a JVM cannot pin single threads to processors");

    public final Directive<Boolean> setProcTitle = bool("set-proc-title", true)
            .changes(AT_START)
            .meaning("Change the process title.")
            .withoutEffect("a JVM cannot change the title of its process");

    public final Directive<List<String>> shutdownOnSigint = choices(
                    "shutdown-on-sigint", "default", "default", "save", "nosave", "now", "force")
            .changes(AT_RUNTIME)
            .check(GeneralDirectives::saveOrNot)
            .meaning("List of flags for SIGINT shutdown.");

    public final Directive<List<String>> shutdownOnSigterm = choices(
                    "shutdown-on-sigterm", "default", "default", "save", "nosave", "now", "force")
            .changes(AT_RUNTIME)
            .check(GeneralDirectives::saveOrNot)
            .meaning("List of flags for SIGTERM shutdown.");

    public final Directive<Long> shutdownTimeout = integer("shutdown-timeout", 10L, 0L, 2147483647L)
            .changes(AT_RUNTIME)
            .meaning("Seconds to wait for lagging replicas at shutdown.");

    public final Directive<String> supervised = choice("supervised", "no", "upstart", "systemd", "auto", "no")
            .changes(AT_START)
            .meaning("Init system integration.");

    public final Directive<Boolean> useExitOnPanic =
            bool("use-exit-on-panic", false).hidden().meaning("Exit instead of aborting on a fault; for tests.");

    public final Directive<Long> watchdogPeriod = integer("watchdog-period", 0L, 0L, 2147483647L)
            .hidden()
            .meaning("Milliseconds after which a stuck loop is reported; 0 is off.");

    public GeneralDirectives() {
        super("General");
    }

    private static @Nullable String saveOrNot(List<String> value) {
        return value.contains("save") && value.contains("nosave")
                ? "shutdown options SAVE and NOSAVE can't be used simultaneously"
                : null;
    }

    private static @Nullable String titleTemplate(String value) {
        String rest = value;
        for (String variable : TITLE_VARIABLES) {
            rest = rest.replace("{" + variable + "}", "");
        }
        return rest.indexOf('{') >= 0 || rest.indexOf('}') >= 0
                ? "template format is invalid or contains unknown variables"
                : null;
    }
}
