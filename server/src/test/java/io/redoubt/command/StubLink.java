package io.redoubt.command;

import io.redoubt.log.EffectStream;
import io.redoubt.resp.Reply;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A local connection without a socket, on which nothing happens; what a test looks at it overrides. */
public class StubLink extends NoLink {
    @Override
    public String remoteAddress() {
        return "127.0.0.1:50000";
    }

    @Override
    public String localAddress() {
        return "127.0.0.1:6379";
    }

    @Override
    public boolean isLocal() {
        return true;
    }

    @Override
    public void resume(Consumer<Reply> lateReply) {
        throw new UnsupportedOperationException("nothing waits here");
    }

    @Override
    public void follow(EffectStream.@Nullable Reader reader) {
        // What a test sends may begin to follow; nothing comes of it.
    }
}
