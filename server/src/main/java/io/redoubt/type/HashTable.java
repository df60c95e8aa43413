package io.redoubt.type;

import io.redoubt.memory.Arena;

/** The fields of a large hash: a block holds a field and its value, one behind the other. */
public final class HashTable extends ElementTable {
    HashTable(Arena arena) {
        super(arena);
    }

    private HashTable(HashTable original) {
        super(original);
    }

    @Override
    public HashTable fork() {
        return new HashTable(this);
    }

    @Override
    protected int elementOffset() {
        return 0;
    }

    @Override
    protected int blockBytes(byte[] chunk, int base) {
        int fieldBytes = Listpack.dataSize(chunk, base);
        return fieldBytes + Listpack.dataSize(chunk, base + fieldBytes);
    }

    @Override
    public void sendTo(byte[][] chunks, ValueSink sink) {
        sink.hash(count());
        var field = new Element();
        var value = new Element();
        var walk = new Walk();
        walk(walk);
        for (int handle = next(walk); handle != 0; handle = next(walk)) {
            byte[] chunk = chunks[Arena.chunkIndex(handle)];
            int base = Arena.chunkOffset(handle);
            Listpack.get(chunk, base, 0, field);
            Listpack.get(chunk, base, Listpack.dataSize(chunk, base), value);
            sink.field(field, value, walk.expiryMillis());
        }
    }

    /** Shows the value of an entry. */
    void getValue(int handle, Element into) {
        byte[] chunk = arena.chunk(handle);
        int base = arena.offset(handle);
        Listpack.get(chunk, base, Listpack.dataSize(chunk, base), into);
    }

    /** Sets a field; says whether it is new. Neither field nor value lie in this arena. */
    boolean put(int hash32, Element field, Element value) {
        int bytes = Listpack.dataSize(field) + Listpack.dataSize(value);
        int found = find(hash32, field);
        if (found == 0) {
            insert(hash32, write(field, value, bytes));
            return true;
        }
        byte[] chunk = arena.chunk(found);
        int base = arena.offset(found);
        int oldBytes = blockBytes(chunk, base);
        if (Arena.usableBytes(oldBytes) == Arena.usableBytes(bytes) && !arena.isFrozen(found)) {
            Listpack.writeData(chunk, base + Listpack.dataSize(chunk, base), value);
        } else {
            replaceFound(write(field, value, bytes));
            arena.free(found, oldBytes);
        }
        return false;
    }

    private int write(Element field, Element value, int bytes) {
        int handle = arena.allocate(bytes);
        byte[] chunk = arena.chunk(handle);
        Listpack.writeData(chunk, Listpack.writeData(chunk, arena.offset(handle), field), value);
        return handle;
    }

    boolean remove(int hash32, Element field) {
        int handle = find(hash32, field);
        if (handle == 0) {
            return false;
        }
        removeFound();
        free(handle);
        return true;
    }
}
