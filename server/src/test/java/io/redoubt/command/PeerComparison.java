package io.redoubt.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;

/** A redis-server and a server of ours that are sent the same requests and must answer the same bytes. */
record PeerComparison(RedisPeer peer, CommandFixture ours) {
    /** Sends a request to both; fails if the replies differ. */
    String send(String what, String... request) throws IOException {
        ours.nowMillis = System.currentTimeMillis();
        String expected = peer.send(request);
        String reply = ours.raw(request);
        if (!reply.equals(expected)) {
            String where = what + ": " + StringCommandsModelTest.describe(request);
            assertThat(shorten(reply)).as(where).isEqualTo(shorten(expected));
            throw new AssertionError("long replies differ at " + where);
        }
        return reply;
    }

    /** Compares the bytes and the encoding at a key. */
    void compareValue(String what, String key) throws IOException {
        send(what, "GET", key);
        String encoding = peer.send("OBJECT", "ENCODING", key);
        boolean isFound = encoding.startsWith("$") && !encoding.startsWith("$-1");
        assertThat(ours.encoding(key)).as(what).isEqualTo(isFound ? encoding.split("\r\n")[1] : "none");
    }

    private static String shorten(String text) {
        return text.length() <= 400 ? text : text.substring(0, 400) + "…";
    }
}
