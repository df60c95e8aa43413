package io.redoubt.memory;

/** Thrown when an arena has no chunk index left for a request; nothing has changed then. */
public final class ArenaFullException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ArenaFullException(int requestedBytes) {
        super("the arena's handles are used up; " + requestedBytes + " bytes were requested");
    }
}
