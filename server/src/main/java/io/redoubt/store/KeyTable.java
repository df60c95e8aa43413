package io.redoubt.store;

import io.redoubt.memory.Arena;
import io.redoubt.memory.Table;

/** The table of a partition's keys: handles of {@link Record}s. */
final class KeyTable extends Table {
    private final Arena arena;

    KeyTable(Arena arena) {
        super(arena);
        this.arena = arena;
    }

    @Override
    protected boolean matches(int handle, byte[] key, int offset, int length) {
        return Record.keyEquals(arena, handle, key, offset, length);
    }
}
