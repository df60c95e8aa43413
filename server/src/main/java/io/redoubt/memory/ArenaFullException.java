package io.redoubt.memory;

/** Thrown when an arena has no chunk index left for a request, or the heap no room for it; nothing has changed then. */
public final class ArenaFullException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ArenaFullException(int requestedBytes) {
        super("no room; " + requestedBytes + " bytes were requested");
    }
}
