package io.redoubt.config;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Directives that belong together; a field of a subclass declares one. */
public abstract class DirectiveGroup {
    private final String title;
    private final List<Directive<?>> directives = new ArrayList<>();

    DirectiveGroup(String title) {
        this.title = title;
    }

    public final String title() {
        return title;
    }

    /** The directives in the order of their declaration. */
    public final List<Directive<?>> directives() {
        return Collections.unmodifiableList(directives);
    }

    final <T> Directive<T> special(String name, T defaultValue, Form<T> form) {
        Directive<T> directive = new Directive<>(name, defaultValue, form);
        directives.add(directive);
        return directive;
    }

    final Directive<Boolean> bool(String name, boolean defaultValue) {
        return special(name, defaultValue, Forms.BOOL);
    }

    final Directive<Long> integer(String name, long defaultValue, long min, long max) {
        return special(name, defaultValue, new Forms.IntegerForm(min, max));
    }

    final Directive<Long> bytes(String name, long defaultValue, long min, long max) {
        return special(name, defaultValue, new Forms.BytesForm(min, max, false));
    }

    final Directive<Long> bytesOrPercent(String name, long defaultValue) {
        return special(name, defaultValue, new Forms.BytesForm(0, Long.MAX_VALUE, true));
    }

    final Directive<Long> octal(String name, long defaultValue, long max) {
        return special(name, defaultValue, new Forms.OctalForm(max));
    }

    final Directive<String> text(String name, String defaultValue) {
        return special(name, defaultValue, Forms.TEXT);
    }

    final Directive<String> choice(String name, String defaultValue, String... values) {
        return special(name, defaultValue, new Forms.ChoiceForm(List.of(values)));
    }

    final Directive<List<String>> choices(String name, String defaultValue, String... values) {
        return special(name, List.of(defaultValue), new Forms.ChoicesForm(List.of(values)));
    }
}
