import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/**
 * Kills a server with an append-only file at random moments and looks what is there when it runs again.
 *
 * <p>Several clients write values of all types, each to keys of its own, some requests at a time. Meanwhile the file is
 * rewritten, the data set saved, and replicas fetch all of it and go away. Then comes SIGKILL. After the restart the keys of each client must hold what one of
 * the states was between the last acknowledged request and the last one sent: nothing acknowledged is missing, no request
 * is there by half, none is there without those before it. That holds with `everysec` too, since the kernel has all that
 * a killed process has written; only a machine that loses power could lose the last two seconds.
 *
 * <p>A replica with an append-only file is killed while it takes over its master's data: what it has afterwards is what the
 * master had at one moment, the old data or the new, and not less than it had before with its file complete.
 *
 * <p>Run: {@code java Crash.java SERVER ROUNDS [SEED]}. The same folder is used for all rounds, so that a round begins with
 * what the ones before have left.
 */
final class Crash {
    private static final int CLIENTS = 3;
    private static final int BATCH_MAX = 12;
    private static final int SHARED_DATABASE = 5;

    private final String server;
    private final int rounds;
    private final long seed;
    private final Path folder;
    private final List<Writer> writers = new ArrayList<>();
    private int passed;
    private int failed;

    private Crash(String server, int rounds, long seed) throws IOException {
        this.server = server;
        this.rounds = rounds;
        this.seed = seed;
        folder = Files.createTempDirectory("redoubt-crash");
        for (int i = 0; i < CLIENTS; i++) {
            writers.add(new Writer(i));
        }
    }

    public static void main(String[] args) throws Exception {
        long seed = args.length > 2 ? Long.parseLong(args[2]) : System.nanoTime();
        var crash = new Crash(args[0], Integer.parseInt(args[1]), seed);
        System.out.println("seed " + seed);
        crash.run();
        System.out.println(crash.passed + " passed, " + crash.failed + " failed");
        System.exit(crash.failed == 0 ? 0 : 1);
    }

    private void run() throws Exception {
        var random = new SplittableRandom(seed);
        crashWriters(random);
        if (failed == 0) {
            crashReplica(random);
        }
        if (failed == 0) {
            try (var paths = Files.walk(folder)) {
                for (var path : paths.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(path);
                }
            }
        }
    }

    private void crashWriters(SplittableRandom random) throws Exception {
        for (int round = 1; round <= rounds && failed == 0; round++) {
            String policy = random.nextBoolean() ? "always" : "everysec";
            int threads = random.nextBoolean() ? 1 : 3;
            String base = random.nextInt(4) == 0 ? "no" : "yes";
            long life = 100 + random.nextInt(700);
            String name = "round " + round + " (" + policy + ", io-threads " + threads + ", rdb base " + base + ", "
                    + life + " ms)";
            try (var process = new Server(server, folder, policy, threads, base)) {
                for (var writer : writers) {
                    writer.check(process.port, name);
                    writer.start(process.port, random.nextLong());
                }
                var disturber = disturb(process.port, random.nextLong());
                TimeUnit.MILLISECONDS.sleep(life);
                process.kill();
                for (var writer : writers) {
                    writer.join();
                }
                disturber.join();
                passed++;
                System.out.println(name + ": " + acknowledged() + " requests acknowledged so far");
            } catch (AssertionError wrong) {
                failed++;
                System.out.println("FAILED in " + name + ": " + wrong.getMessage() + "\nseed " + seed + ", files in " + folder);
                return;
            }
        }
        try (var process = new Server(server, folder, "everysec", 1, "yes")) {
            for (var writer : writers) {
                writer.check(process.port, "the last start");
            }
            passed++;
        } catch (AssertionError wrong) {
            failed++;
            System.out.println("FAILED: " + wrong.getMessage() + "\nseed " + seed + ", files in " + folder);
        }
    }

    private void crashReplica(SplittableRandom random) throws Exception {
        var masterFolder = Files.createDirectories(folder.resolve("master"));
        var replicaFolder = Files.createDirectories(folder.resolve("replica"));
        try (var master = new Server(server, masterFolder, "no", 1, "yes", "--repl-diskless-sync-delay", "0")) {
            var generations = new Generations(master.port);
            for (int round = 1; round <= Math.max(3, rounds / 4); round++) {
                String policy = random.nextBoolean() ? "always" : "everysec";
                String load = random.nextBoolean() ? "disabled" : "swapdb";
                long life = random.nextInt(random.nextBoolean() ? 600 : 3000);
                String name = "replica " + round + " (" + policy + ", diskless load " + load + ", " + life + " ms)";
                try (var process =
                        new Server(server, replicaFolder, policy, 1, "yes", "--repl-diskless-load", load)) {
                    String found = generations.check(process.port, name);
                    generations.follow(process.port);
                    TimeUnit.MILLISECONDS.sleep(life);
                    process.kill();
                    generations.pause();
                    passed++;
                    System.out.println(name + ": began with " + found + ", " + generations.kept + " was kept");
                } catch (AssertionError wrong) {
                    failed++;
                    System.out.println(
                            "FAILED in " + name + ": " + wrong.getMessage() + "\nseed " + seed + ", files in " + folder);
                    return;
                } finally {
                    generations.pause();
                }
            }
        }
    }

    private long acknowledged() {
        return writers.stream().mapToLong(writer -> writer.acknowledged).sum();
    }

    /** Rewrites and saves at random moments until the server is gone. */
    private static Thread disturb(int port, long seed) {
        return Thread.ofPlatform().start(() -> {
            var random = new SplittableRandom(seed);
            try (var client = new Client(port)) {
                while (true) {
                    switch (random.nextInt(6)) {
                        case 0, 1 -> client.call("BGSAVE");
                        case 2 -> fetchAll(port, random.nextInt(60));
                        default -> client.call("BGREWRITEAOF");
                    }
                    TimeUnit.MILLISECONDS.sleep(random.nextInt(120));
                }
            } catch (IOException | InterruptedException gone) {
                // The end.
            }
        });
    }

    /** As a replica that goes away again, often before it has everything. */
    private static void fetchAll(int port, long life) throws IOException, InterruptedException {
        try (var replica = new Client(port)) {
            var request = new ByteArrayOutputStream();
            Client.append(request, "PSYNC", "?", "-1");
            replica.send(request);
            replica.line();
            TimeUnit.MILLISECONDS.sleep(life);
        }
    }

    // ---- A process ----

    private static final class Server implements AutoCloseable {
        final int port;
        private final Process process;
        private final Path log;

        Server(String program, Path folder, String policy, int threads, String rdbBase, String... more)
                throws Exception {
            try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                port = free.getLocalPort();
            }
            log = folder.resolve("log");
            var command = new ArrayList<>(List.of(
                    program, "--port", "" + port, "--bind", "127.0.0.1", "--dir", folder.toString(),
                    "--appendonly", "yes", "--appendfsync", policy, "--io-threads", "" + threads,
                    "--aof-use-rdb-preamble", rdbBase, "--save", "", "--auto-aof-rewrite-min-size", "16kb"));
            command.addAll(List.of(more));
            process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (!Files.readString(log).contains("Ready to accept connections")) {
                if (!process.isAlive() || System.nanoTime() > deadline) {
                    throw new AssertionError("the server did not start:\n" + Files.readString(log));
                }
                TimeUnit.MILLISECONDS.sleep(20);
            }
        }

        void kill() throws InterruptedException {
            process.destroyForcibly();
            process.waitFor();
        }

        @Override
        public void close() throws InterruptedException {
            kill();
        }
    }

    // ---- A client and what it knows ----

    private static final class Client implements AutoCloseable {
        private final Socket socket;
        private final InputStream in;

        Client(int port) throws IOException {
            socket = new Socket(InetAddress.getLoopbackAddress(), port);
            socket.setTcpNoDelay(true);
            in = new BufferedInputStream(socket.getInputStream());
        }

        static void append(ByteArrayOutputStream out, String... words) {
            out.writeBytes(("*" + words.length + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
            for (String word : words) {
                out.writeBytes(("$" + word.length() + "\r\n" + word + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
            }
        }

        void send(ByteArrayOutputStream requests) throws IOException {
            socket.getOutputStream().write(requests.toByteArray());
        }

        String call(String... words) throws IOException {
            var out = new ByteArrayOutputStream();
            append(out, words);
            send(out);
            return read();
        }

        /** A reply as text; the elements of arrays stand between brackets. */
        String read() throws IOException {
            String line = line();
            switch (line.charAt(0)) {
                case '$' -> {
                    int length = Integer.parseInt(line.substring(1));
                    if (length < 0) {
                        return "nil";
                    }
                    byte[] bytes = in.readNBytes(length + 2);
                    if (bytes.length < length + 2) {
                        throw new EOFException();
                    }
                    return new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
                }
                case '*' -> {
                    var all = new ArrayList<String>();
                    for (int left = Integer.parseInt(line.substring(1)); left > 0; left--) {
                        all.add(read());
                    }
                    return all.toString();
                }
                default -> {
                    return line.substring(line.charAt(0) == '-' ? 0 : 1);
                }
            }
        }

        private String line() throws IOException {
            var line = new StringBuilder();
            for (int c = in.read(); c != '\n'; c = in.read()) {
                if (c < 0) {
                    throw new EOFException();
                }
                if (c != '\r') {
                    line.append((char) c);
                }
            }
            return line.toString();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    /** What the keys of one client hold. */
    private static final class Model {
        String text = "nil";
        long number;
        final ArrayDeque<String> list = new ArrayDeque<>();
        final TreeSet<String> set = new TreeSet<>();
        final TreeMap<String, String> hash = new TreeMap<>();
        final TreeMap<String, Long> scores = new TreeMap<>();
        final ArrayDeque<String> stream = new ArrayDeque<>();
        String first = "nil";
        String second = "nil";
        String elsewhere = "nil";

        /** The same text as {@link Writer#found}. */
        String shown() {
            var flatHash = new TreeSet<String>();
            hash.forEach((field, value) -> flatHash.add(field + "=" + value));
            var flatScores = new TreeSet<String>();
            scores.forEach((member, score) -> flatScores.add(member + "=" + score));
            return "text " + text + " number " + (number == 0 ? "nil" : "" + number) + " list " + list + " set " + set + " hash "
                    + flatHash + " scores " + flatScores + " stream " + stream + " both " + first + " " + second
                    + " elsewhere " + elsewhere;
        }
    }

    private static final class Writer {
        private final int index;
        private final String prefix;
        private final Model model = new Model();
        /** What may be found after a crash: the first is what was acknowledged. */
        private List<String> possible = new ArrayList<>();
        private long operation;
        private volatile long acknowledged;
        private Thread thread;

        Writer(int index) {
            this.index = index;
            prefix = "{" + index + "}";
            possible.add(model.shown());
        }

        void start(int port, long seed) {
            thread = Thread.ofPlatform().start(() -> write(port, new SplittableRandom(seed)));
        }

        void join() throws InterruptedException {
            thread.join();
        }

        private void write(int port, SplittableRandom random) {
            try (var client = new Client(port)) {
                while (true) {
                    int count = 1 + random.nextInt(BATCH_MAX);
                    var out = new ByteArrayOutputStream();
                    var replies = new ArrayList<Integer>();
                    var states = new ArrayList<String>();
                    states.add(possible.getFirst());
                    for (int i = 0; i < count; i++) {
                        replies.add(next(random, out));
                        states.add(model.shown());
                    }
                    possible = states;
                    client.send(out);
                    for (int wanted : replies) {
                        for (int i = 0; i < wanted; i++) {
                            String reply = client.read();
                            if (reply.startsWith("-")) {
                                throw new IllegalStateException(reply);
                            }
                        }
                        possible = possible.subList(1, possible.size());
                        acknowledged++;
                    }
                    possible = new ArrayList<>(possible);
                }
            } catch (IOException gone) {
                possible = new ArrayList<>(possible);
            }
        }

        /** Writes one request, changes the model, and says how many replies there will be. */
        private int next(SplittableRandom random, ByteArrayOutputStream out) {
            String number = "" + ++operation;
            String some = "" + random.nextInt(12);
            switch (random.nextInt(13)) {
                case 0 -> {
                    model.text = number + "x".repeat(random.nextInt(20) == 0 ? 50_000 : random.nextInt(40));
                    Client.append(out, "SET", prefix + "text", model.text);
                }
                case 1 -> {
                    model.number++;
                    Client.append(out, "INCR", prefix + "number");
                }
                case 2 -> {
                    model.list.add(number);
                    Client.append(out, "RPUSH", prefix + "list", number);
                }
                case 3 -> {
                    model.list.poll();
                    Client.append(out, "LPOP", prefix + "list");
                }
                case 4 -> {
                    model.set.add(some);
                    Client.append(out, "SADD", prefix + "set", some);
                }
                case 5 -> {
                    model.set.remove(some);
                    Client.append(out, "SREM", prefix + "set", some);
                }
                case 6 -> {
                    model.hash.put(some, number);
                    Client.append(out, "HSET", prefix + "hash", some, number);
                }
                case 7 -> {
                    model.hash.remove(some);
                    Client.append(out, "HDEL", prefix + "hash", some);
                }
                case 8 -> {
                    model.scores.merge(some, operation, Long::sum);
                    Client.append(out, "ZINCRBY", prefix + "scores", number, some);
                }
                case 9 -> {
                    model.scores.remove(some);
                    Client.append(out, "ZREM", prefix + "scores", some);
                }
                case 10 -> {
                    model.stream.add("[" + operation + "-1, [f, " + some + "]]");
                    if (model.stream.size() > 20) {
                        model.stream.poll();
                    }
                    Client.append(out, "XADD", prefix + "stream", "MAXLEN", "20", operation + "-1", "f", some);
                }
                case 11 -> {
                    model.first = number;
                    model.second = number;
                    Client.append(out, "MULTI");
                    Client.append(out, "SET", prefix + "first", number);
                    Client.append(out, "SET", prefix + "second", number, "EX", "100000");
                    Client.append(out, "EXEC");
                    return 4;
                }
                default -> {
                    model.elsewhere = number;
                    Client.append(out, "SELECT", "" + SHARED_DATABASE);
                    Client.append(out, "SET", prefix + "elsewhere", number);
                    Client.append(out, "SELECT", "0");
                    return 3;
                }
            }
            return 1;
        }

        /** Compares with what the server has now, and goes on from there. */
        void check(int port, String when) throws IOException {
            String found;
            try (var client = new Client(port)) {
                found = found(client);
            }
            if (!possible.contains(found)) {
                throw new AssertionError("client " + index + " before " + when + ":\nfound        " + found
                        + "\nacknowledged " + possible.getFirst() + "\nsent         " + possible.getLast() + "\n"
                        + possible.size() + " states would do");
            }
            catchUp(port);
        }

        private static List<String> elements(String array) {
            String inner = array.substring(1, array.length() - 1);
            return inner.isEmpty() ? List.of() : List.of(inner.split(", "));
        }

        private static List<String> pairs(List<String> flat) {
            var sorted = new TreeSet<String>();
            for (int i = 0; i < flat.size(); i += 2) {
                sorted.add(flat.get(i) + "=" + flat.get(i + 1));
            }
            return List.copyOf(sorted);
        }

        private String found(Client client) throws IOException {
            String text = client.call("GET", prefix + "text");
            String number = client.call("GET", prefix + "number");
            String list = client.call("LRANGE", prefix + "list", "0", "-1");
            var set = new TreeSet<>(elements(client.call("SMEMBERS", prefix + "set")));
            var hash = pairs(elements(client.call("HGETALL", prefix + "hash")));
            var scores = pairs(elements(client.call("ZRANGE", prefix + "scores", "0", "-1", "WITHSCORES")));
            String stream = client.call("XRANGE", prefix + "stream", "-", "+");
            String first = client.call("GET", prefix + "first");
            String second = client.call("GET", prefix + "second");
            client.call("SELECT", "" + SHARED_DATABASE);
            String elsewhere = client.call("GET", prefix + "elsewhere");
            return "text " + text + " number " + number + " list " + list + " set " + set + " hash " + hash + " scores "
                    + scores + " stream " + stream + " both " + first + " " + second + " elsewhere " + elsewhere;
        }

        /** Empties everything, so that model and server agree however much of the last batch is there. */
        private void catchUp(int port) throws IOException {
            try (var client = new Client(port)) {
                client.call(
                        "DEL", prefix + "text", prefix + "number", prefix + "list", prefix + "set", prefix + "hash",
                        prefix + "scores", prefix + "stream", prefix + "first", prefix + "second");
                client.call("SELECT", "" + SHARED_DATABASE);
                client.call("DEL", prefix + "elsewhere");
            }
            model.text = "nil";
            model.number = 0;
            model.list.clear();
            model.set.clear();
            model.hash.clear();
            model.scores.clear();
            model.stream.clear();
            model.first = "nil";
            model.second = "nil";
            model.elsewhere = "nil";
            possible = new ArrayList<>(List.of(model.shown()));
        }
    }

    // ---- A master and what its replica has of it ----

    /** Many keys of a master that get a new number all at once, again and again, and a replica that gets them. */
    private static final class Generations {
        private static final int KEYS = 2000;
        private static final String PADDING = "x".repeat(300);

        private final int masterPort;
        private long number;
        /** The last one that the replica has shown while its file was complete. */
        volatile long kept;
        private volatile boolean isOn;
        private final List<Thread> threads = new ArrayList<>();

        Generations(int masterPort) throws IOException {
            this.masterPort = masterPort;
            try (var master = new Client(masterPort)) {
                next(master);
            }
        }

        private void next(Client master) throws IOException {
            number++;
            String[] words = new String[1 + 2 * KEYS];
            words[0] = "MSET";
            for (int i = 0; i < KEYS; i++) {
                words[1 + 2 * i] = "key" + i;
                words[2 + 2 * i] = number + PADDING;
            }
            var request = new ByteArrayOutputStream();
            Client.append(request, "MULTI");
            Client.append(request, words);
            Client.append(request, "LPUSH", "numbers", "" + number);
            Client.append(request, "LTRIM", "numbers", "0", "9");
            Client.append(request, "EXEC");
            master.send(request);
            for (int i = 0; i < 5; i++) {
                String reply = master.read();
                if (reply.startsWith("-")) {
                    throw new IllegalStateException(reply);
                }
            }
        }

        /** Lets the server follow the master, and both work, until they are told to pause. */
        void follow(int port) throws IOException {
            isOn = true;
            try (var replica = new Client(port)) {
                replica.call("REPLICAOF", "127.0.0.1", "" + masterPort);
            }
            threads.add(Thread.ofPlatform().start(() -> {
                try (var master = new Client(masterPort)) {
                    while (isOn) {
                        next(master);
                        TimeUnit.MILLISECONDS.sleep(3);
                    }
                } catch (IOException | InterruptedException broken) {
                    throw new IllegalStateException(broken);
                }
            }));
            threads.add(Thread.ofPlatform().start(() -> {
                try (var replica = new Client(port)) {
                    boolean isComplete = false;
                    while (isOn) {
                        // Until the first base is written, the old data is what counts.
                        isComplete = isComplete || replica.call("INFO", "replication").contains("master_link_status:up")
                                && isComplete(replica.call("INFO", "persistence"));
                        String found = replica.call("GET", "key0");
                        if (isComplete && found.endsWith(PADDING)) {
                            kept = numberOf(found);
                        }
                    }
                } catch (IOException gone) {
                    // The end.
                }
            }));
        }

        private static boolean isComplete(String facts) {
            return facts.contains("aof_enabled:1") && facts.contains("aof_rewrite_in_progress:0")
                    && facts.contains("aof_rewrite_scheduled:0") && facts.contains("loading:0");
        }

        private static long numberOf(String value) {
            return Long.parseLong(value.substring(0, value.length() - PADDING.length()));
        }

        void pause() throws InterruptedException {
            isOn = false;
            for (var thread : threads) {
                thread.join();
            }
            threads.clear();
        }

        /** Says what the replica has, which must be of one moment. */
        String check(int port, String when) throws IOException {
            try (var replica = new Client(port)) {
                String first = replica.call("GET", "key0");
                if (first.equals("nil")) {
                    if (kept > 0 || !replica.call("DBSIZE").equals("0")) {
                        throw new AssertionError("before " + when + " the replica has nothing of " + kept);
                    }
                    return "nothing";
                }
                long found = numberOf(first);
                if (found < kept) {
                    throw new AssertionError("before " + when + " the replica has " + found + " and had " + kept);
                }
                String last = replica.call("LINDEX", "numbers", "0");
                if (!last.equals("" + found) || !replica.call("DBSIZE").equals("" + (KEYS + 1))) {
                    throw new AssertionError("before " + when + " the replica has " + found + ", last number " + last
                            + ", keys " + replica.call("DBSIZE"));
                }
                for (int i = 0; i < KEYS; i++) {
                    String value = replica.call("GET", "key" + i);
                    if (!value.equals(first)) {
                        throw new AssertionError("before " + when + " key0 is of " + found + ", key" + i + " is "
                                + value);
                    }
                }
                return "" + found;
            }
        }
    }
}
