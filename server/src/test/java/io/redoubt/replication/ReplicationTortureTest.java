package io.redoubt.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Three servers of ours and a real one in ever changing chains, under load, with links that are cut at any time, partial
 * and full synchronizations, and failovers; in the end all have the same data, one of them in its append-only file too. A longer run:
 * {@code -Dredoubt.torture.steps=1000 -Dredoubt.torture.seeds=1,2,3}.
 */
@Tag("peer")
@DisplayNameGeneration(ReplaceUnderscores.class)
class ReplicationTortureTest {
    private static final int STEPS = Integer.getInteger("redoubt.torture.steps", 14);
    private static final long STEP_NANOS = 250_000_000;

    @TempDir
    Path directory;

    /** A server, what stands before it, and how the test sees it. */
    private record Node(String name, int port, CuttingProxy proxy, AutoCloseable server, Wire admin) {
        void close() throws Exception {
            admin.close();
            proxy.close();
            server.close();
        }

        Object ask(String... words) {
            return admin.send(words);
        }

        boolean is(String field, String value) {
            return admin.info(field).equals(value);
        }

        String where() {
            return name + ": role " + admin.info("role") + ", master " + admin.info("master_port") + " "
                    + admin.info("master_link_status") + ", failover " + admin.info("master_failover_state")
                    + ", id " + admin.info("master_replid") + ", offset " + admin.info("master_repl_offset");
        }
    }

    private final List<Node> nodes = new ArrayList<>();
    private final StringBuilder story = new StringBuilder();
    private volatile int master;
    private volatile boolean isLoadOn = true;

    private String story() {
        var text = new StringBuilder(story);
        nodes.forEach(node -> text.append(node.where()).append('\n'));
        for (var node : nodes) {
            if (node.server instanceof TestServer ours) {
                String log = ours.log();
                text.append("--- ").append(node.name).append('\n');
                text.append(log, Math.max(0, log.length() - 3000), log.length());
            }
        }
        return text.toString();
    }

    private void add(String name, @Nullable Path binary, String... more) throws Exception {
        var proxy = new CuttingProxy();
        var folder = Files.createDirectories(directory.resolve(name));
        var options = new ArrayList<>(List.of(
                "--replica-announce-port",
                Integer.toString(proxy.port()),
                "--enable-debug-command",
                "yes",
                "--repl-backlog-size",
                "100000"));
        options.addAll(List.of(more));
        String[] all = options.toArray(String[]::new);
        if (binary == null) {
            var server = new TestServer(folder, all);
            nodes.add(new Node(name, server.port(), proxy, server, server.client()));
        } else {
            var server = new RealRedis(binary, folder, all);
            nodes.add(new Node(name, server.port(), proxy, server, server.client()));
        }
        proxy.forwardTo(nodes.getLast().port);
    }

    private void load(long seed) {
        var random = new SplittableRandom(seed);
        while (isLoadOn) {
            int target = master;
            try (var client = Wire.to(nodes.get(target).port)) {
                while (isLoadOn && target == master) {
                    ReplicationPeerTest.step(client, random);
                }
            } catch (IOException | UncheckedIOException _) {
                LockSupport.parkNanos(1_000_000); // Killed with the others; come again.
            }
        }
    }

    private void follow(int node, int parent) {
        story.append(nodes.get(node).name)
                .append(" follows ")
                .append(nodes.get(parent).name)
                .append('\n');
        nodes.get(node)
                .ask(
                        "REPLICAOF",
                        "127.0.0.1",
                        Integer.toString(nodes.get(parent).proxy.port()));
    }

    /** Whether the way up from a node leads over another one. */
    private boolean isBelow(int node, int other) {
        for (int at = node, hops = 0; hops <= nodes.size(); hops++) {
            if (at == other) {
                return true;
            }
            String port = nodes.get(at).admin.info("master_port");
            int next = -1;
            for (int i = 0; i < nodes.size(); i++) {
                if (port.equals(Integer.toString(nodes.get(i).proxy.port()))) {
                    next = i;
                }
            }
            if (next < 0) {
                return false;
            }
            at = next;
        }
        return true; // A circle, into which nobody else should be drawn.
    }

    private void step(SplittableRandom random) {
        int node = random.nextInt(nodes.size());
        int other = random.nextInt(nodes.size());
        switch (random.nextInt(8)) {
            case 0, 1, 2 -> {
                story.append("cut ").append(nodes.get(node).name).append('\n');
                nodes.get(node).proxy.cut();
            }
            case 3, 4 -> {
                if (node != master && !isBelow(other, node)) {
                    follow(node, other);
                }
            }
            case 5, 6 -> failOver(node);
            default -> promote(node);
        }
    }

    private void failOver(int target) {
        var from = nodes.get(master);
        var to = nodes.get(target);
        Object answer = from.ask("FAILOVER", "TO", "127.0.0.1", Integer.toString(to.proxy.port()), "TIMEOUT", "3000");
        story.append("failover ")
                .append(from.name)
                .append(" to ")
                .append(to.name)
                .append(": ")
                .append(answer);
        if (!answer.equals("+OK")) {
            story.append('\n');
            return;
        }
        long deadline = System.nanoTime() + 8_000_000_000L;
        while (!from.is("master_failover_state", "no-failover")) {
            if (System.nanoTime() - deadline > 0) {
                from.ask("FAILOVER", "ABORT");
            }
            LockSupport.parkNanos(10_000_000);
        }
        if (from.is("role", "slave")) {
            story.append(", done");
            master = target;
        }
        story.append('\n');
    }

    /** As an operator does it in need: what the old master wrote since is lost. */
    private void promote(int node) {
        if (node == master) {
            return;
        }
        story.append("promote ").append(nodes.get(node).name).append('\n');
        int old = master;
        nodes.get(node).ask("REPLICAOF", "NO", "ONE");
        master = node;
        follow(old, node);
    }

    static long[] seeds() {
        return Stream.of(System.getProperty("redoubt.torture.seeds", "1").split(","))
                .mapToLong(Long::parseLong)
                .toArray();
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void all_have_the_same_data_in_the_end(long seed) throws Exception {
        var binary = RealRedis.find();
        assumeTrue(binary.isPresent(), "redis-server is not installed");
        try {
            add("one", null, "--io-threads", "2");
            add("two", null, "--repl-diskless-load", "swapdb");
            add("real", binary.get());
            add("four", null, "--repl-diskless-sync", "no", "--appendonly", "yes");
            follow(1, 0);
            follow(2, 0);
            follow(3, 1);
            var writer = Thread.ofVirtual().start(() -> load(seed));
            var random = new SplittableRandom(seed);
            for (int i = 0; i < STEPS; i++) {
                step(random);
                LockSupport.parkNanos(STEP_NANOS);
            }
            isLoadOn = false;
            writer.join();
            settle();
        } finally {
            isLoadOn = false;
            for (var node : nodes) {
                node.close();
            }
        }
    }

    private void settle() {
        var top = nodes.get(master);
        for (int i = 0; i < nodes.size(); i++) {
            if (i != master) {
                follow(i, master);
            }
        }
        TestServer.await("the master has its role", () -> top.is("role", "master"), this::story);
        for (var node : nodes) {
            if (node != top) {
                TestServer.await(node.name + " is up", () -> node.is("master_link_status", "up"), this::story);
                TestServer.await(
                        node.name + " has everything",
                        () -> node.admin.info("master_repl_offset").equals(top.admin.info("master_repl_offset"))
                                && node.admin.info("master_replid").equals(top.admin.info("master_replid")),
                        this::story);
                TestServer.await(
                        node.name + " has the same data",
                        () -> node.ask("DEBUG", "DIGEST").equals(top.ask("DEBUG", "DIGEST")),
                        this::story);
            }
        }
        var keeper = nodes.getLast();
        TestServer.await(
                "the append-only file is complete",
                () -> ((String) keeper.ask("INFO", "persistence"))
                        .matches("(?s).*aof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0\r\n.*"),
                this::story);
        Object digest = keeper.ask("DEBUG", "DIGEST");
        assertThat(keeper.ask("DEBUG", "LOADAOF")).as(this::story).isEqualTo("+OK");
        assertThat(keeper.ask("DEBUG", "DIGEST")).as(this::story).isEqualTo(digest);
    }
}
