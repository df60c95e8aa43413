package io.redoubt.command;

import io.redoubt.resp.Reply;
import java.util.function.Consumer;

/** The reply of a suspended command, which comes later: nothing where the client had turned replies off. */
public final class LateReply {
    private final Session.Link link;
    private final boolean isSilent;

    LateReply(Session session) {
        link = session.link();
        isSilent = session.replyMode() != Session.ReplyMode.ON;
    }

    /** Writes the reply and lets the connection go on. From any thread. */
    public void send(Consumer<Reply> writer) {
        link.resume(reply -> {
            if (!isSilent) {
                writer.accept(reply);
            }
        });
    }
}
