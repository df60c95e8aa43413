package io.redoubt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.config.ConfigLoader;
import io.redoubt.observe.ServerLog;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ListenersTest {
    private static final String OK = "+OK";

    @TempDir
    private Path folder;

    private final int port = freePort();

    @Test
    void the_same_addresses_are_no_change() throws Exception {
        try (var _ = start(_ -> {})) {
            assertThat(ask("CONFIG SET bind 127.0.0.1")).isEqualTo(OK);
            assertThat(ask("PING")).isEqualTo("+PONG");
        }
    }

    @Test
    void other_addresses_take_the_port_over_at_once_and_give_it_back() throws Exception {
        try (var _ = start(_ -> {})) {
            for (String addresses : List.of("0.0.0.0", "\"127.0.0.1 127.0.0.2\"", "127.0.0.1")) {
                assertThat(ask("CONFIG SET bind " + addresses)).isEqualTo(OK);
                assertThat(ask("PING")).isEqualTo("+PONG");
            }
        }
    }

    @Test
    void a_port_that_is_taken_leaves_everything_as_it_was() throws Exception {
        try (var _ = start(_ -> {});
                var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThat(ask("CONFIG SET hz 20 port " + taken.getLocalPort()))
                    .startsWith("-ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen");
            assertThat(ask("CONFIG GET hz")).isEqualTo("*2 $2 hz $2 10");
        }
    }

    @Test
    void an_address_that_is_not_ours_leaves_everything_as_it_was() throws Exception {
        try (var _ = start(_ -> {})) {
            assertThat(ask("CONFIG SET bind 192.0.2.1")).contains("Failed to bind to specified addresses");
            assertThat(ask("CONFIG GET bind")).isEqualTo("*2 $4 bind $9 127.0.0.1");
        }
    }

    @Test
    void a_new_port_is_listened_on_instead_of_the_former() throws Exception {
        int other = freePort();
        try (var _ = start(_ -> {})) {
            assertThat(ask("CONFIG SET port " + other)).isEqualTo(OK);
            assertThat(ask(other, "PING")).isEqualTo("+PONG");
            assertThatThrownBy(() -> ask("PING")).isInstanceOf(IOException.class);
        }
    }

    @Test
    void clients_are_answered_before_the_data_set_is_loaded() throws Exception {
        try (var _ = start(_ -> {})) {
            ask("SET key value");
            assertThat(ask("SAVE")).isEqualTo(OK);
        }
        var answers = new ArrayList<String>();
        try (var _ = start(_ -> {
            for (String request : List.of("GET key", "CONFIG SET dir /", "CONFIG SET loglevel notice", "PING")) {
                answers.add(askUnchecked(request));
            }
        })) {
            assertThat(answers.get(0)).startsWith("-LOADING ");
            assertThat(answers.get(1)).contains("LOADING");
            assertThat(answers.get(2)).isEqualTo(OK);
            assertThat(ask("GET key")).isEqualTo("$5 value");
        }
    }

    private Redoubt start(Consumer<Redoubt> whileLoading) throws Exception {
        var loaded = ConfigLoader.load(
                List.of(
                        "--port",
                        Integer.toString(port),
                        "--bind",
                        "127.0.0.1",
                        "--save",
                        "",
                        "--security-profile",
                        "redis",
                        "--enable-protected-configs",
                        "yes",
                        "--dir",
                        folder.toString()),
                InputStream.nullInputStream());
        var log = new ServerLog(
                new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8),
                null,
                ServerLog.Level.NOTICE);
        return Redoubt.start(loaded, log, whileLoading);
    }

    private static int freePort() {
        try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return free.getLocalPort();
        } catch (IOException failure) {
            throw new IllegalStateException(failure);
        }
    }

    private String askUnchecked(String request) {
        try {
            return ask(request);
        } catch (IOException failure) {
            return failure.toString();
        }
    }

    private String ask(String request) throws IOException {
        return ask(port, request);
    }

    /** Sends one request on a connection of its own; returns the lines of the reply, with blanks between them. */
    private static String ask(int port, String request) throws IOException {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write((request + "\r\nQUIT\r\n").getBytes(StandardCharsets.ISO_8859_1));
            var in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
            var lines = in.lines().toList();
            return String.join(" ", lines.subList(0, lines.size() - 1));
        }
    }
}
