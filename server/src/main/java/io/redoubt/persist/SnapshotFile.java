package io.redoubt.persist;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * A file that appears whole or not at all. Bytes go to {@code temp-<pid>.rdb} in the same directory; {@link #commit}
 * makes them durable and gives the file its name; {@link #close} without it removes them. One at a time per directory
 * and process. Not thread-safe.
 */
public final class SnapshotFile implements RdbSink, AutoCloseable {

    private static final int PIECE_BYTES = 1 << 16;

    private final Path directory;
    private final Path temporary;
    private final Path target;
    private final FileChannel channel;
    private boolean isCommitted;

    private SnapshotFile(Path directory, Path temporary, Path target, FileChannel channel) {
        this.directory = directory;
        this.temporary = temporary;
        this.target = target;
        this.channel = channel;
    }

    /**
     * Opens the temporary file, replacing one that a crash left behind.
     *
     * @param name of the finished file inside the directory, such as {@code dump.rdb}
     */
    public static SnapshotFile create(Path directory, String name) throws IOException {
        return create(directory, name, "temp-" + ProcessHandle.current().pid() + ".rdb");
    }

    /** As {@link #create(Path, String)}, beside another one: with a temporary name of its own. */
    static SnapshotFile create(Path directory, String name, String temporaryName) throws IOException {
        Path temporary = directory.resolve(temporaryName);
        Files.deleteIfExists(temporary);
        // CREATE_NEW also refuses to follow a link that somebody put in the way.
        FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
        return new SnapshotFile(directory, temporary, directory.resolve(name), channel);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        // The channel copies each piece outside the heap, so a long string is handed over in short ones.
        ByteBuffer source = ByteBuffer.wrap(bytes, offset, length);
        int end = offset + length;
        while (source.position() < end) {
            source.limit(Math.min(end, source.position() + PIECE_BYTES));
            while (source.hasRemaining()) {
                channel.write(source);
            }
        }
    }

    /** Makes the file durable under its name; an older one is replaced in the same instant. */
    public void commit() throws IOException {
        channel.force(true);
        channel.close();
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        isCommitted = true;
        // The name is durable once the directory is.
        try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
            names.force(true);
        }
    }

    /** Removes what was written, unless it was committed. */
    @Override
    public void close() throws IOException {
        try {
            channel.close();
        } finally {
            if (!isCommitted) {
                Files.deleteIfExists(temporary);
            }
        }
    }
}
