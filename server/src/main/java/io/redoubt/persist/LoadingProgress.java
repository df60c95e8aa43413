package io.redoubt.persist;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.InstantSource;

/** How far the loading of a data set has come, from files or from a master. One thread loads, any may look. */
public final class LoadingProgress {
    private final InstantSource clock;
    private volatile long startMillis;
    private volatile long totalBytes;
    private volatile long loadedBytes;
    private volatile long writersMemory;

    public LoadingProgress(InstantSource clock) {
        this.clock = clock;
    }

    /** Loading begins. @param bytes how many there are; 0 where nobody knows */
    public void begin(long bytes) {
        startMillis = clock.millis();
        totalBytes = bytes;
        loadedBytes = 0;
        writersMemory = 0;
    }

    /** Counts what is read from a source; several may be read one after the other. */
    public InputStream counting(InputStream source) {
        return new Counting(source);
    }

    /** Takes a fact of an RDB file, if it is one that is shown. */
    public void aux(String name, String value) {
        if (name.equals("used-mem") && value.length() < 19 && value.chars().allMatch(c -> c >= '0' && c <= '9')) {
            writersMemory = value.isEmpty() ? 0 : Long.parseLong(value);
        }
    }

    public long startSeconds() {
        return startMillis / 1000;
    }

    public long totalBytes() {
        return totalBytes;
    }

    public long loadedBytes() {
        return loadedBytes;
    }

    /** The memory that the server took which wrote the file; 0 while that is not known. */
    public long writersMemory() {
        return writersMemory;
    }

    /** How much is loaded, from 0 to 100; 0 where nobody knows. */
    public double percentage() {
        long total = totalBytes;
        return total <= 0 ? 0 : Math.min(100, 100.0 * loadedBytes / total);
    }

    /** How long the rest takes if it goes on as it has until now; 1 as long as that says nothing. */
    public long secondsLeft() {
        long elapsed = clock.millis() / 1000 - startSeconds();
        long loaded = loadedBytes;
        if (elapsed <= 0) {
            return 1;
        }
        long left = totalBytes == 0 ? 1 : Math.max(0, totalBytes - loaded);
        return (long) ((double) elapsed * left / (loaded + 1));
    }

    private final class Counting extends FilterInputStream {
        Counting(InputStream source) {
            super(source);
        }

        @Override
        public int read() throws IOException {
            int value = super.read();
            count(value < 0 ? 0 : 1);
            return value;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            int count = super.read(bytes, offset, length);
            count(Math.max(count, 0));
            return count;
        }

        /** Only the thread that loads comes here. */
        private void count(int bytes) {
            long before = loadedBytes;
            loadedBytes = before + bytes;
        }
    }
}
