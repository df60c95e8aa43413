package io.redoubt.pubsub;

import io.redoubt.command.Session;
import io.redoubt.resp.Decimal;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A message as it is sent, encoded once however many receive it. */
final class Message {
    private final byte[] resp2;
    private final @Nullable Predicate<Session> audience;
    private volatile byte @Nullable [] resp3;

    private Message(byte[] resp2, @Nullable Predicate<Session> audience) {
        this.resp2 = resp2;
        this.audience = audience;
    }

    /**
     * Encodes a message to who has subscribed to its channel.
     *
     * @param audience who of them may get it, asked on the loop of each; null for all
     */
    static Message toChannel(Kind kind, Content content, @Nullable Predicate<Session> audience) {
        int size = 4 + sizeOf(kind.message.length) + content.size();
        var out = new byte[size];
        int at = header(out, 0, '*', 3);
        at = bulk(out, at, kind.message, 0, kind.message.length);
        return new Message(content.write(out, at), audience);
    }

    /** Encodes a message to who has subscribed to a pattern that its channel matches. */
    static Message toPattern(byte[] pattern, Content content, @Nullable Predicate<Session> audience) {
        byte[] word = Kind.PATTERN.message;
        int size = 4 + sizeOf(word.length) + sizeOf(pattern.length) + content.size();
        var out = new byte[size];
        int at = header(out, 0, '*', 4);
        at = bulk(out, at, word, 0, word.length);
        at = bulk(out, at, pattern, 0, pattern.length);
        return new Message(content.write(out, at), audience);
    }

    /** Whether a session may get it. */
    boolean isFor(Session session) {
        return audience == null || audience.test(session);
    }

    /** Returns the bytes for a version of the protocol; nobody may change them. */
    byte[] bytes(int protocol) {
        if (protocol == 2) {
            return resp2;
        }
        byte[] made = resp3;
        if (made == null) {
            made = resp2.clone();
            made[0] = '>'; // A push, where RESP2 has an array.
            resp3 = made;
        }
        return made;
    }

    /** Where channel and text of a message are. */
    record Content(byte[] channel, int channelOffset, int channelLength, byte[] text, int textOffset, int textLength) {
        int size() {
            return sizeOf(channelLength) + sizeOf(textLength);
        }

        byte[] write(byte[] out, int at) {
            int next = bulk(out, at, channel, channelOffset, channelLength);
            next = bulk(out, next, text, textOffset, textLength);
            assert next == out.length : "the size was computed otherwise";
            return out;
        }
    }

    private static int sizeOf(int length) {
        return 1 + Decimal.length(length) + 2 + length + 2;
    }

    private static int header(byte[] out, int at, char type, int number) {
        out[at] = (byte) type;
        int next = at + 1 + Decimal.format(number, out, at + 1);
        out[next] = '\r';
        out[next + 1] = '\n';
        return next + 2;
    }

    private static int bulk(byte[] out, int at, byte[] bytes, int offset, int length) {
        int next = header(out, at, '$', length);
        System.arraycopy(bytes, offset, out, next, length);
        next += length;
        out[next] = '\r';
        out[next + 1] = '\n';
        return next + 2;
    }
}
