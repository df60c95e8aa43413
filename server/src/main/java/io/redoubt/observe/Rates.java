package io.redoubt.observe;

import io.redoubt.net.EventLoop;
import java.util.List;

/** Figures per second, as an average of the last samples. Sampled by the first loop's tick. */
public final class Rates {
    private static final int SAMPLES = 16;

    private final List<EventLoop> loops;
    private final long[] times = new long[SAMPLES];
    private final long[] commands = new long[SAMPLES];
    private final long[] inputs = new long[SAMPLES];
    private final long[] outputs = new long[SAMPLES];
    private int next;

    public Rates(List<EventLoop> loops) {
        this.loops = loops;
    }

    /** Takes a sample. */
    public synchronized void sample(long nowMillis) {
        times[next] = nowMillis;
        commands[next] = 0;
        inputs[next] = 0;
        outputs[next] = 0;
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
}
