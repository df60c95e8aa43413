package io.redoubt.memory;

/** Is shown the entries of a {@link Table}; must not change the table meanwhile. */
@FunctionalInterface
public interface EntryVisitor {
    /**
     * Takes an entry.
     *
     * @param handle the record's handle
     * @param expiryMillis when it expires, or {@link Table#NO_EXPIRY}
     */
    void visit(int handle, long expiryMillis);
}
