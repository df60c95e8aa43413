package io.redoubt.replication;

import io.redoubt.log.EffectStream;
import io.redoubt.persist.RdbSink;
import io.redoubt.persist.SnapshotWriter;
import io.redoubt.persist.Snapshots;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One snapshot on its way to the replicas that share it, on a thread of its own. It goes as fast as the slowest of them
 * takes it; one that makes no progress for `repl-timeout` is dropped. Others may join until its file is complete.
 */
final class FullSync implements Runnable {
    /** Bytes that may wait in a replica's connection before the transfer does. */
    private static final long WAITING_BYTES_MAX = 1 << 20;

    private static final int PIECE_BYTES = 1 << 16;
    private static final int MARK_BYTES = 20;
    private static final long POLL_NANOS = 500_000;

    private final Replication replication;
    private final List<Replica> members;
    private final boolean isStreamed;
    // Set under the replication's lock.
    private boolean isOpen;
    private boolean hasBegun;
    private Map<String, String> facts = Map.of();
    private byte[] greeting = {};
    private long offset;

    FullSync(Replication replication, List<Replica> members, boolean isStreamed) {
        this.replication = replication;
        this.members = new CopyOnWriteArrayList<>(members);
        this.isStreamed = isStreamed;
        isOpen = !isStreamed; // A stream of bytes cannot be joined in its middle.
    }

    // ---- Called by the replication, under its lock ----

    List<Replica> members() {
        return members;
    }

    Replica first() {
        return members.getFirst();
    }

    /** The moment of the snapshot. */
    void begin(String id, long snapshotOffset, Map<String, String> headFacts) {
        offset = snapshotOffset;
        facts = headFacts;
        greeting = ascii("+FULLRESYNC " + id + " " + snapshotOffset + "\r\n");
        hasBegun = true;
    }

    /** Lets one more share the snapshot; false when it is too late for that. */
    boolean join(Replica replica) {
        if (!isOpen) {
            return false;
        }
        if (hasBegun) {
            var reader = readerOfAll();
            if (reader == null) {
                return false; // Nobody is left, or the history has become another.
            }
            replica.reader = reader.copy();
        }
        members.add(replica);
        return true;
    }

    /** Nobody follows yet, so all who are left stand at the byte behind the snapshot. */
    private EffectStream.@Nullable Reader readerOfAll() {
        for (var member : members) {
            var reader = member.reader;
            if (reader != null) {
                return reader;
            }
        }
        return null;
    }

    void close() {
        isOpen = false;
    }

    // ---- The thread ----

    boolean isStreamed() {
        return isStreamed;
    }

    @Override
    public void run() {
        try (var taken = replication.snapshots().take(content -> replication.beginTransfer(this, content))) {
            replication.snapshots().countBackground();
            greet();
            if (isStreamed) {
                stream(taken);
            } else {
                sendFile(taken);
            }
            replication.log().line(false, "Background RDB transfer terminated with success");
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            drop("interrupted");
        } catch (IOException | RuntimeException failure) {
            drop(String.valueOf(failure.getMessage()));
        } finally {
            replication.transferEnded(members);
        }
    }

    private void drop(String why) {
        replication.log().line(true, "SYNC failed: " + why);
        for (var member : members) {
            member.session.link().close();
        }
    }

    private void greet() throws IOException {
        for (var member : alive()) {
            member.sendLock.lock();
            try {
                if (!member.isGreeted) {
                    member.isGreeted = true;
                    member.ackOffset = offset;
                    if (!member.isLegacy) {
                        member.session.link().push(greeting);
                    }
                }
            } finally {
                member.sendLock.unlock();
            }
        }
    }

    private List<Replica> alive() throws IOException {
        var alive = members.stream()
                .filter(member -> !member.isGone && !member.session.isClosing())
                .toList();
        if (alive.isEmpty()) {
            if (isStreamed) {
                replication.log().line(false, "Diskless rdb transfer, last replica dropped, killing fork child.");
            }
            throw new IOException("no replica is left");
        }
        return alive;
    }

    // ---- Streamed: a random mark says where the snapshot ends ----

    private void stream(Snapshots.Taken taken) throws IOException {
        var random = new byte[MARK_BYTES];
        replication.random().nextBytes(random);
        byte[] mark = ascii(HexFormat.of().formatHex(random));
        begin(ascii("$EOF:" + new String(mark, StandardCharsets.US_ASCII) + "\r\n"));
        write(taken, (bytes, offset, length) -> toAll(Arrays.copyOfRange(bytes, offset, offset + length)));
        var left = alive();
        // In Redis's words, by which its tools know; there is neither a pipe nor a child.
        replication
                .log()
                .line(true, "Diskless rdb transfer, done reading from pipe, " + left.size() + " replicas still up.");
        for (var member : left) {
            member.sendLock.lock();
            try {
                member.session.link().push(mark);
                member.ackMillis = System.currentTimeMillis();
                member.state = Replica.State.ONLINE;
                member.awaitsAck = !member.wantsSnapshotOnly;
            } finally {
                member.sendLock.unlock();
            }
            replication
                    .log()
                    .line(
                            false,
                            "Streamed RDB transfer with replica " + member.name()
                                    + " succeeded (socket). Waiting for REPLCONF ACK from replica to enable streaming");
            closeIfDone(member);
        }
    }

    // ---- By a file: its length comes first ----

    private void sendFile(Snapshots.Taken taken) throws IOException {
        Path file = Files.createTempFile(replication.settings().directory, "temp-sync-", ".rdb");
        try {
            try (var out = Files.newOutputStream(file)) {
                write(taken, out::write);
            }
            taken.close(); // The rest needs the file only.
            replication.closeTransfer(this);
            greet(); // Those who have joined.
            begin(ascii("$" + Files.size(file) + "\r\n"));
            try (InputStream in = Files.newInputStream(file)) {
                for (byte[] piece = in.readNBytes(PIECE_BYTES); piece.length > 0; piece = in.readNBytes(PIECE_BYTES)) {
                    toAll(piece);
                }
            }
        } finally {
            Files.deleteIfExists(file);
        }
        for (var member : alive()) {
            member.ackMillis = System.currentTimeMillis();
            member.state = Replica.State.ONLINE;
            if (!member.wantsSnapshotOnly) {
                replication.follow(member);
            }
            closeIfDone(member);
        }
    }

    private static void closeIfDone(Replica member) {
        if (member.wantsSnapshotOnly) {
            member.session.link().closeAfterReplies();
        }
    }

    // ---- Both ----

    private void write(Snapshots.Taken taken, RdbSink sink) throws IOException {
        var settings = replication.settings();
        var head = replication.snapshots().facts(System.currentTimeMillis(), facts, false);
        var first = members.getFirst();
        if (first.wantsNoData) {
            taken.writeWithoutKeys(sink, head, settings.hasChecksum, !first.wantsNoLibraries);
        } else {
            taken.write(sink, head, settings.compresses, settings.hasChecksum, () -> {
                if (settings.keySaveDelayMicros != 0) {
                    SnapshotWriter.delay(settings.keySaveDelayMicros);
                    alive();
                }
            });
        }
    }

    private void begin(byte[] header) throws IOException {
        for (var member : alive()) {
            member.sendLock.lock();
            try {
                member.state = Replica.State.SENDING;
                member.isHeaderSent = true;
                member.session.link().push(header);
            } finally {
                member.sendLock.unlock();
            }
        }
    }

    /** Connections keep the array and never change it, so they can share one. */
    private void toAll(byte[] bytes) throws IOException {
        for (var member : alive()) {
            if (hasRoom(member)) {
                member.session.link().push(bytes);
            }
        }
    }

    private boolean hasRoom(Replica member) {
        var link = member.session.link();
        long least = Long.MAX_VALUE;
        long deadline = 0;
        for (long waiting = link.outputBytes(); waiting > WAITING_BYTES_MAX; waiting = link.outputBytes()) {
            if (member.isGone || member.session.isClosing()) {
                return false;
            }
            if (waiting < least) {
                least = waiting;
                deadline = System.nanoTime() + replication.settings().timeoutSeconds * 1_000_000_000L;
            } else if (System.nanoTime() - deadline > 0) {
                replication.log().line(true, "Disconnecting timedout replica (full sync): " + member.name());
                member.isGone = true;
                link.close();
                return false;
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
        return true;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
