package io.redoubt.replication;

import io.redoubt.persist.RdbWriter;
import io.redoubt.persist.StringVisitor;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A master that says what a test wants. */
final class FakeMaster implements Closeable {
    static final String ID = "0123456789abcdef0123456789abcdef01234567";

    private final ServerSocket listener;

    FakeMaster() throws IOException {
        listener = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        listener.setSoTimeout(20_000);
    }

    String port() {
        return Integer.toString(listener.getLocalPort());
    }

    Wire accept() throws IOException {
        return new Wire(listener.accept());
    }

    /** Takes the next replica through the handshake; returns what it said, its PSYNC last. */
    List<List<String>> greet(Wire replica) throws IOException {
        var said = new ArrayList<List<String>>();
        while (true) {
            var command = replica.command();
            said.add(command);
            switch (command.getFirst()) {
                case "PING" -> replica.write("+PONG\r\n");
                case "PSYNC" -> {
                    return said;
                }
                default -> replica.write("+OK\r\n");
            }
        }
    }

    /** Greets a replica and gives it a snapshot by its length. */
    Wire fullSync(Map<String, String> data, long offset) throws IOException {
        var replica = accept();
        greet(replica);
        byte[] rdb = rdb(data);
        replica.write("+FULLRESYNC " + ID + " " + offset + "\r\n$" + rdb.length + "\r\n");
        replica.write(rdb);
        return replica;
    }

    /** Waits until the replica says that it has come so far. */
    static void awaitAck(Wire replica, long offset) throws IOException {
        List<String> command;
        do {
            command = replica.command();
        } while (!command.equals(List.of("REPLCONF", "ACK", Long.toString(offset))));
    }

    static byte[] rdb(Map<String, String> data) throws IOException {
        var out = new ByteArrayOutputStream();
        var writer = new RdbWriter(out::write, true, true);
        writer.header();
        writer.aux("repl-stream-db", "0");
        writer.selectDb(0);
        for (var entry : data.entrySet()) {
            byte[] key = Wire.bytes(entry.getKey());
            byte[] value = Wire.bytes(entry.getValue());
            writer.key(-1, key, 0, key.length, StringVisitor.value(value, 0, value.length));
        }
        writer.end();
        return out.toByteArray();
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
