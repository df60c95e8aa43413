package io.redoubt.command;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One argument as COMMAND DOCS describes it.
 *
 * @param type string, integer, double, key, pattern, unix-time, pure-token, oneof or block
 * @param keySpecIndex index of the key specification of a key, else -1
 */
public record ArgSpec(
        String name,
        String type,
        int keySpecIndex,
        @Nullable String token,
        @Nullable String since,
        boolean isOptional,
        boolean isMultiple,
        boolean repeatsToken,
        List<ArgSpec> parts) {

    private static ArgSpec of(String name, String type) {
        return new ArgSpec(name, type, -1, null, null, false, false, false, List.of());
    }

    public static ArgSpec key(String name) {
        return key(name, 0);
    }

    public static ArgSpec key(String name, int keySpecIndex) {
        return new ArgSpec(name, "key", keySpecIndex, null, null, false, false, false, List.of());
    }

    public static ArgSpec string(String name) {
        return of(name, "string");
    }

    public static ArgSpec integer(String name) {
        return of(name, "integer");
    }

    public static ArgSpec real(String name) {
        return of(name, "double");
    }

    public static ArgSpec pattern(String name) {
        return of(name, "pattern");
    }

    public static ArgSpec unixTime(String name) {
        return of(name, "unix-time");
    }

    /** A bare word, such as NX. */
    public static ArgSpec word(String name, String token) {
        return of(name, "pure-token").token(token);
    }

    public static ArgSpec oneOf(String name, ArgSpec... parts) {
        return new ArgSpec(name, "oneof", -1, null, null, false, false, false, List.of(parts));
    }

    public static ArgSpec block(String name, ArgSpec... parts) {
        return new ArgSpec(name, "block", -1, null, null, false, false, false, List.of(parts));
    }

    public ArgSpec token(String token) {
        return new ArgSpec(name, type, keySpecIndex, token, since, isOptional, isMultiple, repeatsToken, parts);
    }

    public ArgSpec since(String version) {
        return new ArgSpec(name, type, keySpecIndex, token, version, isOptional, isMultiple, repeatsToken, parts);
    }

    public ArgSpec optional() {
        return new ArgSpec(name, type, keySpecIndex, token, since, true, isMultiple, repeatsToken, parts);
    }

    public ArgSpec multiple() {
        return new ArgSpec(name, type, keySpecIndex, token, since, isOptional, true, repeatsToken, parts);
    }

    public ArgSpec multipleWithToken() {
        return new ArgSpec(name, type, keySpecIndex, token, since, isOptional, true, true, parts);
    }

    /** Says that an argument which is no key itself, such as a pattern, stands for keys of a specification. */
    public ArgSpec ofKeySpec(int index) {
        return new ArgSpec(name, type, index, token, since, isOptional, isMultiple, repeatsToken, parts);
    }
}
