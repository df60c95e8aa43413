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
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Pattern;

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
    /** What names of keys begin with; the values behind the second grow. */
    private static final List<String> SIZES = List.of("", "big ");

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

    /** What the keys of one client hold. Of each type there is a small value and one that can grow. */
    private static final class Model {
        String text = "nil";
        long number;
        byte[] large = {};
        final List<ArrayDeque<String>> lists = List.of(new ArrayDeque<>(), new ArrayDeque<>());
        final List<TreeSet<String>> sets = List.of(new TreeSet<>(), new TreeSet<>());
        final List<TreeMap<String, String>> hashes = List.of(new TreeMap<>(), new TreeMap<>());
        final List<TreeMap<String, Long>> scores = List.of(new TreeMap<>(), new TreeMap<>());
        final TreeMap<Long, String> stream = new TreeMap<>();
        long delivered;
        final TreeMap<Long, String> pending = new TreeMap<>();
        String first = "nil";
        String second = "nil";
        String elsewhere = "nil";

        /** The same text as {@link Writer#found}. */
        String shown() {
            var all = new StringBuilder();
            all.append("text ").append(text).append(" number ").append(number == 0 ? "nil" : "" + number);
            all.append(" large ").append(large.length).append(' ').append(Arrays.hashCode(large));
            for (int size = 0; size < SIZES.size(); size++) {
                all.append(" list ").append(lists.get(size));
                all.append(" set ").append(sets.get(size));
                all.append(" hash ").append(pairs(hashes.get(size)));
                all.append(" scores ").append(pairs(scores.get(size)));
            }
            var entries = new ArrayList<String>();
            stream.forEach((id, value) -> entries.add("[" + id + "-1, [f, " + value + "]]"));
            var waiting = new ArrayList<String>();
            pending.forEach((id, consumer) -> waiting.add(id + "-1 " + consumer));
            all.append(" stream ").append(entries).append(" delivered ").append(delivered);
            all.append(" pending ").append(waiting);
            all.append(" both ").append(first).append(' ').append(second).append(" elsewhere ").append(elsewhere);
            return all.toString();
        }

        private static List<String> pairs(TreeMap<String, ?> map) {
            var pairs = new TreeSet<String>();
            map.forEach((name, value) -> pairs.add(name + "=" + value));
            return List.copyOf(pairs);
        }

        void setRange(int offset, String piece) {
            large = Arrays.copyOf(large, Math.max(large.length, offset + piece.length()));
            for (int i = 0; i < piece.length(); i++) {
                large[offset + i] = (byte) piece.charAt(i);
            }
        }

        void deliver(String consumer) {
            Long next = stream.higherKey(delivered);
            if (next != null) {
                delivered = next;
                pending.put(next, consumer);
            }
        }
    }

    /** A request: how many replies it has, and what it does. */
    private record Step(int replies, Consumer<Model> change) {}

    private static final class Writer {
        private static final int STREAM_MAX = 300;

        private final int index;
        private final String prefix;
        /** What was acknowledged. */
        private Model model = new Model();
        /** What was sent since. */
        private final ArrayDeque<Step> sent = new ArrayDeque<>();
        private long operation;
        private int checks;
        private volatile long acknowledged;
        private Thread thread;

        Writer(int index) {
            this.index = index;
            prefix = "{" + index + "}";
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
                    for (int i = 0; i < count; i++) {
                        sent.add(next(random, out));
                    }
                    client.send(out);
                    while (!sent.isEmpty()) {
                        for (int i = 0; i < sent.peek().replies; i++) {
                            String reply = client.read();
                            if (reply.startsWith("-")) {
                                throw new IllegalStateException(reply);
                            }
                        }
                        sent.poll().change.accept(model);
                        acknowledged++;
                    }
                }
            } catch (IOException gone) {
                // What is still in `sent` may have been done or not.
            }
        }

        /** Writes one request. */
        private Step next(SplittableRandom random, ByteArrayOutputStream out) {
            long id = ++operation;
            String number = "" + id;
            int size = random.nextInt(SIZES.size());
            String at = prefix + SIZES.get(size);
            String some = "" + random.nextInt(size == 0 ? 12 : 900);
            switch (random.nextInt(19)) {
                case 0 -> {
                    String text = number + "x".repeat(random.nextInt(20) == 0 ? 50_000 : random.nextInt(40));
                    Client.append(out, "SET", prefix + "text", text);
                    return new Step(1, all -> all.text = text);
                }
                case 1 -> {
                    Client.append(out, "INCR", prefix + "number");
                    return new Step(1, all -> all.number++);
                }
                case 2 -> {
                    String[] words = new String[size == 0 ? 3 : 22];
                    Arrays.fill(words, number);
                    words[0] = "RPUSH";
                    words[1] = at + "list";
                    Client.append(out, words);
                    return new Step(1, all -> all.lists.get(size).addAll(List.of(words).subList(2, words.length)));
                }
                case 3 -> {
                    Client.append(out, "LPOP", at + "list");
                    return new Step(1, all -> all.lists.get(size).poll());
                }
                case 4, 5 -> {
                    Client.append(out, "SADD", at + "set", some);
                    return new Step(1, all -> all.sets.get(size).add(some));
                }
                case 6 -> {
                    Client.append(out, "SREM", at + "set", some);
                    return new Step(1, all -> all.sets.get(size).remove(some));
                }
                case 7, 8 -> {
                    Client.append(out, "HSET", at + "hash", some, number);
                    return new Step(1, all -> all.hashes.get(size).put(some, number));
                }
                case 9 -> {
                    Client.append(out, "HDEL", at + "hash", some);
                    return new Step(1, all -> all.hashes.get(size).remove(some));
                }
                case 10, 11 -> {
                    Client.append(out, "ZINCRBY", at + "scores", number, some);
                    return new Step(1, all -> all.scores.get(size).merge(some, id, Long::sum));
                }
                case 12 -> {
                    Client.append(out, "ZREM", at + "scores", some);
                    return new Step(1, all -> all.scores.get(size).remove(some));
                }
                case 13 -> {
                    Client.append(out, "XADD", prefix + "stream", "MAXLEN", "" + STREAM_MAX, number + "-1", "f", some);
                    return new Step(1, all -> {
                        all.stream.put(id, some);
                        if (all.stream.size() > STREAM_MAX) {
                            all.stream.pollFirstEntry();
                        }
                    });
                }
                case 14 -> {
                    String consumer = "c" + random.nextInt(3);
                    Client.append(
                            out, "XREADGROUP", "GROUP", "g", consumer, "COUNT", "1", "STREAMS", prefix + "stream", ">");
                    return new Step(1, all -> all.deliver(consumer));
                }
                case 15 -> {
                    long done = Math.max(1, id - random.nextInt(400));
                    Client.append(out, "XACK", prefix + "stream", "g", done + "-1");
                    return new Step(1, all -> all.pending.remove(done));
                }
                case 16 -> {
                    int offset = random.nextInt(300_000);
                    Client.append(out, "SETRANGE", prefix + "large", "" + offset, number);
                    return new Step(1, all -> all.setRange(offset, number));
                }
                case 17 -> {
                    Client.append(out, "MULTI");
                    Client.append(out, "SET", prefix + "first", number);
                    Client.append(out, "SET", prefix + "second", number, "EX", "100000");
                    Client.append(out, "EXEC");
                    return new Step(4, all -> {
                        all.first = number;
                        all.second = number;
                    });
                }
                default -> {
                    Client.append(out, "SELECT", "" + SHARED_DATABASE);
                    Client.append(out, "SET", prefix + "elsewhere", number);
                    Client.append(out, "SELECT", "0");
                    return new Step(3, all -> all.elsewhere = number);
                }
            }
        }

        /** Compares with what the server has now, and goes on from there. */
        void check(int port, String when) throws IOException {
            String found;
            try (var client = new Client(port)) {
                found = found(client);
            }
            String shown = model.shown();
            String atFirst = shown;
            int more = sent.size();
            while (!shown.equals(found) && !sent.isEmpty()) {
                sent.poll().change.accept(model);
                shown = model.shown();
            }
            if (!shown.equals(found)) {
                throw new AssertionError("client " + index + " before " + when + ":\nfound        " + found
                        + "\nacknowledged " + atFirst + "\nsent         " + shown + "\n" + (more + 1)
                        + " states would do");
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
            var all = new StringBuilder();
            all.append("text ").append(client.call("GET", prefix + "text"));
            all.append(" number ").append(client.call("GET", prefix + "number"));
            String large = client.call("GETRANGE", prefix + "large", "0", "-1");
            byte[] bytes = large.getBytes(StandardCharsets.ISO_8859_1);
            all.append(" large ").append(bytes.length).append(' ').append(Arrays.hashCode(bytes));
            for (String size : SIZES) {
                String at = prefix + size;
                all.append(" list ").append(client.call("LRANGE", at + "list", "0", "-1"));
                all.append(" set ").append(new TreeSet<>(elements(client.call("SMEMBERS", at + "set"))));
                all.append(" hash ").append(pairs(elements(client.call("HGETALL", at + "hash"))));
                String scores = client.call("ZRANGE", at + "scores", "0", "-1", "WITHSCORES");
                all.append(" scores ").append(pairs(elements(scores)));
            }
            all.append(" stream ").append(client.call("XRANGE", prefix + "stream", "-", "+"));
            var delivered = Pattern.compile("last-delivered-id, (\\d+)-").matcher(
                    client.call("XINFO", "GROUPS", prefix + "stream"));
            all.append(" delivered ").append(delivered.find() ? delivered.group(1) : "0");
            String pending = client.call("XPENDING", prefix + "stream", "g", "-", "+", "1000000");
            var waiting = new ArrayList<String>();
            var row = Pattern.compile("\\[(\\d+-1), (\\w+), \\d+, 1\\]").matcher(pending);
            while (row.find()) {
                waiting.add(row.group(1) + " " + row.group(2));
            }
            all.append(" pending ").append(waiting);
            all.append(" both ").append(client.call("GET", prefix + "first"));
            all.append(' ').append(client.call("GET", prefix + "second"));
            client.call("SELECT", "" + SHARED_DATABASE);
            all.append(" elsewhere ").append(client.call("GET", prefix + "elsewhere"));
            return all.toString();
        }

        /** Makes sure that the stream has its group, and now and then begins anew, so that values are of all sizes. */
        private void catchUp(int port) throws IOException {
            sent.clear();
            try (var client = new Client(port)) {
                if (++checks % 5 == 0) {
                    model = new Model();
                    for (String database : List.of("" + SHARED_DATABASE, "0")) {
                        client.call("SELECT", database);
                        String keys = client.call("KEYS", prefix + "*");
                        for (String key : elements(keys)) {
                            client.call("DEL", key);
                        }
                    }
                }
                client.call("XGROUP", "CREATE", prefix + "stream", "g", "0", "MKSTREAM");
            }
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
