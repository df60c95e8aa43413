package io.redoubt.persist;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.command.ServerState;
import io.redoubt.log.EffectStream;
import io.redoubt.store.Keyspace;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The file on a disk that fails when it is told to. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class AppendOnlyFileTest {
    @TempDir
    Path directory;

    private final EffectStream replication = new EffectStream();
    private final Keyspace keyspace = new Keyspace(new Keyspace.Layout(1, 1, 16, 1 << 16), 1, 2, replication);
    private final ServerState state = new ServerState();
    private final List<String> logged = new CopyOnWriteArrayList<>();
    private final List<String> ended = new CopyOnWriteArrayList<>();
    private final FailingDisk disk = new FailingDisk();
    private AppendOnlyFile aof;
    private volatile int released;

    /** Writes what it is told to write, then fails. */
    private static final class FailingDisk implements AofDisk {
        private volatile boolean fails;
        private volatile boolean syncFails;
        private volatile boolean truncateFails;
        private volatile boolean syncHangs;
        private volatile int bytesBeforeFailure;
        private volatile int syncs;

        @Override
        public File open(Path path) throws IOException {
            var real = AofDisk.REAL.open(path);
            return new File() {
                @Override
                public void write(byte[] bytes, int offset, int length) throws IOException {
                    if (fails) {
                        real.write(bytes, offset, Math.min(length, bytesBeforeFailure));
                        throw new IOException("No space left on device");
                    }
                    real.write(bytes, offset, length);
                }

                @Override
                public void sync() throws IOException {
                    while (syncHangs) {
                        LockSupport.parkNanos(100_000);
                    }
                    if (syncFails) {
                        throw new IOException("Input/output error");
                    }
                    real.sync();
                    syncs++;
                }

                @Override
                public long size() throws IOException {
                    return real.size();
                }

                @Override
                public void truncate(long size) throws IOException {
                    if (truncateFails) {
                        throw new IOException("Read-only file system");
                    }
                    real.truncate(size);
                }

                @Override
                public void close() throws IOException {
                    real.close();
                }
            };
        }
    }

    @BeforeEach
    void open() throws IOException {
        var log = new Persistence.Log() {
            @Override
            public void notice(String message) {
                logged.add(message);
            }

            @Override
            public void warning(String message) {
                logged.add(message);
            }
        };
        var snapshots = new Snapshots(keyspace, "7.0.15");
        var persistence = new Persistence(
                keyspace,
                snapshots,
                new Persistence.Settings(
                        () -> directory.resolve("dump.rdb"),
                        () -> true,
                        () -> true,
                        () -> true,
                        () -> 0,
                        () -> 0,
                        List::of),
                state,
                Map::of,
                log);
        var settings = new AofSettings(
                () -> directory,
                () -> "aof",
                () -> "a",
                () -> true,
                () -> true,
                () -> true,
                () -> true,
                () -> false,
                () -> false,
                () -> 0,
                () -> 0,
                () -> 0);
        var surroundings = new AppendOnlyFile.Surroundings() {
            @Override
            public long replicationOffset() {
                return replication.offset();
            }

            @Override
            public void released() {
                released++;
            }

            @Override
            public void fatal(String reason) {
                ended.add(reason);
                disk.fails = false;
                disk.syncFails = false;
            }

            @Override
            public boolean isSaving() {
                return false;
            }
        };
        aof = new AppendOnlyFile(keyspace, snapshots, persistence, settings, disk, state, surroundings, log);
        assertThat(aof.prepare(true)).isTrue();
    }

    @AfterEach
    void close() {
        disk.syncHangs = false;
        aof.close();
    }

    private void append(String word) {
        var unit = keyspace.unit(0);
        unit.begin(1_000_000, false);
        unit.effects().command(0, 1);
        unit.effects().arg(word.getBytes(StandardCharsets.US_ASCII));
        unit.end();
    }

    private String written() throws IOException {
        return Files.readString(directory.resolve("aof").resolve("a.1.incr.aof"));
    }

    private static String all(String... words) {
        var text = new StringBuilder("*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n");
        for (String word : words) {
            text.append("*1\r\n$")
                    .append(word.length())
                    .append("\r\n")
                    .append(word)
                    .append("\r\n");
        }
        return text.toString();
    }

    @Test
    void what_a_full_disk_does_not_take_is_bounded_and_the_file_made_anew() throws IOException {
        disk.fails = true;
        String large = "x".repeat(1 << 20);
        for (long bytes = 0; bytes <= AppendOnlyFile.UNWRITTEN_BYTES_MAX; bytes += large.length()) {
            append(large);
            aof.beforeReplies();
        }
        assertThat(aof.bufferedBytes()).isGreaterThan(AppendOnlyFile.UNWRITTEN_BYTES_MAX);
        aof.tick(0);
        assertThat(aof.bufferedBytes()).isZero();
        assertThat(aof.isEnabled()).isTrue();
        assertThat(logged).anyMatch(line -> line.contains("made anew"));
        assertThat(aof.isWritingFirst()).isFalse();
        disk.fails = false;
        await(() -> {
            aof.tick(System.currentTimeMillis());
            return !aof.hasWriteFailed();
        });
        assertThat(state.is(ServerState.AOF_FAILED)).isFalse();
        append("behind");
        aof.finish();
        assertThat(Files.readString(directory.resolve("aof").resolve("a.manifest")))
                .contains("a.2.base.rdb");
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + 20_000_000_000L;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            LockSupport.parkNanos(500_000);
        }
    }

    @Test
    void replies_need_not_wait_for_the_disk_but_the_file_has_what_they_speak_of() throws Exception {
        append("one");
        assertThat(written()).isEmpty();
        assertThat(aof.beforeReplies()).isZero();
        assertThat(written()).isEqualTo(all("one"));
        assertThat(aof.releasedOffset()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void a_full_disk_stops_writes_until_it_has_room_and_nothing_is_missing_then() throws Exception {
        append("one");
        aof.beforeReplies();
        disk.fails = true;
        disk.bytesBeforeFailure = 5;
        append("two");
        assertThat(aof.beforeReplies()).isZero();
        assertThat(written()).isEqualTo(all("one"));
        assertThat(state.is(ServerState.AOF_FAILED)).isTrue();
        assertThat(aof.hasWriteFailed()).isTrue();
        assertThat(logged).contains("Error writing to the AOF file: No space left on device");
        append("three");
        aof.beforeReplies();
        disk.fails = false;
        assertThat(aof.flush()).isTrue();
        assertThat(written()).isEqualTo(all("one", "two", "three"));
        assertThat(state.is(ServerState.AOF_FAILED)).isFalse();
        assertThat(logged).contains("AOF write error looks solved, Redoubt can write again.");
    }

    @Test
    void what_cannot_be_taken_back_is_not_written_twice() throws Exception {
        // Before there is anything to write: the thread that syncs may be the first to write it.
        disk.truncateFails = true;
        disk.bytesBeforeFailure = 30;
        disk.fails = true;
        append("one");
        aof.beforeReplies();
        assertThat(written()).isEqualTo(all("one").substring(0, 30));
        disk.fails = false;
        assertThat(aof.flush()).isTrue();
        assertThat(written()).isEqualTo(all("one"));
    }

    @Test
    void with_always_replies_wait_until_their_effects_are_durable() throws Exception {
        aof.setPolicy(AppendOnlyFile.Policy.ALWAYS);
        await(() -> aof.releasedOffset() >= aof.dueOffset());
        disk.syncHangs = true;
        append("one");
        long due = aof.beforeReplies();
        assertThat(due).isPositive();
        append("two");
        long later = aof.beforeReplies();
        assertThat(later).isGreaterThan(due);
        assertThat(aof.releasedOffset()).isLessThan(due);
        replication.activate();
        replication.appendVerbatim(new byte[10], 0, 10);
        assertThat(aof.sendableReplicationOffset()).isZero();
        int before = released;
        disk.syncHangs = false;
        await(() -> aof.releasedOffset() >= later);
        await(() -> released > before);
        assertThat(written()).isEqualTo(all("one", "two"));
        assertThat(aof.sendableReplicationOffset()).isEqualTo(10);
    }

    @Test
    void with_always_many_wait_for_the_same_sync() {
        aof.setPolicy(AppendOnlyFile.Policy.ALWAYS);
        await(() -> aof.releasedOffset() >= aof.dueOffset());
        disk.syncHangs = true;
        append("first");
        aof.beforeReplies();
        await(() -> aof.pendingSyncs() == 1);
        int before = disk.syncs;
        var due = new ArrayList<Long>();
        for (int i = 0; i < 1000; i++) {
            append("word" + i);
            due.add(aof.beforeReplies());
        }
        disk.syncHangs = false;
        await(() -> aof.releasedOffset() >= due.getLast());
        assertThat(disk.syncs - before).isLessThanOrEqualTo(3);
    }

    @Test
    void with_always_a_failure_ends_the_process() {
        aof.setPolicy(AppendOnlyFile.Policy.ALWAYS);
        disk.fails = true;
        append("one");
        aof.beforeReplies();
        await(() -> !ended.isEmpty());
        assertThat(ended.getFirst())
                .isEqualTo("Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...");
        ended.clear();
        await(() -> !disk.fails);
        aof.flush();
        disk.syncFails = true;
        append("two");
        aof.beforeReplies();
        await(() -> !ended.isEmpty());
        assertThat(ended.getFirst())
                .isEqualTo("Can't persist AOF for fsync error when the AOF fsync policy is 'always': Input/output"
                        + " error. Exiting...");
    }

    @Test
    void with_everysec_a_failing_sync_stops_writes_until_one_succeeds() {
        disk.syncFails = true;
        append("one");
        aof.beforeReplies();
        await(() -> state.is(ServerState.AOF_FAILED));
        assertThat(logged).contains("Fail to fsync the AOF file: Input/output error");
        assertThat(aof.releasedOffset()).isEqualTo(Long.MAX_VALUE);
        disk.syncFails = false;
        await(() -> !state.is(ServerState.AOF_FAILED));
    }

    @Test
    void with_everysec_replies_wait_while_a_sync_takes_too_long() {
        disk.syncHangs = true;
        append("one");
        aof.beforeReplies();
        await(() -> aof.pendingSyncs() == 1);
        await(() -> {
            aof.tick(System.currentTimeMillis());
            append("more");
            return aof.beforeReplies() > 0;
        });
        assertThat(aof.delayedSyncs()).isEqualTo(1);
        assertThat(aof.releasedOffset()).isLessThan(aof.dueOffset());
        disk.syncHangs = false;
        await(() -> aof.releasedOffset() == Long.MAX_VALUE);
    }
}
