package io.redoubt.config;

/** The master of a replica. */
public record MasterAddress(String host, int port) {
    /** No master: the server is one itself. */
    public static final MasterAddress NONE = new MasterAddress("", 0);

    public boolean isPresent() {
        return !host.isEmpty();
    }
}
