package io.redoubt.command;

/** A connection without a socket that remembers whether it was closed. */
final class RecordingLink extends StubLink {
    private final String remoteAddress;
    private final String localAddress;
    boolean isClosed;

    RecordingLink(String remoteAddress, String localAddress) {
        this.remoteAddress = remoteAddress;
        this.localAddress = localAddress;
    }

    @Override
    public String remoteAddress() {
        return remoteAddress;
    }

    @Override
    public String localAddress() {
        return localAddress;
    }

    @Override
    public boolean isUnixSocket() {
        return remoteAddress.startsWith("/");
    }

    @Override
    public void closeAfterReplies() {
        isClosed = true;
    }

    @Override
    public void close() {
        isClosed = true;
    }

    @Override
    public int queryBufferLength() {
        return 26;
    }

    @Override
    public int queryBufferCapacity() {
        return 1024;
    }

    @Override
    public int descriptor() {
        return 8;
    }
}
