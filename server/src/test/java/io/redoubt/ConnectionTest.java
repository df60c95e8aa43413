package io.redoubt;

import static io.redoubt.RespError.error;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a client sees of a connection, through a socket. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@WithOneAndWithThreeLoops
class ConnectionTest {
    private static final List<List<String>> REQUESTS = List.of(
            List.of("PING"),
            List.of("ECHO", ""),
            List.of("ECHO", "a\r\nb\u0000\u00ff"),
            List.of("SET", "key", "value"),
            List.of("GET", "key"),
            List.of("MSET", "{a}1", "1", "b", "2", "c", "3"),
            List.of("MGET", "{a}1", "b", "c", "none"),
            List.of("INCR", "counter"),
            List.of("INCRBYFLOAT", "counter", "0.5"),
            List.of("SET", "key"),
            List.of("NOTHING", "like", "this"),
            List.of("LCS", "{a}1", "{a}2", "IDX"),
            List.of("CONFIG", "GET", "maxmemory"),
            List.of("COMMAND", "INFO", "get", "nothing"),
            List.of("EXISTS", "key", "b", "none"),
            List.of("DEL", "key", "counter", "{a}1", "b", "c"));

    @RegisterExtension
    final RedoubtServer server;

    ConnectionTest(int ioThreads) {
        server = RedoubtServer.with().ioThreads(ioThreads);
    }

    @Nested
    class A_request {
        @ParameterizedTest(name = "RESP{0}")
        @ValueSource(ints = {2, 3})
        void may_arrive_byte_by_byte(int protocol) {
            var whole = client(protocol);
            var bytewise = client(protocol);
            for (var words : REQUESTS) {
                byte[] request = RespClient.request(words.toArray(String[]::new));
                whole.send("FLUSHALL");
                whole.sendRaw(request);
                Object expected = whole.read();
                whole.send("FLUSHALL");
                for (int i = 0; i < request.length; i++) {
                    bytewise.sendRaw(request, i, 1);
                }
                assertThat(bytewise.read()).as("%s", words).isEqualTo(expected);
            }
        }

        @ParameterizedTest(name = "RESP{0}")
        @ValueSource(ints = {2, 3})
        void may_be_cut_anywhere(int protocol) {
            var out = new ByteArrayOutputStream();
            REQUESTS.forEach(words -> out.writeBytes(RespClient.request(words.toArray(String[]::new))));
            byte[] pipeline = out.toByteArray();
            var whole = client(protocol);
            whole.sendRaw(pipeline);
            var expected = replies(whole);
            var cut = client(protocol);
            for (int at = 1; at < pipeline.length; at++) {
                cut.sendRaw(pipeline, 0, at);
                // Answers of another connection to the same loop: what came before the cut has most likely been read.
                whole.send("PING");
                cut.sendRaw(pipeline, at, pipeline.length - at);
                assertThat(replies(cut)).as("cut after %d bytes", at).isEqualTo(expected);
            }
        }

        private List<Object> replies(RespClient client) {
            return REQUESTS.stream()
                    .map(_ -> String.valueOf(client.read()))
                    .map(Object.class::cast)
                    .toList();
        }

        private RespClient client(int protocol) {
            var client = server.client();
            client.send("HELLO", Integer.toString(protocol));
            return client;
        }

        @Test
        void may_be_one_of_ten_thousand_in_a_pipeline() throws InterruptedException {
            var client = server.client();
            var out = new ByteArrayOutputStream();
            for (int i = 0; i < 5_000; i++) {
                out.writeBytes(RespClient.request("SET", "key" + i, "value" + i));
                out.writeBytes(RespClient.request("GET", "key" + i));
            }
            var writer = Thread.ofVirtual().start(() -> client.sendRaw(out.toByteArray()));
            for (int i = 0; i < 5_000; i++) {
                assertThat(client.read()).isEqualTo("OK");
                assertThat(client.read()).isEqualTo("value" + i);
            }
            writer.join();
        }

        @Test
        void may_be_a_line_of_words() {
            var client = server.client();
            client.sendRaw("\r\nSET \"a key\" 'it''s'\r\n");
            assertThat(client.readToEnd()).isEqualTo("-ERR Protocol error: unbalanced quotes in request\r\n");
            client = server.client();
            client.sendRaw("\r\n  SET \"a\\x20key\"  value\nGET 'a key'\r\n");
            assertThat(client.read()).isEqualTo("OK");
            assertThat(client.read()).isEqualTo("value");
        }
    }

    @Nested
    class A_protocol_error {
        @ParameterizedTest(name = "{1}")
        @CsvSource(
                delimiter = '|',
                quoteCharacter = '`',
                value = {
                    "*1\\r\\n:1\\r\\n|expected '$', got ':'",
                    "*x\\r\\n|invalid multibulk length",
                    "*99999999999\\r\\n|invalid multibulk length",
                    "*1\\r\\n$-5\\r\\n|invalid bulk length",
                    "*1\\r\\n$600000000\\r\\n|invalid bulk length",
                    "GET 'x\\r\\n|unbalanced quotes in request"
                })
        void is_answered_in_redis_words_and_ends_the_connection(String request, String text) {
            var client = server.client();
            client.sendRaw("*1\r\n$4\r\nPING\r\n" + request.replace("\\r\\n", "\r\n"));
            assertThat(client.readToEnd()).isEqualTo("+PONG\r\n-ERR Protocol error: " + text + "\r\n");
        }
    }

    @Test
    void a_web_page_that_posts_to_the_server_is_cut_off() {
        var client = server.client();
        client.sendRaw("POST / HTTP/1.1\r\nHost: x\r\n\r\nSET key value\r\n");
        assertThat(client.readToEnd()).isEmpty();
        assertThat(server.client().send("EXISTS", "key")).isEqualTo(0L);
    }

    @Test
    void quit_within_a_pipeline_drops_what_follows() {
        var client = server.client();
        client.sendRaw("SET key 1\r\nQUIT\r\nSET key 2\r\n");
        assertThat(client.readToEnd()).isEqualTo("+OK\r\n+OK\r\n");
        assertThat(server.client().send("GET", "key")).isEqualTo("1");
    }

    @Test
    void a_client_may_want_no_replies() {
        var client = server.client();
        client.sendRaw("CLIENT REPLY OFF\r\nSET key 1\r\nGET key\r\nNOTHING\r\nCLIENT REPLY ON\r\n");
        assertThat(client.read()).isEqualTo("OK");
        client.sendRaw("CLIENT REPLY SKIP\r\nGET key\r\nGET key\r\n");
        assertThat(client.read()).isEqualTo("1");
        assertThat(client.send("PING")).isEqualTo("PONG");
    }

    @Test
    void hello_chooses_protocol_user_and_name_at_once() {
        server.client().send("ACL", "SETUSER", "anna", "on", ">secret", "+@all", "~*");
        var client = server.client();
        Object reply = client.send("HELLO", "3", "AUTH", "anna", "secret", "SETNAME", "desk");
        assertThat(reply)
                .asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.MAP)
                .containsEntry("proto", 3L);
        assertThat(client.send("ACL", "WHOAMI")).isEqualTo("anna");
        assertThat(client.send("CLIENT", "GETNAME")).isEqualTo("desk");
        assertThat(client.send("HELLO", "2", "AUTH", "anna", "wrong"))
                .isEqualTo(error("WRONGPASS invalid username-password pair or user is disabled."));
        assertThat(client.send("CONFIG", "GET", "databases")).isEqualTo(Map.of("databases", "16"));
    }

    @Test
    void reset_makes_a_connection_new() {
        server.client().send("ACL", "SETUSER", "anna", "on", ">secret", "+@all", "~*");
        var client = server.clientAs("anna", "secret");
        client.send("HELLO", "3");
        client.send("SELECT", "3");
        client.send("SET", "key", "in 3");
        client.send("CLIENT", "SETNAME", "desk");
        assertThat(client.send("RESET")).isEqualTo("RESET");
        assertThat(client.send("ACL", "WHOAMI")).isEqualTo("default");
        assertThat(client.send("CLIENT", "GETNAME")).isNull();
        assertThat(client.send("EXISTS", "key")).isEqualTo(0L);
        assertThat(client.send("CONFIG", "GET", "databases")).isEqualTo(List.of("databases", "16"));
    }

    @Test
    void a_pipeline_that_resets_and_logs_in_again_is_judged_request_by_request() {
        server.client().send("ACL", "SETUSER", "anna", "on", ">secret", "+ping");
        var client = server.clientAs("anna", "secret");
        client.sendRaw("RESET\r\nSET key 1\r\nAUTH anna secret\r\nGET key\r\n");
        assertThat(client.read()).isEqualTo("RESET");
        assertThat(client.read()).isEqualTo("OK");
        assertThat(client.read()).isEqualTo("OK");
        assertThat(client.read()).asString().startsWith("-NOPERM");
    }

    @Nested
    class Client_kill {
        @Test
        void ends_another_connection() {
            var victim = server.client();
            Object id = victim.send("CLIENT", "ID");
            assertThat(server.client().send("CLIENT", "KILL", "ID", String.valueOf(id)))
                    .isEqualTo(1L);
            assertThat(victim.readToEnd()).isEmpty();
        }

        @Test
        void ends_its_own_connection_after_the_reply() {
            var client = server.client();
            Object id = client.send("CLIENT", "ID");
            client.sendRaw("CLIENT KILL ID " + id + " SKIPME no\r\nSET key 1\r\n");
            assertThat(client.readToEnd()).isEqualTo(":1\r\n");
            assertThat(server.client().send("EXISTS", "key")).isEqualTo(0L);
        }

        @Test
        void ends_every_connection_of_a_user() {
            var admin = server.client();
            admin.send("ACL", "SETUSER", "anna", "on", ">secret", "+@all", "~*");
            var first = server.clientAs("anna", "secret");
            var second = server.clientAs("anna", "secret");
            assertThat(admin.send("ACL", "DELUSER", "anna")).isEqualTo(1L);
            assertThat(first.readToEnd()).isEmpty();
            assertThat(second.readToEnd()).isEmpty();
        }
    }

    @Nested
    class Client_pause {
        @Test
        void of_writes_postpones_them_until_it_is_lifted_and_keeps_their_order() {
            var admin = server.client();
            var client = server.client();
            admin.send("CLIENT", "PAUSE", "100000", "WRITE");
            client.sendRaw("GET key\r\nSET key 1\r\nAPPEND key 2\r\nGET key\r\n");
            assertThat(client.read()).isNull();
            assertThat(admin.send("GET", "key")).isNull();
            client.sendRaw("GET key\r\n");
            assertThat(admin.send("CLIENT", "UNPAUSE")).isEqualTo("OK");
            assertThat(client.read()).isEqualTo("OK");
            assertThat(client.read()).isEqualTo(2L);
            assertThat(client.read()).isEqualTo("12");
            assertThat(client.read()).isEqualTo("12");
        }

        @Test
        void of_everything_ends_by_itself() {
            var client = server.client();
            client.sendRaw("CLIENT PAUSE 50 ALL\r\nPING\r\nSET key 1\r\n");
            assertThat(client.read()).isEqualTo("OK");
            assertThat(client.read()).isEqualTo("PONG");
            assertThat(client.read()).isEqualTo("OK");
        }
    }
}
