package io.redoubt.observe;

import io.redoubt.net.EventLoop;
import java.util.List;
import java.util.function.LongSupplier;

/** Figures per second, as an average of the last samples. Sampled by the first loop's tick. */
public final class Rates {
    private static final int SAMPLES = 16;

    private final List<EventLoop> loops;
    private final long[] times = new long[SAMPLES];
    private final long[] commands = new long[SAMPLES];
    private final long[] inputs = new long[SAMPLES];
    private final long[] outputs = new long[SAMPLES];
    private final long[] replicationInputs = new long[SAMPLES];
    private final long[] replicationOutputs = new long[SAMPLES];
    private final LongSupplier fromMaster;
    private final LongSupplier toReplicas;
    private int next;

    /**
     * @param fromMaster bytes that a master has sent, which loops do not see
     * @param toReplicas bytes sent to replicas, which loops do not count
     */
    public Rates(List<EventLoop> loops, LongSupplier fromMaster, LongSupplier toReplicas) {
        this.loops = loops;
        this.fromMaster = fromMaster;
        this.toReplicas = toReplicas;
    }

    /** Takes a sample. */
    public synchronized void sample(long nowMillis) {
        times[next] = nowMillis;
        commands[next] = 0;
        replicationInputs[next] = fromMaster.getAsLong();
        replicationOutputs[next] = toReplicas.getAsLong();
        inputs[next] = replicationInputs[next];
        outputs[next] = replicationOutputs[next];
        for (var loop : loops) {
            commands[next] += loop.commandCount();
            inputs[next] += loop.bytesIn();
            outputs[next] += loop.bytesOut();
        }
        next = (next + 1) % SAMPLES;
    }

    private synchronized double perSecond(long[] figures) {
        int newest = (next + SAMPLES - 1) % SAMPLES;
        int oldest = times[next] == 0 ? 0 : next;
        long millis = times[newest] - times[oldest];
        return millis <= 0 ? 0 : Math.max(0, 1000.0 * (figures[newest] - figures[oldest]) / millis);
    }

    public long commandsPerSecond() {
        return Math.round(perSecond(commands));
    }

    public double inputKibPerSecond() {
        return perSecond(inputs) / 1024;
    }

    public double outputKibPerSecond() {
        return perSecond(outputs) / 1024;
    }

    public double replicationInputKibPerSecond() {
        return perSecond(replicationInputs) / 1024;
    }

    public double replicationOutputKibPerSecond() {
        return perSecond(replicationOutputs) / 1024;
    }
}
