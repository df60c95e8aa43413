package io.redoubt.pubsub;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.command.Session;
import io.redoubt.command.StubLink;
import io.redoubt.resp.Reply;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

/** The way of messages over two loops, whose turns the test takes by hand. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class PubSubDeliveryTest {
    private final PubSub pubSub = new PubSub(1, 2);
    private final List<ArrayDeque<Runnable>> loops = List.of(new ArrayDeque<>(), new ArrayDeque<>());

    private static final class Ear extends StubLink {
        final List<byte[]> heard = new ArrayList<>();
        final Session session = new Session(1, this, 0);

        @Override
        public void push(byte[] bytes) {
            heard.add(bytes);
        }

        List<String> texts() {
            return heard.stream()
                    .map(bytes -> new String(bytes, StandardCharsets.ISO_8859_1))
                    .toList();
        }
    }

    @BeforeEach
    void connect() {
        pubSub.connect(List.of(loops.get(0)::add, loops.get(1)::add));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private Ear ear(Kind kind, String name, int loop, int protocol) {
        var ear = new Ear();
        ear.session.setProtocol(protocol);
        pubSub.subscribe(kind, ear.session, bytes(name), loop);
        return ear;
    }

    private long publish(String channel, String text) {
        byte[] name = bytes(channel);
        byte[] value = bytes(text);
        return pubSub.publish(
                Kind.CHANNEL, new Message.Content(name, 0, name.length, value, 0, value.length), pubSub.lookup(), null);
    }

    private void turn(int loop) {
        for (var task = loops.get(loop).poll();
                task != null;
                task = loops.get(loop).poll()) {
            task.run();
        }
    }

    @Test
    void a_message_is_encoded_once_for_each_protocol_and_shared() {
        var ears = new ArrayList<Ear>();
        for (int i = 0; i < 4; i++) {
            ears.add(ear(Kind.CHANNEL, "c", i & 1, i < 2 ? 2 : 3));
        }
        assertThat(publish("c", "hello")).isEqualTo(4);
        turn(0);
        turn(1);
        assertThat(ears.get(0).texts()).containsExactly("*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$5\r\nhello\r\n");
        assertThat(ears.get(2).texts()).containsExactly(">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$5\r\nhello\r\n");
        assertThat(ears.get(1).heard.getFirst()).isSameAs(ears.get(0).heard.getFirst());
        assertThat(ears.get(3).heard.getFirst()).isSameAs(ears.get(2).heard.getFirst());
    }

    @Test
    void a_loop_is_told_once_however_many_messages_and_listeners_there_are() {
        var first = ear(Kind.CHANNEL, "c", 0, 2);
        var second = ear(Kind.PATTERN, "c*", 0, 2);
        publish("c", "1");
        publish("c", "2");
        assertThat(loops.get(0)).hasSize(1);
        assertThat(loops.get(1)).isEmpty();
        turn(0);
        assertThat(first.heard).hasSize(2);
        assertThat(second.texts().getLast()).isEqualTo("*4\r\n$8\r\npmessage\r\n$2\r\nc*\r\n$1\r\nc\r\n$1\r\n2\r\n");
    }

    @Test
    void what_is_on_its_way_is_delivered_before_subscriptions_change() {
        var early = ear(Kind.CHANNEL, "c", 0, 2);
        publish("c", "1");
        var late = new Ear();
        var reply = new Reply();
        assertThat(pubSub.deliverAll(late.session, reply, 0)).isFalse();
        pubSub.subscribe(Kind.CHANNEL, late.session, bytes("c"), 0);
        publish("c", "2");
        assertThat(pubSub.deliverAll(late.session, reply, 0))
                .as("its own goes into its reply")
                .isTrue();
        pubSub.unsubscribe(Kind.CHANNEL, early.session, bytes("c"));
        publish("c", "3");
        turn(0);
        assertThat(early.heard).hasSize(2);
        assertThat(late.heard).hasSize(1);
        assertThat(reply.length()).isPositive();
    }

    @Test
    void who_is_being_closed_hears_nothing_more() {
        var ear = ear(Kind.CHANNEL, "c", 1, 2);
        publish("c", "secret");
        ear.session.setClosing();
        turn(1);
        assertThat(ear.heard).isEmpty();
    }

    @Test
    void nothing_is_kept_of_what_nobody_listens_to() {
        var ear = ear(Kind.CHANNEL, "c", 0, 2);
        pubSub.subscribe(Kind.PATTERN, ear.session, bytes("p"), 0);
        pubSub.subscribe(Kind.SHARD_CHANNEL, ear.session, bytes("s"), 0);
        assertThat(pubSub.channelCount() + pubSub.patternCount() + pubSub.shardChannelCount())
                .isEqualTo(3);
        pubSub.disconnected(ear.session);
        assertThat(pubSub.channelCount() + pubSub.patternCount() + pubSub.shardChannelCount())
                .isZero();
        assertThat(ear.session.subscriptions()).isNull();
        assertThat(publish("c", "x")).isZero();
    }
}
