package io.redoubt;

import static io.redoubt.RespError.error;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What a stranger can do, and how much of him a restart remembers. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@WithOneAndWithThreeLoops
class LoginTest {
    private static final RespError NO_AUTH = error("NOAUTH Authentication required.");

    @RegisterExtension
    final RedoubtServer server;

    LoginTest(int ioThreads) {
        server = RedoubtServer.with("requirepass pw").ioThreads(ioThreads);
    }

    @Test
    void requirepass_may_be_any_text() throws Exception {
        var admin = server.clientAs("default", "pw");
        byte[] utf8 = "p\u00e4ssw\u00f6rt \u20ac".getBytes(StandardCharsets.UTF_8);
        String password = new String(utf8, StandardCharsets.ISO_8859_1);
        assertThat(admin.send("CONFIG", "SET", "requirepass", password)).isEqualTo("OK");
        assertThat(server.client().send("AUTH", password)).isEqualTo("OK");
        assertThat(server.client().send("AUTH", "passwort")).asString().startsWith("-WRONGPASS");
        assertThat(admin.send("CONFIG", "REWRITE")).isEqualTo("OK");
        server.restart();
        assertThat(server.clientAs("default", password).send("PING")).isEqualTo("PONG");
    }

    @Nested
    class A_stranger {
        @Test
        void may_not_send_many_arguments() {
            var client = server.client();
            client.sendRaw("*11\r\n");
            assertThat(client.readToEnd()).isEqualTo("-ERR Protocol error: unauthenticated multibulk length\r\n");
        }

        @Test
        void may_not_send_a_long_argument() {
            var client = server.client();
            client.sendRaw("*2\r\n$4\r\nECHO\r\n$16385\r\n");
            assertThat(client.readToEnd()).isEqualTo("-ERR Protocol error: unauthenticated bulk length\r\n");
        }

        @Test
        void may_send_much_behind_a_login_in_the_same_pipeline() {
            var client = server.client();
            String big = "x".repeat(100_000);
            client.sendRaw(RespClient.request("AUTH", "pw"));
            client.sendRaw(RespClient.request("ECHO", big));
            assertThat(client.read()).isEqualTo("OK");
            assertThat(client.read()).isEqualTo(big);
        }

        @Test
        void is_bounded_again_after_reset() {
            var client = server.clientAs("default", "pw");
            client.sendRaw("RESET\r\n*11\r\n");
            assertThat(client.readToEnd())
                    .isEqualTo("+RESET\r\n-ERR Protocol error: unauthenticated multibulk length\r\n");
        }

        @Test
        void gets_nowhere_with_select() {
            var client = server.client();
            assertThat(client.send("SELECT", "3")).isEqualTo(NO_AUTH);
            assertThat(client.send("AUTH", "pw")).isEqualTo("OK");
            client.send("SET", "key", "value");
            client.send("SELECT", "0");
            assertThat(client.send("GET", "key")).isEqualTo("value");
        }

        @Test
        void is_not_told_whether_a_command_has_enough_arguments_before_it_exists() {
            var client = server.client();
            assertThat(client.send("GET", "key")).isEqualTo(NO_AUTH);
            assertThat(client.send("HELLO", "3")).asString().startsWith("-NOAUTH HELLO must be called with");
            assertThat(client.send("AUTH", "wrong")).asString().startsWith("-WRONGPASS");
        }
    }

    @Nested
    class A_restart {
        @Test
        void keeps_a_password_that_was_rewritten_into_the_file() throws Exception {
            var admin = server.clientAs("default", "pw");
            assertThat(admin.send("CONFIG", "SET", "requirepass", "a \"new\" pw"))
                    .isEqualTo("OK");
            assertThat(admin.send("ACL", "SETUSER", "anna", "on", ">secret", "~cached:*", "+get"))
                    .isEqualTo("OK");
            assertThat(admin.send("CONFIG", "REWRITE")).isEqualTo("OK");
            String before = users(admin);
            server.restart();
            assertThat(server.client().send("AUTH", "pw")).asString().startsWith("-WRONGPASS");
            var again = server.clientAs("default", "a \"new\" pw");
            assertThat(users(again)).isEqualTo(before);
            assertThat(server.clientAs("anna", "secret").send("GET", "cached:1"))
                    .isNull();
        }

        /** The default user shows that it sanitizes payloads only once a rule has said so; it always does. */
        private static String users(RespClient admin) {
            return String.valueOf(admin.send("ACL", "LIST")).replace(" sanitize-payload", "");
        }

        @Test
        void forgets_a_user_that_was_not_saved() throws Exception {
            server.clientAs("default", "pw").send("ACL", "SETUSER", "anna", "on", ">secret");
            server.restart();
            assertThat(server.client().send("AUTH", "anna", "secret"))
                    .asString()
                    .startsWith("-WRONGPASS");
        }
    }
}
