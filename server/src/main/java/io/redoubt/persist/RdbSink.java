package io.redoubt.persist;

import java.io.IOException;

/** Where a writer's bytes go: a file, a socket, a buffer. */
@FunctionalInterface
public interface RdbSink {

    /**
     * Takes all the bytes, or fails.
     *
     * @param bytes not kept: the caller reuses the array after the call
     */
    void write(byte[] bytes, int offset, int length) throws IOException;
}
