package io.redoubt.config;

import io.redoubt.config.LoadedConfig.Rename;
import io.redoubt.config.LoadedConfig.UserLine;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads redis.conf, standard input and the command line, which Redis treats as one text: the options of the command
 * line become lines after those of the file. Text is kept as bytes (ISO 8859-1) until a line is cut into words.
 */
public final class ConfigLoader {
    private static final String BAD_DIRECTIVE = "Bad directive or wrong number of arguments";
    private static final Set<String> IGNORED = Set.of("list-max-ziplist-entries", "list-max-ziplist-value");
    private static final int INCLUDE_DEPTH_MAX = 16;

    private final Config config = new Config();
    private final List<UserLine> users = new ArrayList<>();
    private final Set<String> userNames = new HashSet<>();
    private final List<Rename> renames = new ArrayList<>();
    private final StringBuilder problems = new StringBuilder();

    private ConfigLoader() {}

    /**
     * Loads the configuration that the arguments of {@code redis-server} describe.
     * @param args without the name of the program; switches such as {@code --version} are the caller's
     * @param stdin read to its end when an argument is {@code -}
     * @throws ConfigException with every problem at once
     */
    public static LoadedConfig load(List<String> args, InputStream stdin) throws ConfigException {
        return new ConfigLoader().loadAll(args, stdin);
    }

    private LoadedConfig loadAll(List<String> args, InputStream stdin) throws ConfigException {
        int first = 0;
        Path file = null;
        if (!args.isEmpty() && !args.getFirst().startsWith("-")) {
            file = Path.of(args.getFirst()).toAbsolutePath().normalize();
            first = 1;
        }
        StringBuilder text = new StringBuilder();
        if (file != null) {
            text.append(read(file, file.toString()));
        }
        List<String> options = new ArrayList<>(args.subList(first, args.size()));
        if (takesStandardInput(options)) {
            try {
                text.append(new String(stdin.readAllBytes(), StandardCharsets.ISO_8859_1));
            } catch (IOException e) {
                throw new ConfigException("Fatal error, can't read standard input: " + e.getMessage());
            }
        }
        if (!options.isEmpty()) {
            text.append('\n').append(optionLines(options));
        }
        readLines(text.toString(), file == null ? "the command line" : file.toString(), 0);
        checkTogether();
        if (!problems.isEmpty()) {
            throw new ConfigException(problems.toString());
        }
        return new LoadedConfig(config, List.copyOf(users), List.copyOf(renames), file);
    }

    /** Takes the lone dash out of the options where it may stand: first or last. */
    private static boolean takesStandardInput(List<String> options) {
        if (!options.isEmpty() && options.getFirst().equals("-")) {
            options.removeFirst();
            return true;
        }
        if (!options.isEmpty() && options.getLast().equals("-")) {
            options.removeLast();
            return true;
        }
        return false;
    }

    /** Turns options into configuration lines; package-private for tests. */
    static String optionLines(List<String> options) {
        StringBuilder lines = new StringBuilder();
        boolean hasValue = true; // False directly after a bare --name, whose value may itself begin with dashes.
        for (int i = 0; i < options.size(); i++) {
            String option = bytes(options.get(i));
            if (hasValue && option.startsWith("--")) {
                List<String> words = ConfigLine.split(option);
                boolean isBareName = words != null && words.size() == 1;
                hasValue = !isBareName;
                if (!lines.isEmpty()) {
                    lines.append('\n');
                }
                lines.append(option, 2, option.length()).append(' ');
                boolean nextIsOption =
                        i + 1 < options.size() && options.get(i + 1).startsWith("--");
                if (isBareName && nextIsOption && option.equalsIgnoreCase("--save")) {
                    lines.append("\"\""); // `--save --port 1` was always understood as no save points.
                    hasValue = true;
                }
            } else {
                lines.append(ConfigLine.quote(option)).append(' ');
                hasValue = true;
            }
        }
        return lines.toString();
    }

    private static String bytes(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    private static String text(String bytes) {
        return new String(bytes.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }

    private static String read(Path file, String shownName) throws ConfigException {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            String reason = !Files.exists(file)
                    ? "No such file or directory"
                    : Files.isDirectory(file) ? "Is a directory" : "Permission denied";
            throw new ConfigException("Fatal error, can't open config file '" + shownName + "': " + reason);
        }
    }

    private void readLines(String text, String source, int depth) throws ConfigException {
        int number = 0;
        for (String raw : text.split("\n", -1)) {
            number++;
            String line = ConfigLine.trim(raw);
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            List<String> words = ConfigLine.split(line);
            if (words == null) {
                String shown = shown(line, List.of(line.split("\\s", 2)));
                problem(source, number, shown, "Unbalanced quotes in configuration line");
            } else if (!words.isEmpty()) {
                List<String> bytes = List.copyOf(words);
                words.replaceAll(ConfigLoader::text);
                readLine(words, bytes, line, source, number, depth);
            }
        }
    }

    /** @param bytes the words as they stand in the file, a char a byte */
    private void readLine(List<String> words, List<String> bytes, String line, String source, int number, int depth)
            throws ConfigException {
        String name = words.getFirst().toLowerCase(Locale.ROOT);
        List<String> args = words.subList(1, words.size());
        Directive<?> directive = config.find(name);
        String reason;
        if (directive != null) {
            reason = null;
            try {
                directive.load(args);
            } catch (RefusedValueException refused) {
                reason = refused.reason();
            }
        } else {
            reason = switch (name) {
                case "include" -> args.size() == 1 ? include(args.getFirst(), depth) : BAD_DIRECTIVE;
                case "rename-command" -> rename(args);
                case "user" -> user(bytes.subList(1, bytes.size()));
                case "loadmodule" -> "Modules are native code of Redis and cannot be loaded by this server";
                case "sentinel" -> "sentinel directive while not in sentinel mode";
                default -> IGNORED.contains(name) && args.size() == 1 ? null : unknown(name, source, number);
            };
        }
        if (reason != null) {
            problem(source, number, shown(line, words), reason);
        }
    }

    private String unknown(String name, String source, int number) {
        String likely = config.likelyName(name);
        return BAD_DIRECTIVE + "\n(" + source + ", line " + number + ": there is no directive '" + text(bytes(name))
                + "'" + (likely == null ? "" : "; did you mean '" + likely + "'?") + ")";
    }

    private @Nullable String include(String pattern, int depth) throws ConfigException {
        if (depth == INCLUDE_DEPTH_MAX) {
            return "Too many files include each other";
        }
        Path path = config.resolve(pattern);
        Path name = path.getFileName();
        Path folder = path.getParent();
        boolean isGlob = pattern.indexOf('*') >= 0 || pattern.indexOf('?') >= 0 || pattern.indexOf('[') >= 0;
        if (!isGlob || name == null || folder == null) {
            readLines(read(path, pattern), path.toString(), depth + 1);
            return null;
        }
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder, name.toString())) {
            stream.forEach(found::add);
        } catch (IOException e) {
            return null; // As in Redis, a pattern that matches nothing is no error.
        }
        found.sort(null);
        for (Path file : found) {
            readLines(read(file, file.toString()), file.toString(), depth + 1);
        }
        return null;
    }

    private @Nullable String rename(List<String> args) {
        if (args.size() != 2) {
            return BAD_DIRECTIVE;
        }
        renames.add(new Rename(args.get(0), args.get(1)));
        return null;
    }

    /** Names, patterns and passwords are any bytes, as clients send them; they need not be UTF-8. */
    private @Nullable String user(List<String> args) {
        if (args.isEmpty()) {
            return BAD_DIRECTIVE;
        }
        String name = args.getFirst();
        if (!userNames.add(name)) {
            return "Error in user declaration '" + text(name)
                    + "': Duplicate user found. A user can only be defined once in config files";
        }
        users.add(new UserLine(name, List.copyOf(args.subList(1, args.size()))));
        return null;
    }

    /** The line for a report, without the values of secrets, mistyped names of secrets included. */
    private String shown(String line, List<String> words) {
        String name = words.getFirst().toLowerCase(Locale.ROOT);
        Directive<?> directive = config.find(name);
        Directive<?> meant = directive == null ? config.find(config.nearestName(name)) : directive;
        if (name.contains("pass")
                || name.contains("auth") && !name.equals("tls-auth-clients")
                || meant != null && meant.isSecret() && words.size() > 1) {
            return words.getFirst() + (line.length() == words.getFirst().length() ? "" : " (redacted)");
        }
        boolean mayHoldPassword = name.equals("user") && words.size() > 1 && line.matches(".*[<>#!].*");
        return mayHoldPassword ? "user " + words.get(1).split("[<>#!]", 2)[0] + " (redacted)" : line;
    }

    private void problem(String source, int line, String shown, String reason) {
        if (problems.isEmpty()) {
            problems.append("\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\n");
        }
        problems.append("Reading the configuration file, at line ").append(line).append('\n');
        problems.append(">>> '")
                .append(text(shown))
                .append("'\n")
                .append(reason)
                .append('\n');
    }

    /** Why the log cannot be written, or null. Looks only: a file made here might belong to another user. */
    private @Nullable String logProblem() {
        String name = config.observe.logfile.value();
        if (name.isEmpty()) {
            return null;
        }
        Path file = config.resolve(name).toAbsolutePath();
        if (Files.isDirectory(file)) {
            return "Is a directory";
        }
        Path folder = file.getParent();
        if (!Files.exists(file) && (folder == null || !Files.isDirectory(folder))) {
            return "No such file or directory";
        }
        return Files.isWritable(Files.exists(file) || folder == null ? file : folder) ? null : "Permission denied";
    }

    private void checkTogether() {
        String logProblem = logProblem();
        if (logProblem != null) {
            if (problems.isEmpty()) {
                problems.append("\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\n");
            }
            problems.append("Can't open the log file '" + config.observe.logfile.value() + "': " + logProblem + "\n");
        }
        if (config.cluster.clusterEnabled.value()
                && config.replication.replicaof.value().isPresent()) {
            if (problems.isEmpty()) {
                problems.append("\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\n");
            }
            problems.append("replicaof directive not allowed in cluster mode\n");
        }
        if (!users.isEmpty() && !config.security.aclfile.value().isEmpty()) {
            problems.append("Configuring Redis with users defined in redis.conf and at the same setting an ACL file"
                    + " path is invalid. This setup is very likely to lead to configuration errors and security holes,"
                    + " please define either an ACL file or declare users directly in your redis.conf, but not"
                    + " both.\n");
        }
    }
}
