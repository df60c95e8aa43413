package io.redoubt.type;

/** A place for packed bytes whose length changes: in a record, or in a block of a list. */
public interface PackedHome {
    /** The array that holds the bytes. It may be another one after each {@link #splice}. */
    byte[] buffer();

    /** Where in {@link #buffer()} the bytes begin. */
    int start();

    /** How many bytes there are. */
    int length();

    /**
     * Replaces {@code removed} bytes at an offset by {@code added} bytes of any content, and moves what follows. After
     * it, and until the next look-up, the bytes may be overwritten; before it they may belong to a snapshot, so a change
     * in place is announced by {@code splice(0, 0, 0)}.
     *
     * @throws io.redoubt.memory.ArenaFullException when there is no room; nothing has changed then
     */
    void splice(int offset, int removed, int added);
}
