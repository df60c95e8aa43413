package io.redoubt.log;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The replication stream: one byte sequence with an offset, kept in blocks. Blocks are appended by whichever loop ends
 * a write unit, under a short lock; readers (one per replica) keep a block and a position and never copy. The backlog is
 * the tail of the same blocks: what lies further back than {@link #setBacklogSize} is let go, and a reader that still
 * needs it holds it by reference.
 *
 * <p>Offsets count every byte from the start of the history; {@link #offset()} is the last byte written, so that the
 * next one is {@code offset() + 1}, as in Redis's {@code master_repl_offset}.
 */
public final class EffectStream {
    private static final int BLOCK = 64 * 1024;
    private static final byte[] MULTI = "*1\r\n$5\r\nMULTI\r\n".getBytes(StandardCharsets.ISO_8859_1);
    private static final byte[] EXEC = "*1\r\n$4\r\nEXEC\r\n".getBytes(StandardCharsets.ISO_8859_1);

    /** A block of the stream. */
    public static final class Block {
        final byte[] bytes;
        final long start;
        volatile int length;
        volatile @Nullable Block next;

        Block(int size, long start) {
            bytes = new byte[size];
            this.start = start;
        }
    }

    /** A place in the stream from which a replica is sent. */
    public static final class Reader {
        private Block block;
        private int position;

        private Reader(Block block, int position) {
            this.block = block;
            this.position = position;
        }

        /** Another reader at the same place. */
        public Reader copy() {
            return new Reader(block, position);
        }

        /** Moves on when the block is used up; whether there is something to read. */
        public boolean advance() {
            while (position == block.length) {
                var next = block.next;
                if (next == null || position < block.length) {
                    return position < block.length;
                }
                block = next;
                position = 0;
            }
            return true;
        }

        public byte[] bytes() {
            return block.bytes;
        }

        public int position() {
            return position;
        }

        /** How many bytes of this block can be read now. */
        public int available() {
            return block.length - position;
        }

        public void skip(int count) {
            position += count;
        }

        /** The offset of the last byte read. */
        public long offset() {
            return block.start + position - 1;
        }
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<Block> blocks = new ArrayDeque<>();
    private volatile boolean isActive;
    private volatile boolean isCopy;
    private volatile long offset;
    private long backlogStart;
    private long backlogSize = 1 << 20;
    private int selected = -1;

    /** Whether anyone follows, or followed recently enough for the backlog to be kept. */
    public boolean isActive() {
        return isActive;
    }

    /** Whether effects of our own belong here: someone listens, and the stream is not that of our master. */
    public boolean takesEffects() {
        return isActive && !isCopy;
    }

    /**
     * Makes this a copy of a master's stream, which only verbatim bytes enter: what clients of a writable replica change
     * would shift every offset behind it. Exclusive mode.
     */
    public void setCopy(boolean on) {
        isCopy = on;
    }

    /** Starts keeping the stream: what is written from now on can be read. */
    public void activate() {
        lock.lock();
        try {
            if (!isActive) {
                blocks.clear();
                blocks.add(new Block(BLOCK, offset + 1));
                backlogStart = offset + 1;
                selected = -1;
                isActive = true;
            }
        } finally {
            lock.unlock();
        }
    }

    /** Stops keeping the stream and lets the backlog go. */
    public void deactivate() {
        lock.lock();
        try {
            isActive = false;
            blocks.clear();
        } finally {
            lock.unlock();
        }
    }

    /** Continues at another offset, with an empty backlog: after a full resync. */
    public void restartAt(long newOffset) {
        lock.lock();
        try {
            offset = newOffset;
            backlogStart = newOffset + 1;
            selected = -1;
            if (isActive) {
                blocks.clear();
                blocks.add(new Block(BLOCK, offset + 1));
            }
        } finally {
            lock.unlock();
        }
    }

    /** Makes the next effect say its database again: a replica whose copy begins here does not know it. */
    public void forgetDatabase() {
        lock.lock();
        selected = -1;
        lock.unlock();
    }

    public void setBacklogSize(long bytes) {
        lock.lock();
        try {
            backlogSize = bytes;
            trim();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Appends the effects of a unit, as one run unless each of them stands for itself. Called while the unit still holds its locks.
     */
    public void append(Effects effects) {
        if (effects.count() == 0 || !takesEffects()) {
            return;
        }
        lock.lock();
        try {
            if (!isActive) {
                return; // Deactivated since.
            }
            boolean many = effects.isOneRun();
            int first = effects.databaseCount() > 0 ? effects.database(0) : -1;
            if (many) {
                select(first);
                write(MULTI, 0, MULTI.length);
            }
            int from = 0;
            for (int i = 0; i < effects.databaseCount(); i++) {
                write(effects.buffer(), from, effects.databaseStart(i) - from);
                from = effects.databaseStart(i);
                select(effects.database(i));
            }
            write(effects.buffer(), from, effects.length() - from);
            if (many) {
                write(EXEC, 0, EXEC.length);
            }
            trim();
        } finally {
            lock.unlock();
        }
    }

    /** Appends bytes as they are: PING, GETACK, and what a replica got from its master. */
    public void appendVerbatim(byte[] source, int from, int length) {
        lock.lock();
        try {
            if (isActive) {
                write(source, from, length);
                trim();
            } else {
                moveOffset(length);
            }
        } finally {
            lock.unlock();
        }
    }

    private void select(int database) {
        if (database < 0 || database == selected) {
            return;
        }
        selected = database;
        String number = Integer.toString(database);
        byte[] command = ("*2\r\n$6\r\nSELECT\r\n$" + number.length() + "\r\n" + number + "\r\n")
                .getBytes(StandardCharsets.ISO_8859_1);
        write(command, 0, command.length);
    }

    private void write(byte[] source, int from, int length) {
        int at = from;
        int left = length;
        while (left > 0) {
            var last = blocks.getLast();
            int room = last.bytes.length - last.length;
            if (room == 0) {
                var added = new Block(BLOCK, last.start + last.length);
                blocks.add(added);
                last.next = added;
                continue;
            }
            int part = Math.min(room, left);
            System.arraycopy(source, at, last.bytes, last.length, part);
            last.length = last.bytes.length - room + part;
            at += part;
            left -= part;
        }
        moveOffset(length);
    }

    /** Called with the lock held, which makes the two steps one. */
    private void moveOffset(int length) {
        long before = offset;
        offset = before + length;
    }

    private void trim() {
        backlogStart = Math.max(backlogStart, offset - backlogSize + 1);
        while (blocks.size() > 1 && blocks.getFirst().start + blocks.getFirst().length <= backlogStart) {
            blocks.removeFirst();
        }
    }

    /** Returns a reader whose next byte is the given offset, or null when the backlog does not reach that far. */
    public @Nullable Reader readerAt(long nextOffset) {
        lock.lock();
        try {
            if (!isActive || nextOffset < backlogStart || nextOffset > offset + 1) {
                return null;
            }
            for (var block : blocks) {
                if (nextOffset <= block.start + block.length) {
                    return new Reader(block, (int) (nextOffset - block.start));
                }
            }
            return null;
        } finally {
            lock.unlock();
        }
    }

    /** The database in which the next effect acts if it does not say another; -1 when it will say one. */
    public int selectedDatabase() {
        lock.lock();
        try {
            return selected;
        } finally {
            lock.unlock();
        }
    }

    /** The offset of the last byte written. */
    public long offset() {
        return offset;
    }

    public long backlogStart() {
        return backlogStart;
    }

    /** How many bytes the backlog holds. */
    public long backlogLength() {
        return isActive ? offset - backlogStart + 1 : 0;
    }

    public long backlogSize() {
        return backlogSize;
    }
}
