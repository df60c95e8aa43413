package io.redoubt.replication;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A snapshot as it comes from a master: so many bytes, or up to a mark that only the beginning tells. Who reads it inside
 * the keyspace is told before it would wait for the network.
 */
final class SnapshotStream extends InputStream {
    private static final int MARK_LENGTH = 40;

    private final MasterLink link;
    private final MasterInput in;
    private final byte[] mark;
    private final byte[] tail;
    private final long length;
    private Runnable beforeWaiting = () -> {};
    private Runnable afterWaiting = () -> {};
    private long given;

    /** @param header the line before the first byte: {@code $LENGTH} or {@code $EOF:MARK} */
    SnapshotStream(MasterLink link, MasterInput in, String header) throws LinkException {
        this.link = link;
        this.in = in;
        boolean isMarked = header.startsWith("$EOF:");
        mark = isMarked ? header.substring(5).getBytes(StandardCharsets.ISO_8859_1) : new byte[0];
        length = isMarked ? Long.MAX_VALUE : MasterLink.parse(header.substring(1));
        tail = new byte[mark.length];
        if (length < 0 || isMarked && mark.length != MARK_LENGTH) {
            throw new LinkException("Bad protocol from MASTER: '" + MasterLink.shown(header) + "' is no length.");
        }
    }

    boolean isMarked() {
        return mark.length > 0;
    }

    /** How many bytes will come; 0 where only a mark will tell. */
    long length() {
        return isMarked() ? 0 : length;
    }

    long given() {
        return given;
    }

    /** Says who is told before a read waits, and when it has what it waited for. */
    void whenWaiting(Runnable before, Runnable after) {
        beforeWaiting = before;
        afterWaiting = after;
    }

    /** Whether the last byte was given. Nothing follows a mark until we have sent an ACK, so it ends what was read. */
    boolean isAtEnd() {
        return isMarked() ? given >= mark.length && Arrays.equals(tail, mark) : given == length;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int count) throws IOException {
        if (given == length) {
            return -1;
        }
        boolean waits = in.available() == 0;
        if (waits) {
            beforeWaiting.run();
        }
        byte[] piece = in.some(Math.min(count, length - given), link.timeoutMillis());
        if (waits) {
            afterWaiting.run();
        }
        link.requireCurrent();
        System.arraycopy(piece, 0, target, offset, piece.length);
        given += piece.length;
        link.received(given);
        int taken = Math.min(tail.length, piece.length);
        System.arraycopy(tail, taken, tail, 0, tail.length - taken);
        System.arraycopy(piece, piece.length - taken, tail, tail.length - taken, taken);
        return piece.length;
    }

    /** The snapshot was understood up to here: reads what belongs to its end, and fails if that is something else. */
    void finish(long understood) throws IOException {
        long end = isMarked() ? understood + mark.length : length;
        byte[] rest = new byte[mark.length + 1];
        while (given < end) {
            if (read(rest, 0, (int) Math.min(rest.length, end - given)) < 0) {
                break;
            }
        }
        if (given != end || !isAtEnd()) {
            throw new LinkException("The snapshot of the MASTER does not end where it should.");
        }
    }
}
