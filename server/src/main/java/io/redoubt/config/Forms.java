package io.redoubt.config;

import io.redoubt.config.OutputBufferLimits.Limit;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The forms that directives have. */
final class Forms {
    private static final BigInteger LONG_MAX = BigInteger.valueOf(Long.MAX_VALUE);
    private static final String EVENT_CLASSES = "g$lshzxetdnm";
    private static final String ALL_CLASSES = "g$lshzxetd";

    private Forms() {}

    static String one(List<String> args) throws RefusedValueException {
        if (args.size() != 1) {
            throw new RefusedValueException("wrong number of arguments");
        }
        return args.getFirst();
    }

    /** A list given as one argument is cut at every single blank, as CONFIG SET does. */
    static List<String> many(List<String> args) {
        if (args.size() != 1) {
            return args;
        }
        String only = args.getFirst();
        return only.isEmpty() ? List.of() : List.of(only.split(" ", -1));
    }

    static final Form<Boolean> BOOL = new Form<>() {
        @Override
        public Boolean parse(Boolean current, List<String> args) throws RefusedValueException {
            return switch (one(args).toLowerCase(Locale.ROOT)) {
                case "yes" -> true;
                case "no" -> false;
                default -> throw new RefusedValueException("argument must be 'yes' or 'no'");
            };
        }

        @Override
        public String text(Boolean value) {
            return value ? "yes" : "no";
        }

        @Override
        public String range() {
            return "yes, no";
        }
    };

    static final Form<String> TEXT = new Form<>() {
        @Override
        public String parse(String current, List<String> args) throws RefusedValueException {
            return one(args);
        }

        @Override
        public String text(String value) {
            return value;
        }

        @Override
        public List<String> lines(String value, String defaultValue, boolean whole) {
            return List.of(quoteUtf8(value));
        }

        @Override
        public String range() {
            return "text";
        }
    };

    static String quoteUtf8(String value) {
        return ConfigLine.quote(new String(value.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1));
    }

    /** A word for a file: quoted unless it is plain, so that a line break in it never starts a line of its own. */
    static String word(String value) {
        return value.matches("[A-Za-z0-9.:*_%/-]+") ? value : quoteUtf8(value);
    }

    private static RefusedValueException outside(String min, String max) {
        return new RefusedValueException("argument must be between " + min + " and " + max + " inclusive");
    }

    /** Decimal as Redis reads it: no blanks, no plus sign, no leading zeros. */
    static long canonicalLong(String text, String refusal) throws RefusedValueException {
        try {
            long value = Long.parseLong(text);
            if (Long.toString(value).equals(text)) {
                return value;
            }
        } catch (NumberFormatException notANumber) {
            throw new RefusedValueException(refusal);
        }
        throw new RefusedValueException(refusal);
    }

    record IntegerForm(long min, long max) implements Form<Long> {
        @Override
        public Long parse(Long current, List<String> args) throws RefusedValueException {
            long value = canonicalLong(one(args), "argument couldn't be parsed into an integer");
            if (value < min || value > max) {
                throw outside(Long.toString(min), Long.toString(max));
            }
            return value;
        }

        @Override
        public String text(Long value) {
            return value.toString();
        }

        @Override
        public String range() {
            return min + " to " + max;
        }
    }

    /** Bytes with an optional unit; a percentage is kept as a negative number. */
    record BytesForm(long min, long max, boolean takesPercent) implements Form<Long> {
        @Override
        public Long parse(Long current, List<String> args) throws RefusedValueException {
            String text = one(args).toLowerCase(Locale.ROOT);
            if (takesPercent && text.endsWith("%")) {
                return percent(text.substring(0, text.length() - 1));
            }
            int digits = 0;
            while (digits < text.length() && Character.digit(text.charAt(digits), 10) >= 0) {
                digits++;
            }
            BigInteger unit = unit(text.substring(digits));
            // Redis reads an empty text as 0.
            BigInteger value = digits == 0 ? BigInteger.ZERO : new BigInteger(text.substring(0, digits)).multiply(unit);
            boolean isUnsigned = max == Long.MAX_VALUE && min == 0;
            if (value.compareTo(LONG_MAX) > 0 && isUnsigned) {
                return Long.MAX_VALUE;
            }
            if (value.compareTo(BigInteger.valueOf(min)) < 0 || value.compareTo(BigInteger.valueOf(max)) > 0) {
                throw outside(Long.toString(min), Long.toString(max));
            }
            return value.longValueExact();
        }

        private Long percent(String text) throws RefusedValueException {
            long percent = canonicalLong(text, refusal());
            if (percent < 0) {
                throw new RefusedValueException(refusal());
            }
            if (percent > 100) {
                throw new RefusedValueException("percentage argument must be less or equal to 100");
            }
            return -percent;
        }

        private String refusal() {
            return takesPercent ? "argument must be a memory or percent value" : "argument must be a memory value";
        }

        private BigInteger unit(String suffix) throws RefusedValueException {
            return BigInteger.valueOf(
                    switch (suffix) {
                        case "", "b" -> 1;
                        case "k" -> 1_000;
                        case "kb" -> 1 << 10;
                        case "m" -> 1_000_000;
                        case "mb" -> 1 << 20;
                        case "g" -> 1_000_000_000;
                        case "gb" -> 1 << 30;
                        default -> throw new RefusedValueException(refusal());
                    });
        }

        @Override
        public String text(Long value) {
            return value < 0 ? -value + "%" : value.toString();
        }

        @Override
        public List<String> lines(Long value, Long defaultValue, boolean whole) {
            if (value > 0 && value % (1 << 30) == 0) {
                return List.of((value >> 30) + "gb");
            }
            if (value > 0 && value % (1 << 20) == 0) {
                return List.of((value >> 20) + "mb");
            }
            return List.of(value > 0 && value % 1024 == 0 ? (value >> 10) + "kb" : text(value));
        }

        @Override
        public String range() {
            return "bytes, " + min + " to " + max + (takesPercent ? ", or N% of maxmemory" : "");
        }
    }

    record OctalForm(long max) implements Form<Long> {
        @Override
        public Long parse(Long current, List<String> args) throws RefusedValueException {
            long value;
            try {
                value = Long.parseLong(one(args), 8);
            } catch (NumberFormatException notANumber) {
                throw new RefusedValueException("argument couldn't be parsed as an octal number");
            }
            if (value < 0 || value > max) {
                throw outside("0", Long.toOctalString(max));
            }
            return value;
        }

        @Override
        public String text(Long value) {
            return Long.toOctalString(value);
        }

        @Override
        public String range() {
            return "octal, 0 to " + Long.toOctalString(max);
        }
    }

    private static String choiceOf(List<String> choices, String text) throws RefusedValueException {
        for (String choice : choices) {
            if (choice.equalsIgnoreCase(text)) {
                return choice;
            }
        }
        throw new RefusedValueException("argument(s) must be one of the following: " + String.join(", ", choices));
    }

    record ChoiceForm(List<String> choices) implements Form<String> {
        @Override
        public String parse(String current, List<String> args) throws RefusedValueException {
            return choiceOf(choices, one(args));
        }

        @Override
        public String text(String value) {
            return value;
        }

        @Override
        public String range() {
            return String.join(", ", choices);
        }
    }

    /** Several of the choices; the first means none of the others. */
    record ChoicesForm(List<String> choices) implements Form<List<String>> {
        @Override
        public List<String> parse(List<String> current, List<String> args) throws RefusedValueException {
            List<String> words = args.size() == 1 ? List.of(args.getFirst().split(" ", -1)) : args;
            if (words.isEmpty()) {
                choiceOf(choices, "");
            }
            List<String> chosen = new ArrayList<>();
            for (String word : words) {
                chosen.add(choiceOf(choices, word));
            }
            List<String> sorted = choices.stream()
                    .filter(choice -> chosen.contains(choice) && !choice.equals(choices.getFirst()))
                    .toList();
            return sorted.isEmpty() ? List.of(choices.getFirst()) : sorted;
        }

        @Override
        public String text(List<String> value) {
            return String.join(" ", value);
        }

        @Override
        public String range() {
            return "one or more of " + String.join(", ", choices);
        }
    }

    /** Free words, each one of a set, or none. */
    record WordsForm(List<String> choices) implements Form<List<String>> {
        @Override
        public List<String> parse(List<String> current, List<String> args) throws RefusedValueException {
            List<String> chosen = new ArrayList<>();
            for (String word : many(args)) {
                chosen.add(choiceOf(choices, word));
            }
            return List.copyOf(chosen);
        }

        @Override
        public String text(List<String> value) {
            return String.join(" ", value);
        }

        @Override
        public List<String> lines(List<String> value, List<String> defaultValue, boolean whole) {
            return List.of(value.isEmpty() ? "\"\"" : text(value));
        }

        @Override
        public String range() {
            return "any of " + String.join(", ", choices);
        }
    }

    static final Form<List<String>> BIND = new Form<>() {
        @Override
        public List<String> parse(List<String> current, List<String> args) throws RefusedValueException {
            List<String> addresses = many(args);
            if (addresses.size() > 16) {
                throw new RefusedValueException("Too many bind addresses specified.");
            }
            // A single empty address closes every TCP listener.
            return addresses.stream().allMatch(String::isEmpty) ? List.of() : List.copyOf(addresses);
        }

        @Override
        public String text(List<String> value) {
            return String.join(" ", value);
        }

        @Override
        public List<String> lines(List<String> value, List<String> defaultValue, boolean whole) {
            return List.of(
                    value.isEmpty() ? "\"\"" : value.stream().map(Forms::word).collect(Collectors.joining(" ")));
        }

        @Override
        public String range() {
            return "up to 16 addresses";
        }
    };

    static final Form<List<SavePoint>> SAVE = new Form<>() {
        @Override
        public List<SavePoint> parse(List<SavePoint> current, List<String> args) throws RefusedValueException {
            List<String> numbers = many(args);
            if (numbers.size() % 2 != 0) {
                throw new RefusedValueException("Invalid save parameters");
            }
            List<SavePoint> points = new ArrayList<>();
            for (int i = 0; i < numbers.size(); i += 2) {
                points.add(new SavePoint(number(numbers.get(i), 1), number(numbers.get(i + 1), 0)));
            }
            return List.copyOf(points);
        }

        /** The first line replaces the default, later ones add to it, an empty one starts anew. */
        @Override
        public List<SavePoint> load(List<SavePoint> current, List<String> args, boolean isFirst)
                throws RefusedValueException {
            List<SavePoint> points = parse(current, args);
            List<SavePoint> all = new ArrayList<>(isFirst || points.isEmpty() ? List.of() : current);
            all.addAll(points);
            return List.copyOf(all);
        }

        private static long number(String text, int min) throws RefusedValueException {
            try {
                int value = Integer.parseInt(text);
                if (value >= min) {
                    return value;
                }
            } catch (NumberFormatException notANumber) {
                throw new RefusedValueException("Invalid save parameters");
            }
            throw new RefusedValueException("Invalid save parameters");
        }

        @Override
        public String text(List<SavePoint> value) {
            return String.join(" ", words(value));
        }

        private static List<String> words(List<SavePoint> value) {
            return value.stream()
                    .map(point -> point.seconds() + " " + point.changes())
                    .toList();
        }

        @Override
        public List<String> lines(List<SavePoint> value, List<SavePoint> defaultValue, boolean whole) {
            return value.isEmpty() ? List.of("\"\"") : words(value);
        }

        @Override
        public String range() {
            return "pairs of seconds and changes, or \"\"";
        }
    };

    static final Form<OutputBufferLimits> OUTPUT_BUFFERS = new Form<>() {
        @Override
        public OutputBufferLimits parse(OutputBufferLimits current, List<String> args) throws RefusedValueException {
            List<String> words = many(args);
            if (words.size() % 4 != 0) {
                throw new RefusedValueException("Wrong number of arguments in buffer limit configuration.");
            }
            OutputBufferLimits limits = current;
            for (int i = 0; i < words.size(); i += 4) {
                String clientClass = words.get(i).toLowerCase(Locale.ROOT);
                limits = switch (clientClass) {
                    case "normal" -> new OutputBufferLimits(limit(words, i), limits.replica(), limits.pubsub());
                    case "slave", "replica" ->
                        new OutputBufferLimits(limits.normal(), limit(words, i), limits.pubsub());
                    case "pubsub" -> new OutputBufferLimits(limits.normal(), limits.replica(), limit(words, i));
                    default ->
                        throw new RefusedValueException(
                                "Invalid client class specified in buffer limit configuration.");
                };
            }
            return limits;
        }

        private static Limit limit(List<String> words, int at) throws RefusedValueException {
            try {
                BytesForm bytes = new BytesForm(0, Long.MAX_VALUE, false);
                long seconds = Long.parseLong(words.get(at + 3));
                if (seconds >= 0) {
                    return new Limit(
                            bytes.parse(0L, List.of(words.get(at + 1))),
                            bytes.parse(0L, List.of(words.get(at + 2))),
                            seconds);
                }
            } catch (NumberFormatException | RefusedValueException bad) {
                throw new RefusedValueException(
                        "Error in hard, soft or soft_seconds setting in buffer limit configuration.");
            }
            throw new RefusedValueException(
                    "Error in hard, soft or soft_seconds setting in buffer limit configuration.");
        }

        @Override
        public String text(OutputBufferLimits value) {
            return "normal " + numbers(value.normal()) + " slave " + numbers(value.replica()) + " pubsub "
                    + numbers(value.pubsub());
        }

        private static String numbers(Limit limit) {
            return limit.hardBytes() + " " + limit.softBytes() + " " + limit.softSeconds();
        }

        @Override
        public List<String> lines(OutputBufferLimits value, OutputBufferLimits defaults, boolean whole) {
            List<String> lines = new ArrayList<>();
            add(lines, "normal", value.normal(), defaults.normal(), whole);
            add(lines, "replica", value.replica(), defaults.replica(), whole);
            add(lines, "pubsub", value.pubsub(), defaults.pubsub(), whole);
            return lines;
        }

        private static void add(List<String> lines, String name, Limit limit, Limit defaultLimit, boolean whole) {
            if (whole || !limit.equals(defaultLimit)) {
                lines.add(name + " " + numbers(limit));
            }
        }

        @Override
        public String range() {
            return "class, hard bytes, soft bytes, soft seconds; classes normal, replica, pubsub";
        }
    };

    static final Form<String> EVENTS = new Form<>() {
        @Override
        public String parse(String current, List<String> args) throws RefusedValueException {
            String text = one(args);
            for (int i = 0; i < text.length(); i++) {
                if ((EVENT_CLASSES + "AKE").indexOf(text.charAt(i)) < 0) {
                    throw new RefusedValueException("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
                }
            }
            String wanted = text.indexOf('A') < 0 ? text : text + ALL_CLASSES;
            StringBuilder canonical = new StringBuilder();
            boolean hasAll = ALL_CLASSES.chars().allMatch(c -> wanted.indexOf(c) >= 0);
            if (hasAll) {
                canonical.append('A');
            } else {
                append(canonical, wanted, ALL_CLASSES);
            }
            append(canonical, wanted, "nKEm");
            return canonical.toString();
        }

        private static void append(StringBuilder out, String wanted, String classes) {
            classes.chars().filter(c -> wanted.indexOf(c) >= 0).forEach(c -> out.append((char) c));
        }

        @Override
        public String text(String value) {
            return value.startsWith("A") ? value.replace("n", "") : value; // Redis 7.0 forgets to print it then.
        }

        @Override
        public List<String> lines(String value, String defaultValue, boolean whole) {
            return List.of(ConfigLine.quote(value));
        }

        @Override
        public String range() {
            return "letters of " + EVENT_CLASSES + "AKE";
        }
    };

    static final Form<List<Integer>> OOM_SCORES = new Form<>() {
        @Override
        public List<Integer> parse(List<Integer> current, List<String> args) throws RefusedValueException {
            List<String> words = many(args);
            if (words.size() != 3) {
                throw new RefusedValueException("wrong number of arguments");
            }
            List<Integer> scores = new ArrayList<>();
            for (String word : words) {
                String refusal = "Invalid oom-score-adj-values, elements must be between -2000 and 2000.";
                long score = canonicalLong(word, refusal);
                if (score < -2000 || score > 2000) {
                    throw new RefusedValueException(refusal);
                }
                scores.add((int) score);
            }
            return List.copyOf(scores);
        }

        @Override
        public String text(List<Integer> value) {
            return value.stream().map(String::valueOf).collect(Collectors.joining(" "));
        }

        @Override
        public String range() {
            return "three numbers, -2000 to 2000";
        }
    };

    static final Form<MasterAddress> MASTER = new Form<>() {
        @Override
        public MasterAddress parse(MasterAddress current, List<String> args) throws RefusedValueException {
            List<String> words = many(args);
            if (words.size() != 2) {
                throw new RefusedValueException("wrong number of arguments");
            }
            if (words.get(0).equalsIgnoreCase("no") && words.get(1).equalsIgnoreCase("one")) {
                return MasterAddress.NONE;
            }
            int port;
            try {
                port = Integer.parseInt(words.get(1));
            } catch (NumberFormatException notANumber) {
                port = -1;
            }
            if (port < 0 || port > 65535) {
                throw new RefusedValueException("Invalid master port");
            }
            return new MasterAddress(words.get(0), port);
        }

        @Override
        public String text(MasterAddress value) {
            return value.isPresent() ? value.host() + " " + value.port() : "";
        }

        @Override
        public List<String> lines(MasterAddress value, MasterAddress defaultValue, boolean whole) {
            return value.isPresent() ? List.of(word(value.host()) + " " + value.port()) : List.of();
        }

        @Override
        public String range() {
            return "host port, or no one";
        }
    };

    static final Form<List<Double>> PERCENTILES = new Form<>() {
        @Override
        public List<Double> parse(List<Double> current, List<String> args) throws RefusedValueException {
            List<Double> percentiles = new ArrayList<>();
            for (String word : many(args)) {
                double value;
                try {
                    value = word.isBlank() || !word.equals(word.strip()) ? Double.NaN : Double.parseDouble(word);
                } catch (NumberFormatException notANumber) {
                    value = Double.NaN;
                }
                if (Double.isNaN(value)) {
                    throw new RefusedValueException("Invalid latency-tracking-info-percentiles parameters");
                }
                if (value < 0 || value > 100) {
                    throw new RefusedValueException(
                            "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
                }
                percentiles.add(value);
            }
            return List.copyOf(percentiles);
        }

        @Override
        public String text(List<Double> value) {
            return value.stream()
                    .map(number -> number == Math.rint(number) ? Long.toString(number.longValue()) : number.toString())
                    .collect(Collectors.joining(" "));
        }

        @Override
        public List<String> lines(List<Double> value, List<Double> defaultValue, boolean whole) {
            return List.of(value.isEmpty() ? "\"\"" : text(value));
        }

        @Override
        public String range() {
            return "numbers from 0 to 100, or \"\"";
        }
    };

    /** A folder that exists; a relative one starts at the folder before. The process never changes its own. */
    static final Form<String> FOLDER = new Form<>() {
        @Override
        public String parse(String current, List<String> args) throws RefusedValueException {
            Path folder;
            try {
                folder = Path.of(current).resolve(one(args)).normalize();
            } catch (InvalidPathException bad) {
                throw new RefusedValueException("No such file or directory");
            }
            if (!Files.exists(folder)) {
                throw new RefusedValueException("No such file or directory");
            }
            if (!Files.isDirectory(folder)) {
                throw new RefusedValueException("Not a directory");
            }
            return folder.toString();
        }

        @Override
        public String text(String value) {
            return value;
        }

        @Override
        public List<String> lines(String value, String defaultValue, boolean whole) {
            return List.of(quoteUtf8(value));
        }

        @Override
        public String range() {
            return "a folder that exists";
        }
    };
}
