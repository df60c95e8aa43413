package io.redoubt.memory;

import java.util.Arrays;

/** Blocks that were freed but may not be reused yet: a stack of handles and their sizes. */
final class FreedBlocks {
    private static final int CAPACITY_MIN = 64;
    private static final int CAPACITY_KEPT = 1 << 16;

    int[] handles = new int[CAPACITY_MIN];
    int[] granules = new int[CAPACITY_MIN];
    int count;
    long granuleCount;

    void add(int handle, int blockGranules) {
        if (count == handles.length) {
            grow(count + 1);
        }
        handles[count] = handle;
        granules[count] = blockGranules;
        count++;
        granuleCount += blockGranules;
    }

    void addAll(FreedBlocks other) {
        if (count + other.count > handles.length) {
            grow(count + other.count);
        }
        System.arraycopy(other.handles, 0, handles, count, other.count);
        System.arraycopy(other.granules, 0, granules, count, other.count);
        count += other.count;
        granuleCount += other.granuleCount;
    }

    void clear() {
        count = 0;
        granuleCount = 0;
        if (handles.length > CAPACITY_KEPT) {
            handles = new int[CAPACITY_MIN];
            granules = new int[CAPACITY_MIN];
        }
    }

    private void grow(int needed) {
        int capacity = Math.max(needed, Math.addExact(handles.length, handles.length >> 1));
        int[] longer = Arrays.copyOf(handles, capacity);
        granules = Arrays.copyOf(granules, capacity);
        handles = longer;
    }
}
