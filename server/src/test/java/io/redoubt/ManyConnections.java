package io.redoubt;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;

/**
 * Holds many connections to a running server and asks each twice: {@code ManyConnections PORT COUNT}. A program of its
 * own, because one process may not open the descriptors of both sides.
 */
final class ManyConnections {
    private ManyConnections() {}

    public static void main(String[] args) throws IOException {
        int port = Integer.parseInt(args[0]);
        int count = Integer.parseInt(args[1]);
        var channels = new ArrayList<SocketChannel>();
        for (int i = 0; i < count; i++) {
            channels.add(SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port)));
        }
        for (int round = 0; round < 2; round++) {
            long start = System.nanoTime();
            for (var channel : channels) {
                channel.write(ByteBuffer.wrap("PING\r\n".getBytes(StandardCharsets.US_ASCII)));
            }
            for (var channel : channels) {
                read(channel, "+PONG\r\n");
            }
            System.out.println(count + " connections answered in " + (System.nanoTime() - start) / 1_000_000 + " ms");
        }
        for (var channel : channels) {
            channel.close();
        }
    }

    private static void read(SocketChannel channel, String expected) throws IOException {
        var reply = ByteBuffer.allocate(expected.length());
        while (reply.hasRemaining()) {
            if (channel.read(reply) < 0) {
                throw new IOException("the server has closed a connection");
            }
        }
        String text = new String(reply.array(), StandardCharsets.US_ASCII);
        if (!text.equals(expected)) {
            throw new IOException("answered " + text);
        }
    }
}
