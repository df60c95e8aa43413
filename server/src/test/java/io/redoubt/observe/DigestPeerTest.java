package io.redoubt.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.redoubt.command.RawPeer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random strings here and on a redis-server: digests and serialized lengths are the same. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class DigestPeerTest {
    private static final Pattern OBJECT = Pattern.compile("encoding:\\w+ serializedlength:\\d+");

    @TempDir
    private Path folder;

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void are_those_of_redis(long seed) throws IOException {
        var binary = RawPeer.find();
        assumeTrue(binary.isPresent(), "redis-server is not installed");
        var random = new SplittableRandom(seed);
        var server = new ObserveServer(folder);
        try (var peer = RawPeer.start(binary.get(), folder, "--enable-debug-command", "yes")) {
            for (int round = 0; round < 20; round++) {
                int database = random.nextInt(16);
                server.session().select(database);
                peer.raw(ObserveServer.words("SELECT " + database));
                for (int step = 0; step < 25; step++) {
                    byte[] key = ObserveServer.bytes("k" + random.nextInt(30));
                    byte[] value = value(random);
                    byte[][] command = random.nextInt(3) == 0
                            ? new byte[][] {
                                ObserveServer.bytes("SET"),
                                key,
                                value,
                                ObserveServer.bytes("EX"),
                                ObserveServer.bytes(Integer.toString(1000 + random.nextInt(1000)))
                            }
                            : new byte[][] {ObserveServer.bytes("SET"), key, value};
                    assertThat(server.raw(server.session(), command)).isEqualTo(peer.raw(command));
                    byte[][] digestValue = {ObserveServer.bytes("DEBUG"), ObserveServer.bytes("DIGEST-VALUE"), key};
                    assertThat(server.raw(server.session(), digestValue)).isEqualTo(peer.raw(digestValue));
                    byte[][] object = {ObserveServer.bytes("DEBUG"), ObserveServer.bytes("OBJECT"), key};
                    assertThat(described(server.raw(server.session(), object)))
                            .as("%d bytes", value.length)
                            .isEqualTo(described(peer.raw(object)));
                }
                byte[][] digest = ObserveServer.words("DEBUG DIGEST");
                assertThat(server.raw(server.session(), digest)).isEqualTo(peer.raw(digest));
            }
            // Each side's own file must give each side the same content again.
            String before = server.send("DEBUG DIGEST");
            assertThat(server.send("DEBUG RELOAD")).isEqualTo("+OK");
            assertThat(server.send("DEBUG DIGEST")).isEqualTo(before);
            assertThat(peer.raw(ObserveServer.words("DEBUG RELOAD NOSAVE"))).isEqualTo("+OK\r\n");
            assertThat(peer.raw(ObserveServer.words("DEBUG DIGEST")).stripTrailing())
                    .isEqualTo(before);
        }
    }

    private static String described(String reply) {
        var matcher = OBJECT.matcher(reply);
        assertThat(matcher.find()).as(reply).isTrue();
        return matcher.group();
    }

    private static byte[] value(SplittableRandom random) {
        switch (random.nextInt(5)) {
            case 0 -> {
                long number = random.nextLong() >> random.nextInt(64);
                return ObserveServer.bytes(Long.toString(number));
            }
            case 1 -> {
                return ObserveServer.bytes("abc".repeat(random.nextInt(2000)));
            }
            case 2 -> {
                return ObserveServer.bytes("0" + random.nextInt(1000));
            }
            default -> {
                byte[] bytes = new byte[random.nextInt(random.nextInt(10) == 0 ? 70_000 : 100)];
                int letters = 1 + random.nextInt(255);
                for (int i = 0; i < bytes.length; i++) {
                    bytes[i] = (byte) random.nextInt(letters);
                }
                return bytes;
            }
        }
    }
}
