package io.redoubt.observe;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** A section of INFO. Each field is declared once, with its name, its meaning and where its value comes from. */
public abstract class InfoSection {
    /** Takes the fields of a section as they are printed. */
    public interface FieldSink {
        void field(String name, String value);
    }

    private interface Line {
        void print(FieldSink sink);
    }

    private final String title;
    private final List<Line> lines = new ArrayList<>();

    protected InfoSection(String title) {
        this.title = title;
    }

    /** The title behind {@code #}; the section's name is the same in lower case. */
    public final String title() {
        return title;
    }

    public final String name() {
        return title.toLowerCase(Locale.ROOT);
    }

    /** Whether INFO without arguments shows it. */
    public boolean isDefault() {
        return true;
    }

    protected final void number(String field, String meaning, LongSupplier value) {
        requireMeaning(field, meaning);
        lines.add(sink -> sink.field(field, Long.toString(value.getAsLong())));
    }

    /** A number that is always the same here, because {@code why}. */
    protected final void fixed(String field, long value, String why) {
        requireMeaning(field, why);
        lines.add(sink -> sink.field(field, Long.toString(value)));
    }

    protected final void text(String field, String meaning, Supplier<String> value) {
        requireMeaning(field, meaning);
        lines.add(sink -> sink.field(field, value.get()));
    }

    /** A ratio with two decimals. */
    protected final void ratio(String field, String meaning, DoubleSupplier value) {
        requireMeaning(field, meaning);
        lines.add(sink -> sink.field(field, decimals(value.getAsDouble(), 2)));
    }

    /** Bytes, and behind them the same for people. */
    protected final void bytesAndHuman(String field, String meaning, LongSupplier value) {
        number(field, meaning, value);
        text(field + "_human", meaning, () -> human(value.getAsLong()));
    }

    /** Fields whose names are not known before, such as one line for each command. */
    protected final void many(Consumer<FieldSink> printer) {
        lines.add(printer::accept);
    }

    private static void requireMeaning(String field, String meaning) {
        if (meaning.isEmpty()) {
            throw new IllegalArgumentException("a field without meaning: " + field);
        }
    }

    /** Prints the fields in the order of their declaration. */
    public final void print(FieldSink sink) {
        for (var line : lines) {
            line.print(sink);
        }
    }

    /** Prints bytes as Redis does for people: 1.50K, 23.54G. */
    static String human(long bytes) {
        String units = "KMGTP";
        if (bytes < 1024) {
            return bytes + "B";
        }
        double value = bytes;
        int unit = -1;
        while (value >= 1024 && unit < units.length() - 1) {
            value /= 1024;
            unit++;
        }
        return decimals(value, 2) + units.charAt(unit);
    }

    static String decimals(double value, int count) {
        return String.format(Locale.ROOT, "%." + count + "f", value);
    }
}
