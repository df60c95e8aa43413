package io.redoubt;

import java.io.FileInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.random.RandomGenerator;

/**
 * Random numbers that nobody can guess, from the system's own source. The first {@link SecureRandom} of a JVM takes as
 * long as a tenth of the whole start, to load and ask its providers, and then reads from here.
 */
final class SystemRandom implements RandomGenerator {
    private static final String DEVICE = "/dev/urandom";

    @Override
    public long nextLong() {
        var bytes = new byte[Long.BYTES];
        nextBytes(bytes);
        return ByteBuffer.wrap(bytes).getLong();
    }

    @Override
    public void nextBytes(byte[] bytes) {
        try (var device = new FileInputStream(DEVICE)) {
            if (device.readNBytes(bytes, 0, bytes.length) == bytes.length) {
                return;
            }
        } catch (IOException _) {
            // A system without the device, or no descriptor left: the slow way is as good.
        }
        new SecureRandom().nextBytes(bytes);
    }
}
