package io.redoubt.config;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A setting of the server. Declared as a field of a {@link DirectiveGroup}. Reading is possible from any thread;
 * changes come from one thread at a time (start, or CONFIG SET in exclusive mode).
 */
public final class Directive<T> {
    /** Puts a new value into effect, or refuses. */
    @FunctionalInterface
    public interface Applier<T> {
        /**
         * Applies {@code value}. Called with the former value to take a change back.
         * @return null when done, else the reason in words for the client
         */
        @Nullable
        String apply(T value);
    }

    private final String name;
    private final T defaultValue;
    private final Form<T> form;
    private final List<Applier<T>> checks = new CopyOnWriteArrayList<>();
    private final List<Applier<T>> appliers = new CopyOnWriteArrayList<>();
    private final List<Consumer<T>> listeners = new CopyOnWriteArrayList<>();
    private List<String> aliases = List.of();
    private Mutability mutability = Mutability.AT_RUNTIME;
    private String meaning = "";
    private @Nullable String reasonWithoutEffect;
    private boolean isHidden;
    private boolean isSecret;
    private boolean isFixedWhileLoading;
    private boolean isUnknownToRedis;
    private boolean isLoaded;
    private volatile T value;

    Directive(String name, T defaultValue, Form<T> form) {
        this.name = name;
        this.defaultValue = defaultValue;
        this.form = form;
        this.value = defaultValue;
    }

    Directive<T> alias(String alias) {
        this.aliases = List.of(alias);
        return this;
    }

    Directive<T> changes(Mutability when) {
        this.mutability = when;
        return this;
    }

    /** Refuses changes while the data set is loaded. */
    Directive<T> fixedWhileLoading() {
        this.isFixedWhileLoading = true;
        return this;
    }

    boolean isFixedWhileLoading() {
        return isFixedWhileLoading;
    }

    /** Says that Redis has no such directive. */
    Directive<T> unknownToRedis() {
        this.isUnknownToRedis = true;
        return this;
    }

    boolean isUnknownToRedis() {
        return isUnknownToRedis;
    }

    Directive<T> hidden() {
        this.isHidden = true;
        return this;
    }

    Directive<T> secret() {
        this.isSecret = true;
        return this;
    }

    Directive<T> meaning(String sentence) {
        this.meaning = sentence;
        return this;
    }

    Directive<T> withoutEffect(String why) {
        this.reasonWithoutEffect = why;
        return this;
    }

    /** Refuses values for which {@code check} returns a reason. */
    Directive<T> check(Applier<T> check) {
        checks.add(check);
        return this;
    }

    public String name() {
        return name;
    }

    /** Older names of the same setting. */
    public List<String> aliases() {
        return aliases;
    }

    public T defaultValue() {
        return defaultValue;
    }

    public Mutability mutability() {
        return mutability;
    }

    /** True when CONFIG GET shows it only under its exact name. */
    public boolean isHidden() {
        return isHidden;
    }

    public boolean isSecret() {
        return isSecret;
    }

    /** One sentence for the reference page. */
    public String meaning() {
        return meaning;
    }

    /** Why the directive is accepted but changes nothing; null when it has an effect. */
    public @Nullable String reasonWithoutEffect() {
        return reasonWithoutEffect;
    }

    /** The allowed values, for people. */
    public String range() {
        return form.range();
    }

    public T value() {
        return value;
    }

    /** The value as CONFIG GET prints it, a secret in clear. */
    public String asText() {
        return form.text(value);
    }

    String defaultText() {
        return form.text(defaultValue);
    }

    public boolean isDefault() {
        return asText().equals(form.text(defaultValue));
    }

    /** Reads arguments without changing anything. */
    public T parse(List<String> args) throws RefusedValueException {
        return checked(form.parse(value, args));
    }

    private T checked(T parsed) throws RefusedValueException {
        for (Applier<T> check : checks) {
            String reason = check.apply(parsed);
            if (reason != null) {
                throw new RefusedValueException(reason);
            }
        }
        return parsed;
    }

    /** Takes the value that a configuration file gives, before anybody subscribed. */
    public void load(List<String> args) throws RefusedValueException {
        value = checked(form.load(value, args, !isLoaded));
        isLoaded = true;
    }

    /**
     * Changes the value: appliers first, then the value, then listeners. When an applier refuses, those before it are
     * called again with the former value and nothing has changed.
     */
    public void change(T changed) throws RefusedValueException {
        T former = value;
        for (int i = 0; i < appliers.size(); i++) {
            String reason = appliers.get(i).apply(changed);
            if (reason != null) {
                for (int done = i - 1; done >= 0; done--) {
                    appliers.get(done).apply(former);
                }
                throw new RefusedValueException(reason);
            }
        }
        value = changed;
        for (Consumer<T> listener : listeners) {
            listener.accept(changed);
        }
    }

    /** Calls {@code listener} after each change. */
    public void onChange(Consumer<T> listener) {
        listeners.add(listener);
    }

    /** Asks {@code applier} to put each change into effect; it may refuse. */
    public void appliedBy(Applier<T> applier) {
        appliers.add(applier);
    }

    List<String> lines(boolean whole) {
        return form.lines(value, defaultValue, whole);
    }
}
