package io.redoubt.persist;

import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Path;

/** Where the files are that effects are appended to. Passed in, so that a test can let it fail. */
@FunctionalInterface
public interface AofDisk {
    /** The disk of this machine. */
    AofDisk REAL = RealFile::new;

    /** Opens a file for appending; makes it if it is not there. */
    File open(Path path) throws IOException;

    /** An open file. One thread at a time writes, another may make it durable meanwhile. */
    interface File extends AutoCloseable {
        /** Appends; when it fails, a part may have been appended. */
        void write(byte[] bytes, int offset, int length) throws IOException;

        /** Makes durable what has been appended. */
        void sync() throws IOException;

        long size() throws IOException;

        /** Takes back what stands behind. */
        void truncate(long size) throws IOException;

        @Override
        void close() throws IOException;
    }

    /** A file of this machine. */
    final class RealFile implements File {
        // A stream, because writing to a channel closes it when the thread is interrupted.
        private final FileOutputStream out;

        private RealFile(Path path) throws IOException {
            out = new FileOutputStream(path.toFile(), true);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            out.write(bytes, offset, length);
        }

        @Override
        public void sync() throws IOException {
            out.getChannel().force(false);
        }

        @Override
        public long size() throws IOException {
            return out.getChannel().size();
        }

        @Override
        public void truncate(long size) throws IOException {
            out.getChannel().truncate(size);
        }

        @Override
        public void close() throws IOException {
            out.close();
        }
    }
}
