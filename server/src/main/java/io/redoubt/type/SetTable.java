package io.redoubt.type;

import io.redoubt.memory.Arena;

/** The members of a large set. */
public final class SetTable extends ElementTable {
    SetTable(Arena arena) {
        super(arena);
    }

    private SetTable(SetTable original) {
        super(original);
    }

    @Override
    public SetTable fork() {
        return new SetTable(this);
    }

    @Override
    protected int elementOffset() {
        return 0;
    }

    @Override
    protected int blockBytes(byte[] chunk, int base) {
        return Listpack.dataSize(chunk, base);
    }

    @Override
    public void sendTo(byte[][] chunks, ValueSink sink) {
        sink.set(count());
        var member = new Element();
        var walk = new Walk();
        walk(walk);
        for (int handle = next(walk); handle != 0; handle = next(walk)) {
            get(chunks, handle, member);
            sink.element(member);
        }
    }

    /** Adds a member that is not there. */
    void add(int hash32, Element member) {
        insert(hash32, block(member));
    }

    /** Makes the block of a member; the table does not know it yet. */
    int block(Element member) {
        int handle = arena.allocate(Listpack.dataSize(member));
        Listpack.writeData(arena.chunk(handle), arena.offset(handle), member);
        return handle;
    }

    boolean remove(int hash32, Element member) {
        int handle = find(hash32, member);
        if (handle == 0) {
            return false;
        }
        removeFound();
        free(handle);
        return true;
    }
}
