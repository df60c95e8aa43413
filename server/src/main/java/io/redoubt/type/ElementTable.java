package io.redoubt.type;

import io.redoubt.memory.Arena;
import io.redoubt.memory.Table;
import org.jspecify.annotations.Nullable;

/**
 * A table whose entries are blocks that hold an element: the members of a set, the fields of a hash, the members of a
 * sorted set. The element is kept as in a {@link Listpack}, without the size behind it.
 */
public abstract class ElementTable extends Table implements LargeValue {
    private @Nullable Element wanted;

    protected ElementTable(Arena arena) {
        super(arena);
    }

    /** For {@link #fork()}. */
    protected ElementTable(ElementTable original) {
        super(original);
    }

    /** Where in a block the element begins. */
    protected abstract int elementOffset();

    /** Size of a block. */
    protected abstract int blockBytes(byte[] chunk, int base);

    /** Looks an element up; it is then the found entry of the table. */
    public final int find(int hash32, Element element) {
        wanted = element;
        int handle = find(hash32, element.buffer(), element.offset(), element.length());
        wanted = null;
        return handle;
    }

    @Override
    protected final boolean matches(int handle, byte[] key, int offset, int length) {
        Element element = wanted;
        return element != null
                && Listpack.matches(arena.chunk(handle), arena.offset(handle) + elementOffset(), 0, element);
    }

    /** Shows the element of an entry. */
    public final void get(int handle, Element into) {
        Listpack.get(arena.chunk(handle), arena.offset(handle) + elementOffset(), 0, into);
    }

    /** Shows the element of an entry to a thread that reads a snapshot's chunks. */
    public final void get(byte[][] chunks, int handle, Element into) {
        Listpack.get(chunks[Arena.chunkIndex(handle)], Arena.chunkOffset(handle) + elementOffset(), 0, into);
    }

    @Override
    public long blockBytes(long samples) {
        var walk = new Walk();
        walk(walk);
        long most = samples == 0 ? count() : Math.min(samples, count());
        long sum = 0;
        for (long i = 0; i < most; i++) {
            int handle = next(walk);
            sum += Arena.usableBytes(blockBytes(arena.chunk(handle), arena.offset(handle)));
        }
        return most == 0 ? 0 : sum * count() / most;
    }

    /** Frees the block of an entry. */
    protected final void free(int handle) {
        arena.free(handle, blockBytes(arena.chunk(handle), arena.offset(handle)));
    }

    @Override
    public long freeSome(long position, int budget) {
        long next = scan(position, budget, (handle, _) -> free(handle));
        return next == 0 ? -1 : next;
    }
}
