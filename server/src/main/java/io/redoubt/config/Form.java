package io.redoubt.config;

import java.util.List;

/** How the values of a directive are written: text to value and back. */
interface Form<T> {
    /** Reads the arguments; {@code current} is the value so far, for forms that change a part of it. */
    T parse(T current, List<String> args) throws RefusedValueException;

    /** As {@link #parse}, for a line of a file; {@code isFirst} until the directive was met once. */
    default T load(T current, List<String> args, boolean isFirst) throws RefusedValueException {
        return parse(current, args);
    }

    /** The text that CONFIG GET shows. */
    String text(T value);

    /** The arguments of each line that CONFIG REWRITE writes; with {@code whole}, parts at their default too. */
    default List<String> lines(T value, T defaultValue, boolean whole) {
        return List.of(text(value));
    }

    /** The allowed values, for people. */
    String range();
}
