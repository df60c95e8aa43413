package io.redoubt.command;

import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where a command's keys stand and what happens to them, as COMMAND INFO shows it.
 *
 * @param beginKeyword null where keys begin at {@code beginIndex}, else the token that they follow
 * @param beginIndex index of the first key, or from where the token is sought
 * @param byKeyCount whether a count in the arguments says how many keys follow
 * @param last range: last key relative to the first (-1: to the end, -2: all but one …); key count: its index
 * @param step distance from key to key
 * @param limit range: 0 or 1 none, 2 half of the rest …; key count: index of the first key relative to the begin
 * @param notes a remark, or null
 */
public record KeySpec(
        @Nullable String beginKeyword,
        int beginIndex,
        boolean byKeyCount,
        int last,
        int step,
        int limit,
        Set<Flag> flags,
        @Nullable String notes) {

    /** What happens to the keys; the word is the one that COMMAND INFO shows. */
    public enum Flag {
        RO,
        RW,
        OW,
        RM,
        ACCESS,
        UPDATE,
        INSERT,
        DELETE,
        NOT_KEY,
        INCOMPLETE,
        VARIABLE_FLAGS;

        /** Returns the word that COMMAND INFO shows. */
        public String word() {
            return ordinal() <= RM.ordinal() ? name() : name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    public KeySpec {
        flags = flags.isEmpty() ? Set.of() : java.util.Collections.unmodifiableSet(EnumSet.copyOf(flags));
    }

    /** Keys that only a parser of the command's own finds. */
    public static KeySpec unknown(String notes, Flag... flags) {
        return new KeySpec(null, 0, false, 0, 0, 0, Set.of(flags), notes);
    }

    /** Returns what the gate asks for: {@link Form#READ}, {@link Form#WRITE}, both, or 0 for any of them. */
    public int access() {
        int access = flags.contains(Flag.ACCESS) ? Form.READ : 0;
        if (flags.contains(Flag.INSERT) || flags.contains(Flag.UPDATE) || flags.contains(Flag.DELETE)) {
            access |= Form.WRITE;
        }
        return access;
    }
}
