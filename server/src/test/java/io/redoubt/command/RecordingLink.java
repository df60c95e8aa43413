package io.redoubt.command;

import io.redoubt.log.EffectStream;
import io.redoubt.resp.Reply;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A connection without a socket that remembers whether it was closed. */
final class RecordingLink implements Session.Link {
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
    public boolean isLocal() {
        return true;
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
    public void suspend() {}

    @Override
    public void resume(Consumer<Reply> lateReply) {
        throw new UnsupportedOperationException("nothing waits here");
    }

    @Override
    public void push(byte[] bytes) {}

    @Override
    public void follow(EffectStream.@Nullable Reader reader) {}

    @Override
    public void pumpStream() {}

    @Override
    public int queryBufferLength() {
        return 26;
    }

    @Override
    public int queryBufferCapacity() {
        return 1024;
    }

    @Override
    public long outputBytes() {
        return 0;
    }

    @Override
    public int descriptor() {
        return 8;
    }
}
