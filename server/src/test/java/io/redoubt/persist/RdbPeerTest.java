package io.redoubt.persist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The codec against a real redis-server 7.0 and redis-check-rdb. */
@Tag("peer")
@DisplayNameGeneration(ReplaceUnderscores.class)
class RdbPeerTest {

    private static final long FAR_FUTURE = 4_000_000_000_000L;

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"noeviction", "allkeys-lru", "allkeys-lfu"})
    void writes_the_very_bytes_that_redis_saves(String policy) throws IOException {
        try (RedisPeer redis = start("--maxmemory-policy", policy)) {
            redis.send("FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('f', function() return 1 end)");
            for (int db : new int[] {0, 1, 9}) {
                redis.send("SELECT", db);
                int index = 0;
                for (byte[] value : shapes(db)) {
                    redis.send("SET", "key:" + index, value);
                    redis.send("SET", value, index);
                    if (index++ % 3 == 0) {
                        redis.send("PEXPIREAT", value, FAR_FUTURE + index);
                    }
                }
            }
            assertThat(redis.send("SAVE")).isEqualTo("OK");
        }
        byte[] saved = Files.readAllBytes(directory.resolve("dump.rdb"));
        ByteArrayOutputStream again = new ByteArrayOutputStream();
        RdbWriter writer = new RdbWriter(again::write, true, true);
        writer.header();
        Rewriter rewriter = new Rewriter(writer);
        try (InputStream in = Files.newInputStream(directory.resolve("dump.rdb"))) {
            new RdbReader(in, true).read(rewriter);
        }
        writer.end();
        assertThat(rewriter.keyCount).isGreaterThan(300);
        assertThat(again.toByteArray()).isEqualTo(saved);
    }

    @Test
    void reads_what_redis_saves() throws IOException {
        List<String> expected = new ArrayList<>();
        try (RedisPeer redis = start("--rdbcompression", "yes")) {
            for (int db : new int[] {0, 5}) {
                redis.send("SELECT", db);
                int index = 0;
                for (byte[] value : shapes(db)) {
                    String key = "k" + index++;
                    redis.send("SET", key, value);
                    long expiryMillis = index % 2 == 0 ? -1 : FAR_FUTURE + index;
                    if (expiryMillis > 0) {
                        redis.send("PEXPIREAT", key, expiryMillis);
                    }
                    expected.add(db + " " + key + " " + new String(value, StandardCharsets.ISO_8859_1) + " "
                            + expiryMillis + " -1 -1");
                }
            }
            redis.send("SAVE");
        }
        List<String> events = new ArrayList<>();
        try (InputStream in = Files.newInputStream(directory.resolve("dump.rdb"))) {
            new RdbReader(in, true).read(new RdbReaderTest.Recorder(events));
        }
        events.removeIf(event -> event.matches("(?s)(aux|select|resize) .*"));
        assertThat(events).containsExactlyInAnyOrderElementsOf(expected);
    }

    @ParameterizedTest(name = "compression and checksum {0}")
    @ValueSource(booleans = {true, false})
    void writes_what_redis_checks_and_loads(boolean isOn) throws IOException, InterruptedException {
        List<byte[]> values = shapes(7);
        try (SnapshotFile file = SnapshotFile.create(directory, "dump.rdb")) {
            RdbWriter writer = new RdbWriter(file, isOn, isOn);
            writer.header();
            writer.aux("redis-ver", "7.0.15");
            writer.aux("redis-bits", "64");
            for (int db : new int[] {0, 3}) {
                writer.selectDb(db);
                writer.resizeDb(values.size(), values.size() / 2);
                for (int i = 0; i < values.size(); i++) {
                    byte[] key = Samples.ascii("k" + i);
                    byte[] value = values.get(i);
                    writer.idle(i % 5 == 0 ? i : -1);
                    writer.key(
                            i % 2 == 0 ? -1 : FAR_FUTURE + i,
                            key,
                            0,
                            key.length,
                            StringVisitor.value(value, 0, value.length));
                }
                writer.key(-1, Samples.ascii("n"), 0, 1, StringVisitor.value(Long.MIN_VALUE));
            }
            writer.end();
            file.commit();
        }
        assertThat(check(directory.resolve("dump.rdb"))).contains("RDB looks OK");
        try (RedisPeer redis = start()) {
            for (int db : new int[] {0, 3}) {
                redis.send("SELECT", db);
                assertThat(redis.send("DBSIZE")).isEqualTo(values.size() + 1L);
                for (int i = 0; i < values.size(); i++) {
                    assertThat(redis.send("GET", "k" + i)).as("k%d", i).isEqualTo(values.get(i));
                    assertThat(redis.send("PEXPIRETIME", "k" + i)).isEqualTo(i % 2 == 0 ? -1L : FAR_FUTURE + i);
                }
                assertThat(redis.send("GET", "n")).isEqualTo(Samples.ascii(Long.toString(Long.MIN_VALUE)));
            }
        }
    }

    @Test
    void dumps_what_redis_dumps_and_both_restore_it() throws IOException {
        try (RedisPeer redis = start()) {
            for (byte[] value : shapes(11)) {
                redis.send("SET", "k", value);
                byte[] payload = (byte[]) redis.send("DUMP", "k");
                assertThat(HexFormat.of()
                                .formatHex(DumpPayload.encode(StringVisitor.value(value, 0, value.length), true)))
                        .isEqualTo(HexFormat.of().formatHex(payload));
                assertThat(DumpPayloadTest.string(payload, 0, payload.length, DumpPayload.VERSION))
                        .isEqualTo(value);
                byte[] plain = DumpPayload.encode(StringVisitor.value(value, 0, value.length), false);
                assertThat(redis.send("RESTORE", "r", 0, plain, "REPLACE")).isEqualTo("OK");
                assertThat(redis.send("GET", "r")).isEqualTo(value);
            }
        }
    }

    @Test
    void refuses_the_payloads_that_redis_refuses() throws IOException {
        try (RedisPeer redis = start()) {
            List<byte[]> payloads = new ArrayList<>();
            for (String body :
                    List.of("", "00", "0161", "000161", "00016162", "00c4", "002061", "0800", "ff00", "00c302")) {
                payloads.add(DumpPayloadTest.sealed(body, 10));
                payloads.add(DumpPayloadTest.sealed(body, 11));
            }
            // A string cut so that the footer completes it is not here: Redis reads on into the footer, we do not.
            payloads.add(DumpPayloadTest.sealed("000161", 9));
            payloads.add(DumpPayloadTest.sealed("00016162", 1));
            payloads.add(new byte[0]);
            payloads.add(new byte[9]);
            payloads.add(HexFormat.of().parseHex("000161" + "0a00" + "0000000000000000"));
            payloads.add(HexFormat.of().parseHex("000161" + "0a00" + "0000000000000001"));
            for (byte[] payload : payloads) {
                var refusal =
                        DumpPayload.decode(payload, 0, payload.length, DumpPayload.VERSION, true, RdbVisitor.NOTHING);
                String answer =
                        refusal == null ? "OK" : "ERR " + refusal.reason().text();
                assertThat(answer)
                        .as(HexFormat.of().formatHex(payload))
                        .isEqualTo(redis.send("RESTORE", "k", 0, payload, "REPLACE"));
            }
        }
    }

    private RedisPeer start(String... options) throws IOException {
        var binary = RedisPeer.find("redis-server");
        assumeTrue(binary.isPresent(), "redis-server is not installed");
        return RedisPeer.start(binary.get(), directory, options);
    }

    private static String check(Path file) throws IOException, InterruptedException {
        var binary = RedisPeer.find("redis-check-rdb");
        assumeTrue(binary.isPresent(), "redis-check-rdb is not installed");
        Process process = new ProcessBuilder(binary.get().toString(), file.toString())
                .redirectErrorStream(true)
                .start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        assertThat(process.waitFor()).as(text).isZero();
        return text;
    }

    private static List<byte[]> shapes(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<byte[]> values = new ArrayList<>(Samples.borders());
        for (int i = 0; i < 300; i++) {
            values.add(Samples.random(random, 1 << random.nextInt(15)));
        }
        return values;
    }

    /** Writes what it is told, in the same order. */
    private static final class Rewriter implements StringVisitor {

        private final RdbWriter writer;
        private int keyCount;

        Rewriter(RdbWriter writer) {
            this.writer = writer;
        }

        @Override
        public void aux(byte[] name, byte[] value) throws IOException {
            writer.aux(new String(name, StandardCharsets.UTF_8), new String(value, StandardCharsets.UTF_8));
        }

        @Override
        public void selectDb(int db) throws IOException {
            writer.selectDb(db);
        }

        @Override
        public void resizeDb(long entryCount, long expiryCount) throws IOException {
            writer.resizeDb(entryCount, expiryCount);
        }

        @Override
        public void string(int db, byte[] key, byte[] value, long expiryMillis, long idleSeconds, int frequency)
                throws IOException {
            keyCount++;
            writer.idle(idleSeconds);
            writer.freq(frequency);
            writer.key(expiryMillis, key, 0, key.length, StringVisitor.value(value, 0, value.length));
        }

        @Override
        public void function(byte[] code) throws IOException {
            writer.function(code);
        }
    }
}
