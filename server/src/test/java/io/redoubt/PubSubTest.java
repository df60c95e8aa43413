package io.redoubt;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

/** Channels, patterns and shard channels through a server. */
@WithOneAndWithThreeLoops
@DisplayNameGeneration(ReplaceUnderscores.class)
class PubSubTest {
    private static final String NOT_NOW = "ERR Can't execute '%s': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT"
            + " / RESET are allowed in this context";

    private final RedoubtServer server;

    PubSubTest(int ioThreads) {
        server = RedoubtServer.with("client-output-buffer-limit pubsub 4mb 0 0").ioThreads(ioThreads);
    }

    @BeforeEach
    void start() throws Exception {
        server.start();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private static List<@Nullable Object> message(@Nullable Object... elements) {
        return Arrays.asList(elements);
    }

    private static RespClient.Push push(@Nullable Object... elements) {
        return new RespClient.Push(Arrays.asList(elements));
    }

    private RespClient subscriber(String... request) {
        var client = server.client();
        client.sendRaw(RespClient.request(request));
        for (int i = 1; i < request.length; i++) {
            client.read();
        }
        return client;
    }

    private RespClient clientOfResp3() {
        var client = server.client();
        client.send("HELLO", "3");
        return client;
    }

    /** Messages come by themselves, so a server that is told nothing more is asked again and again. */
    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + 10_000_000_000L;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("the deadline").isLessThan(deadline);
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static String info(RespClient client, String field) {
        String text = (String) client.send("INFO", "stats");
        return text.lines()
                .filter(line -> line.startsWith(field + ":"))
                .findFirst()
                .orElseThrow()
                .substring(field.length() + 1);
    }

    @Test
    void a_message_reaches_subscribers_of_its_channel_and_of_patterns_that_it_matches() {
        var byChannel = subscriber("SUBSCRIBE", "news.a", "news.b");
        var byPattern = subscriber("PSUBSCRIBE", "news.*");
        var other = subscriber("SUBSCRIBE", "weather");
        var publisher = server.client();

        assertThat(publisher.send("PUBLISH", "news.b", "text")).isEqualTo(2L);
        assertThat(publisher.send("PUBLISH", "weather", "rain")).isEqualTo(1L);
        assertThat(publisher.send("PUBLISH", "silence", "")).isEqualTo(0L);

        assertThat(byChannel.read()).isEqualTo(message("message", "news.b", "text"));
        assertThat(byPattern.read()).isEqualTo(message("pmessage", "news.*", "news.b", "text"));
        assertThat(other.read()).isEqualTo(message("message", "weather", "rain"));
    }

    @Test
    void a_client_that_listens_twice_gets_a_message_twice() {
        var client = subscriber("SUBSCRIBE", "c");
        client.send("PSUBSCRIBE", "c*");
        assertThat(server.client().send("PUBLISH", "c", "x")).isEqualTo(2L);
        assertThat(client.read()).isEqualTo(message("message", "c", "x"));
        assertThat(client.read()).isEqualTo(message("pmessage", "c*", "c", "x"));
    }

    @Test
    void shard_channels_are_apart_from_channels() {
        var shard = subscriber("SSUBSCRIBE", "c");
        var pattern = subscriber("PSUBSCRIBE", "*");
        var publisher = server.client();
        assertThat(publisher.send("PUBLISH", "c", "1")).isEqualTo(1L);
        assertThat(publisher.send("SPUBLISH", "c", "2")).isEqualTo(1L);
        assertThat(shard.read()).isEqualTo(message("smessage", "c", "2"));
        assertThat(pattern.read()).isEqualTo(message("pmessage", "*", "c", "1"));
        assertThat(publisher.send("PUBSUB", "SHARDCHANNELS")).isEqualTo(List.of("c"));
        assertThat(publisher.send("PUBSUB", "SHARDNUMSUB", "c", "d")).isEqualTo(List.of("c", 1L, "d", 0L));
        assertThat(publisher.send("PUBSUB", "CHANNELS")).isEqualTo(List.of());
    }

    @Test
    void counts_subscriptions_of_channels_and_patterns_together() {
        var client = server.client();
        assertThat(client.send("SUBSCRIBE", "a")).isEqualTo(message("subscribe", "a", 1L));
        assertThat(client.send("PSUBSCRIBE", "a")).isEqualTo(message("psubscribe", "a", 2L));
        assertThat(client.send("SSUBSCRIBE", "a")).isEqualTo(message("ssubscribe", "a", 1L));
        assertThat(client.send("SUBSCRIBE", "a")).isEqualTo(message("subscribe", "a", 2L));
        assertThat(client.send("UNSUBSCRIBE", "a")).isEqualTo(message("unsubscribe", "a", 1L));
        assertThat(client.send("UNSUBSCRIBE", "a")).isEqualTo(message("unsubscribe", "a", 1L));
        assertThat(client.send("UNSUBSCRIBE")).isEqualTo(message("unsubscribe", null, 1L));
        assertThat(client.send("PUNSUBSCRIBE")).isEqualTo(message("punsubscribe", "a", 0L));
        assertThat(client.send("SUNSUBSCRIBE")).isEqualTo(message("sunsubscribe", "a", 0L));
        assertThat(client.send("GET", "k")).isNull();
    }

    @Test
    void a_subscriber_in_RESP2_may_run_only_what_is_about_subscriptions() {
        var client = subscriber("SUBSCRIBE", "c");
        assertThat(client.send("GET", "k")).isEqualTo(new RespError(NOT_NOW.formatted("get")));
        assertThat(client.send("CLIENT", "INFO")).isEqualTo(new RespError(NOT_NOW.formatted("client|info")));
        assertThat(client.send("PUBLISH", "c", "m")).isEqualTo(new RespError(NOT_NOW.formatted("publish")));
        assertThat(client.send("PING")).isEqualTo(message("pong", ""));
        assertThat(client.send("PING", "hi")).isEqualTo(message("pong", "hi"));
        assertThat(client.send("PSUBSCRIBE", "p")).isEqualTo(message("psubscribe", "p", 2L));
        assertThat(client.send("RESET")).isEqualTo("RESET");
        assertThat(client.send("PING")).isEqualTo("PONG");
        assertThat(client.send("PUBSUB", "NUMPAT")).isEqualTo(0L);
    }

    @Test
    void a_subscriber_in_RESP3_may_run_everything_and_gets_pushes() {
        var client = clientOfResp3();
        assertThat(client.send("SUBSCRIBE", "c")).isEqualTo(push("subscribe", "c", 1L));
        assertThat(client.send("PING")).isEqualTo("PONG");
        assertThat(client.send("PUBLISH", "c", "own")).isEqualTo(push("message", "c", "own"));
        assertThat(client.read()).isEqualTo(1L);
        server.client().send("PUBLISH", "c", "other's");
        assertThat(client.read()).isEqualTo(push("message", "c", "other's"));
        client.send("HELLO", "2");
        assertThat(client.send("GET", "k")).isEqualTo(new RespError(NOT_NOW.formatted("get")));
        assertThat(client.send("UNSUBSCRIBE")).isEqualTo(message("unsubscribe", "c", 0L));
    }

    @Test
    void CLIENT_REPLY_silences_replies_but_no_messages() {
        var client = clientOfResp3();
        client.sendRaw("CLIENT REPLY OFF\r\nSUBSCRIBE c\r\nPUBLISH c 1\r\nPING\r\nCLIENT REPLY ON\r\n");
        assertThat(client.read()).isEqualTo(push("subscribe", "c", 1L));
        assertThat(client.read()).isEqualTo(push("message", "c", "1"));
        assertThat(client.read()).isEqualTo("OK");
        client.sendRaw("CLIENT REPLY SKIP\r\nPUBLISH c 2\r\nPING\r\n");
        assertThat(client.read()).isEqualTo(push("message", "c", "2"));
        assertThat(client.read()).isEqualTo("PONG");
    }

    @Test
    void nothing_follows_the_end_of_a_subscription_and_nothing_precedes_its_beginning() {
        var client = clientOfResp3();
        client.sendRaw("PUBLISH c 0\r\nSUBSCRIBE c\r\nPUBLISH c 1\r\nUNSUBSCRIBE c\r\nPUBLISH c 2\r\nPING\r\n");
        assertThat(client.read()).isEqualTo(0L);
        assertThat(client.read()).isEqualTo(push("subscribe", "c", 1L));
        assertThat(client.read()).isEqualTo(push("message", "c", "1"));
        assertThat(client.read()).isEqualTo(1L);
        assertThat(client.read()).isEqualTo(push("unsubscribe", "c", 0L));
        assertThat(client.read()).isEqualTo(0L);
        assertThat(client.read()).isEqualTo("PONG");
    }

    @Test
    void tells_who_listens() {
        var resp3 = clientOfResp3();
        resp3.send("CLIENT", "SETNAME", "ear");
        resp3.send("SUBSCRIBE", "a");
        resp3.send("SUBSCRIBE", "b");
        resp3.send("PSUBSCRIBE", "p*");
        resp3.send("SSUBSCRIBE", "s");
        subscriber("SUBSCRIBE", "b");
        var client = server.client();
        assertThat(client.send("PUBSUB", "NUMSUB", "a", "b", "z")).isEqualTo(List.of("a", 1L, "b", 2L, "z", 0L));
        assertThat(client.send("PUBSUB", "CHANNELS", "a*")).isEqualTo(List.of("a"));
        assertThat(client.send("PUBSUB", "NUMPAT")).isEqualTo(1L);
        assertThat(client.send("PUBSUB", "CHANNELS", "a", "b"))
                .isEqualTo(new RespError(
                        "ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try" + " PUBSUB HELP."));
        assertThat(info(client, "pubsub_channels")).isEqualTo("2");
        assertThat(info(client, "pubsub_patterns")).isEqualTo("1");
        assertThat(info(client, "pubsubshard_channels")).isEqualTo("1");
        String lines = (String) client.send("CLIENT", "LIST", "TYPE", "pubsub");
        assertThat(lines.lines()).hasSize(2);
        assertThat(lines.lines().filter(line -> line.contains("name=ear")).findFirst())
                .hasValueSatisfying(line -> assertThat(line).contains(" flags=P ", " sub=2 psub=1 ssub=1 "));
        assertThat(client.send("CLIENT", "KILL", "TYPE", "pubsub")).isEqualTo(2L);
        await(() -> info(client, "pubsub_channels").equals("0"));
        assertThat(info(client, "pubsub_patterns")).isEqualTo("0");
    }

    @Test
    void who_leaves_is_no_receiver_any_more() {
        var leaving = subscriber("SUBSCRIBE", "c");
        var client = server.client();
        leaving.close();
        await(() -> client.send("PUBLISH", "c", "x").equals(0L));
        assertThat(client.send("PUBSUB", "CHANNELS")).isEqualTo(List.of());
    }

    @Test
    void who_does_not_read_its_messages_is_cut_off() {
        var slow = server.kept(RespClient.connectWithReceiveBuffer(server.port(), 4096));
        slow.send("SUBSCRIBE", "c");
        var quick = subscriber("SUBSCRIBE", "c");
        var publisher = server.client();
        String text = "x".repeat(100_000);
        for (Object receivers = 2L; receivers.equals(2L); ) {
            receivers = publisher.send("PUBLISH", "c", text);
            quick.read();
        }
        assertThat(server.logged()).contains("overcoming of output buffer limits");
        assertThat(publisher.send("PING")).isEqualTo("PONG");
    }

    @Test
    void all_subscribers_see_the_messages_of_a_channel_in_one_order() throws Exception {
        int publishers = 4;
        int messages = 200;
        var tasks = new ArrayList<Callable<List<String>>>();
        for (int i = 0; i < 6; i++) {
            var subscriber = i % 2 == 0 ? subscriber("SUBSCRIBE", "c") : subscriber("PSUBSCRIBE", "c*");
            tasks.add(() -> {
                var seen = new ArrayList<String>();
                while (seen.size() < publishers * messages) {
                    seen.add((String) ((List<?>) subscriber.read()).getLast());
                }
                return seen;
            });
        }
        for (int p = 0; p < publishers; p++) {
            var publisher = server.client();
            String name = "p" + p + "-";
            tasks.add(() -> {
                var request = new StringBuilder();
                for (int m = 0; m < messages; m++) {
                    request.append("PUBLISH c ").append(name).append(m).append("\r\n");
                }
                publisher.sendRaw(request.toString());
                for (int m = 0; m < messages; m++) {
                    publisher.read();
                }
                return List.of();
            });
        }
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<String> first = List.of();
            for (var result : threads.invokeAll(tasks)) {
                var seen = result.get();
                if (first.isEmpty()) {
                    first = seen;
                } else if (!seen.isEmpty()) {
                    assertThat(seen).isEqualTo(first);
                }
            }
            assertThat(first).hasSize(publishers * messages).doesNotHaveDuplicates();
        }
    }
}
