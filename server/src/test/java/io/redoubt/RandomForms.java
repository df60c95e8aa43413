package io.redoubt;

import io.redoubt.command.ArgSpec;
import io.redoubt.command.CommandSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/** Random requests that are well formed: made from what the command table says about arguments. */
final class RandomForms {
    /** What stands for each type of argument. */
    record Words(List<String> keys, List<String> strings, List<String> integers, List<String> reals) {}

    private static final String FAR_FUTURE = "9999999999999";
    /** What BITOP knows; its declaration calls it a string, as Redis does. */
    private static final List<String> OPERATIONS = List.of("AND", "OR", "XOR", "NOT");

    private final SplittableRandom random;
    private final Words words;
    private final List<String> request = new ArrayList<>();
    private int keyCount;

    RandomForms(SplittableRandom random, Words words) {
        this.random = random;
        this.words = words;
    }

    String[] next(CommandSpec spec) {
        request.clear();
        keyCount = 0;
        request.addAll(List.of(spec.fullName().toUpperCase(Locale.ROOT).split("\\|")));
        spec.args().forEach(this::add);
        while (!spec.accepts(request.size()) && spec.accepts(request.size() + 1)) {
            request.add(any(words.strings));
        }
        return request.toArray(String[]::new);
    }

    <T> T any(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    private void add(ArgSpec arg) {
        if (arg.isOptional() && random.nextInt(3) > 0) {
            return;
        }
        int times = 1;
        if (arg.isMultiple()) {
            times = keyCount > 0 ? keyCount : 1 + random.nextInt(2);
            keyCount = 0;
        }
        for (int i = 0; i < times; i++) {
            String token = arg.token();
            if (token != null && (i == 0 || arg.repeatsToken())) {
                request.add(token);
            }
            addValue(arg);
        }
    }

    private void addValue(ArgSpec arg) {
        switch (arg.type()) {
            case "pure-token" -> {}
            case "block" -> arg.parts().forEach(this::add);
            case "oneof" -> add(any(arg.parts()));
            case "key" -> request.add(any(words.keys));
            case "double" -> request.add(any(words.reals));
            case "unix-time" -> request.add(random.nextInt(3) == 0 ? "1" : FAR_FUTURE);
            case "integer" -> addInteger(arg.name());
            default -> request.add(arg.name().equals("operation") ? any(OPERATIONS) : any(words.strings));
        }
    }

    private void addInteger(String name) {
        if (name.equals("numkeys")) {
            keyCount = 1 + random.nextInt(2);
            request.add(Integer.toString(keyCount));
        } else if (name.contains("seconds")) {
            // Never the same twice: two spans of time that begin at different moments are not to be compared.
            request.add(random.nextInt(3) == 0 ? "0" : Integer.toString(random.nextInt(1_000_000, 1_000_000_000)));
        } else {
            request.add(any(words.integers));
        }
    }
}
