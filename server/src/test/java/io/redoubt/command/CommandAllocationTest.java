package io.redoubt.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The way of a common request, from its bytes to its reply, leaves the collector nothing. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class CommandAllocationTest {
    private static final int WARM_UP = 2_000;
    private static final int REQUESTS = 20_000;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SET k value",
                "SET k 12345",
                "SET k value EX 100 XX",
                "GET k",
                "GET nosuch",
                "INCR n",
                "INCRBY n 5",
                "MGET k n nosuch",
                "MSET k 1 other 2",
                "GETRANGE k 0 1",
                "SETRANGE r 3 abc",
                "STRLEN k",
                "GETEX k EX 5",
                "SETNX k v",
                "SETBIT bits 3 1",
                "SETBIT large 300000 1",
                "GETBIT bits 3",
                "GETBIT n 3",
                "BITCOUNT bits 0 -1",
                "BITPOS bits 1",
                "BITOP AND d bits k",
                "BITFIELD bits INCRBY u5 #2 3 OVERFLOW SAT SET i8 100 -5 GET u2 0",
                "PFADD sparse a b",
                "PFADD dense a b",
                "PFCOUNT sparse"
            })
    void allocates_nothing(String line) {
        var server = new CommandFixture(
                new StringCommands(() -> 1 << 20), new BitCommands(() -> 1 << 20), new HyperLogLogCommands(() -> 3000));
        server.stopRecording();
        server.raw("SET", "k", "value");
        server.raw("SET", "n", "1");
        server.raw("PFADD", "dense", "a");
        server.raw("PFDEBUG", "TODENSE", "dense");
        String[] words = line.split(" ");
        byte[][] arguments = new byte[words.length][];
        for (int i = 0; i < words.length; i++) {
            arguments[i] = CommandFixture.bytes(words[i]);
        }
        byte[] request = CommandFixture.request(arguments);
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        repeat(server, request, WARM_UP);
        long before = threads.getCurrentThreadAllocatedBytes();
        repeat(server, request, REQUESTS);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertThat(allocated).isLessThan(REQUESTS); // Below one byte each; asking costs some bytes.
    }

    private static void repeat(CommandFixture server, byte[] request, int times) {
        for (int i = 0; i < times; i++) {
            server.dispatch(request);
        }
    }
}
