package io.redoubt.pubsub;

import io.redoubt.command.Gate;
import io.redoubt.command.Session;
import io.redoubt.store.KeyspaceEvents;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Predicate;

/**
 * Tells on {@code __keyspace@N__:key} and {@code __keyevent@N__:event} what happens to keys, as far as
 * {@code notify-keyspace-events} says. These messages stay on this server. The gate says which subscribers may hear of a
 * key.
 */
public final class KeyspaceNotifications implements KeyspaceEvents {
    private static final int KEYSPACE = Event.bitOf('K');
    private static final int KEYEVENT = Event.bitOf('E');
    /** What the letter A stands for. */
    private static final String ALL = "g$lshzxetd";

    private final PubSub pubSub;
    private final Gate gate;
    /** The classes that are told, if a kind of channel is chosen as well; else 0. */
    private volatile int classes;

    private volatile int kinds;

    public KeyspaceNotifications(PubSub pubSub, Gate gate) {
        this.pubSub = pubSub;
        this.gate = gate;
    }

    /** Takes the letters of {@code notify-keyspace-events}. */
    public void setLetters(String letters) {
        int bits = 0;
        String all = letters.replace("A", ALL);
        for (int i = 0; i < all.length(); i++) {
            bits |= Event.bitOf(all.charAt(i));
        }
        kinds = bits & (KEYSPACE | KEYEVENT);
        classes = kinds == 0 ? 0 : bits & ~(KEYSPACE | KEYEVENT);
    }

    @Override
    public void on(Event event, int database, byte[] buffer, int offset, int length) {
        if ((classes & event.classBit()) != 0 && pubSub.hasListeners(Kind.CHANNEL)) {
            tell(event.word(), database, Arrays.copyOfRange(buffer, offset, offset + length));
        }
    }

    private void tell(String word, int database, byte[] key) {
        byte[] event = word.getBytes(StandardCharsets.US_ASCII);
        Predicate<Session> audience = session -> gate.mayHearOf(session, database, key);
        if ((kinds & KEYSPACE) != 0) {
            publish(channel("__keyspace@", database, key), event, audience);
        }
        if ((kinds & KEYEVENT) != 0) {
            publish(channel("__keyevent@", database, event), key, audience);
        }
    }

    private static byte[] channel(String head, int database, byte[] tail) {
        byte[] start = (head + database + "__:").getBytes(StandardCharsets.US_ASCII);
        byte[] channel = Arrays.copyOf(start, start.length + tail.length);
        System.arraycopy(tail, 0, channel, start.length, tail.length);
        return channel;
    }

    private void publish(byte[] channel, byte[] text, Predicate<Session> audience) {
        var content = new Message.Content(channel, 0, channel.length, text, 0, text.length);
        pubSub.publish(Kind.CHANNEL, content, pubSub.lookup(), audience);
    }
}
