package io.redoubt.config;

import static io.redoubt.config.Mutability.AT_RUNTIME;
import static io.redoubt.config.Mutability.AT_START;

import java.util.List;

/** Logs, latency and events. */
public final class ObserveDirectives extends DirectiveGroup {
    public final Directive<Boolean> alwaysShowLogo = bool("always-show-logo", false)
            .changes(AT_START)
            .meaning("Print ASCII logo at start even when not on a tty.")
            .withoutEffect("there is no logo");

    public final Directive<Boolean> crashLogEnabled =
            bool("crash-log-enabled", true).changes(AT_RUNTIME).meaning("Print crash report on fault.");

    public final Directive<Boolean> crashMemcheckEnabled = bool("crash-memcheck-enabled", true)
            .changes(AT_RUNTIME)
            .meaning("Quick memory test on crash.")
            .withoutEffect("the JVM writes its own crash report");

    public final Directive<Long> latencyMonitorThreshold = integer("latency-monitor-threshold", 0L, 0L, Long.MAX_VALUE)
            .changes(AT_RUNTIME)
            .meaning("Ms from which events are recorded; 0 = off.");

    public final Directive<Boolean> latencyTracking =
            bool("latency-tracking", true).changes(AT_RUNTIME).meaning("Per-command latency histograms.");

    public final Directive<List<Double>> latencyTrackingInfoPercentiles = special(
                    "latency-tracking-info-percentiles", List.of(50.0, 99.0, 99.9), Forms.PERCENTILES)
            .changes(AT_RUNTIME)
            .meaning("Percentiles shown in INFO latencystats; empty string = none.");

    public final Directive<String> logfile =
            text("logfile", "").changes(AT_START).meaning("Log path; empty = stdout.");

    public final Directive<String> loglevel = choice("loglevel", "notice", "debug", "verbose", "notice", "warning")
            .changes(AT_RUNTIME)
            .meaning("Verbosity.");

    public final Directive<String> notifyKeyspaceEvents = special("notify-keyspace-events", "", Forms.EVENTS)
            .changes(AT_RUNTIME)
            .meaning("Event class letters: K E g $ l s h z x e n t d m A (A = g$lshzxetd).");

    public final Directive<Long> slowlogLogSlowerThan = integer("slowlog-log-slower-than", 10000L, -1L, Long.MAX_VALUE)
            .changes(AT_RUNTIME)
            .meaning("Microseconds; 0 logs all; -1 off.");

    public final Directive<Long> slowlogMaxLen = integer("slowlog-max-len", 128L, 0L, Long.MAX_VALUE)
            .changes(AT_RUNTIME)
            .meaning("Entries kept.");

    public final Directive<Boolean> syslogEnabled =
            bool("syslog-enabled", false).changes(AT_START).meaning("Log to syslog.");

    public final Directive<String> syslogFacility = choice(
                    "syslog-facility",
                    "local0",
                    "user",
                    "local0",
                    "local1",
                    "local2",
                    "local3",
                    "local4",
                    "local5",
                    "local6",
                    "local7")
            .changes(AT_START)
            .meaning("Syslog facility.");

    public final Directive<String> syslogIdent =
            text("syslog-ident", "redis").changes(AT_START).meaning("Syslog identity.");

    public ObserveDirectives() {
        super("Observe");
    }
}
