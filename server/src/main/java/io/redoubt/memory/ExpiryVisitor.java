package io.redoubt.memory;

/** Is shown the entries of a {@link Table} that have an expiry; must not change the table meanwhile. */
@FunctionalInterface
public interface ExpiryVisitor {
    /**
     * Takes an entry.
     *
     * @param handle the record's handle
     * @param hash32 its hash, which with the handle finds it again: {@link Table#findHandle(int, int)}
     * @param expiryMillis when it expires
     */
    void visit(int handle, int hash32, long expiryMillis);
}
