package io.redoubt.type;

import io.redoubt.memory.Arena;
import io.redoubt.memory.ArenaFullException;
import org.jspecify.annotations.Nullable;

/** A place of a value for tests: a block of an arena, or a large value that is forked when somebody reads it. */
final class ArenaHome implements Home {
    private final Arena arena;
    private final Thresholds thresholds;
    private int encoding;
    private int handle;
    private int length;
    private @Nullable LargeValue large;
    private boolean isRead;

    ArenaHome(Arena arena, Thresholds thresholds) {
        this.arena = arena;
        this.thresholds = thresholds;
        handle = arena.allocate(0);
    }

    /** Shows the value; what a large one is now stays as it is. */
    Value share() {
        isRead = true;
        var value = new Value();
        if (large == null) {
            value.setPacked(encoding, buffer(), start(), length);
        } else {
            value.setLarge(encoding, large, arena.chunks());
        }
        return value;
    }

    void free() {
        if (large != null) {
            large.freeAll();
        }
        arena.free(handle, length);
    }

    @Override
    public int encoding() {
        return encoding;
    }

    @Override
    public void setEncoding(int newEncoding) {
        encoding = newEncoding;
    }

    @Override
    public LargeValue large() {
        if (large == null) {
            throw new IllegalStateException("the value is packed");
        }
        return large;
    }

    @Override
    public LargeValue writableLarge() {
        if (isRead) {
            large = large().fork();
            isRead = false;
        }
        return large();
    }

    @Override
    public void enlarge(int newEncoding, LargeValue value) {
        pack(newEncoding, 4);
        large = value;
        isRead = false;
    }

    @Override
    public void pack(int newEncoding, int newLength) {
        splice(0, length, newLength);
        encoding = newEncoding;
    }

    @Override
    public byte[] buffer() {
        return arena.chunk(handle);
    }

    @Override
    public int start() {
        return arena.offset(handle);
    }

    @Override
    public int length() {
        return length;
    }

    /** Always moves. */
    @Override
    public void splice(int offset, int removed, int added) {
        int newLength = length - removed + added;
        int target;
        try {
            target = arena.allocate(newLength);
        } catch (ArenaFullException full) {
            if (newLength > length || !arena.isTrimmable(handle, length)) {
                throw full;
            }
            int from = start() + offset;
            System.arraycopy(buffer(), from + removed, buffer(), from + added, length - offset - removed);
            arena.trim(handle, length, newLength);
            length = newLength;
            return;
        }
        int to = arena.offset(target);
        System.arraycopy(buffer(), start(), arena.chunk(target), to, offset);
        int rest = length - offset - removed;
        System.arraycopy(buffer(), start() + offset + removed, arena.chunk(target), to + offset + added, rest);
        arena.free(handle, length);
        handle = target;
        length = newLength;
    }

    @Override
    public Arena arena() {
        return arena;
    }

    @Override
    public int hash(byte[] bytes, int offset, int count) {
        int hash = 1;
        for (int i = 0; i < count; i++) {
            hash = 31 * hash + bytes[offset + i];
        }
        return hash * 0x9E3779B9;
    }

    @Override
    public Thresholds thresholds() {
        return thresholds;
    }
}
