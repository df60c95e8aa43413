package io.redoubt.command;

import io.redoubt.log.EffectStream;
import io.redoubt.resp.Reply;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Where requests come from that no client sends: a master's stream, an append-only file. It takes no replies. */
public class NoLink implements Session.Link {
    @Override
    public String remoteAddress() {
        return "";
    }

    @Override
    public String localAddress() {
        return "";
    }

    @Override
    public boolean isLocal() {
        return false;
    }

    @Override
    public boolean isUnixSocket() {
        return false;
    }

    @Override
    public void closeAfterReplies() {
        // Whoever reads the requests ends by itself.
    }

    @Override
    public void close() {
        // Whoever reads the requests ends by itself.
    }

    @Override
    public void suspend() {
        // Nothing waits for the late reply, and what comes next may run at once.
    }

    @Override
    public void resume(Consumer<Reply> lateReply) {
        // Nobody reads it.
    }

    @Override
    public void push(byte[] bytes) {
        // Nobody reads it.
    }

    @Override
    public void follow(EffectStream.@Nullable Reader reader) {
        throw new IllegalStateException("this is no replica");
    }

    @Override
    public void pumpStream() {
        // Nothing is followed.
    }

    @Override
    public int queryBufferLength() {
        return 0;
    }

    @Override
    public int queryBufferCapacity() {
        return 0;
    }

    @Override
    public long outputBytes() {
        return 0;
    }

    @Override
    public int descriptor() {
        return 0;
    }
}
