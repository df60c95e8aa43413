package io.redoubt.command;

/** Who wants to see commands that ran: slow log, latency, monitors. Called on the loop, inside. */
public interface CommandObserver {
    /** Commands that took at least so many nanoseconds are shown; {@link Long#MAX_VALUE} for none. */
    long thresholdNanos();

    /** Whether latencies of every command are recorded. */
    boolean recordsLatency();

    /** Whether anybody watches every command (MONITOR). */
    boolean isMonitored();

    /** A command ran while somebody watches. */
    void saw(Session session, CommandSpec spec, Args args);

    /** A command at or over the threshold ran. */
    void ran(Session session, CommandSpec spec, Args args, long nanos);

    /** An observer that wants nothing. */
    CommandObserver NONE = new CommandObserver() {
        @Override
        public long thresholdNanos() {
            return Long.MAX_VALUE;
        }

        @Override
        public boolean recordsLatency() {
            return false;
        }

        @Override
        public boolean isMonitored() {
            return false;
        }

        @Override
        public void saw(Session session, CommandSpec spec, Args args) {
            // Nobody looks.
        }

        @Override
        public void ran(Session session, CommandSpec spec, Args args, long nanos) {
            // Nobody looks.
        }
    };
}
