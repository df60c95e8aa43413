package io.redoubt.type;

import io.redoubt.memory.Arena;

/** A {@link Listpack} that is a block of an arena of its own, as a place whose size may change. */
abstract class BlockHome implements PackedHome {
    private final Arena arena;

    BlockHome(Arena arena) {
        this.arena = arena;
    }

    /** The handle of the block now. */
    abstract int handle();

    /** The block has moved, or stayed where it was. */
    abstract void setHandle(int handle);

    @Override
    public byte[] buffer() {
        return arena.chunk(handle());
    }

    @Override
    public int start() {
        return arena.offset(handle());
    }

    @Override
    public int length() {
        return Listpack.bytes(buffer(), start());
    }

    @Override
    public void splice(int offset, int removed, int added) {
        setHandle(Listpack.spliceBlock(arena, handle(), offset, removed, added));
    }
}
