package io.redoubt.access;

import io.redoubt.command.Category;
import io.redoubt.command.CommandSpec;
import io.redoubt.command.CommandTable;
import io.redoubt.command.Form;
import io.redoubt.command.Reveals;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Sets of commands as bits over {@link CommandSpec#id()}: what rules add and remove. The plain half of a command that
 * reads what it changes is its right to write, the read half its right to read; others have the plain half only.
 */
final class CommandSets {
    private final CommandTable table;
    private final int words;
    private final boolean hasHalves;
    private final long[][] members; // By the category's ordinal.
    private final long[] everything;
    private final long[] readsToo;
    private final long[] mayReadToo;
    private final long[] notByWrite;
    private final long[] readingAlone;
    private final long[] ofRedis7;
    private final List<CommandSpec> byName;

    CommandSets(CommandTable table, AccessSettings settings) {
        this.table = table;
        words = (table.all().size() + 63) / 64;
        hasHalves = settings.has(StrictRule.WRITE_IS_NOT_READ);
        everything = new long[words];
        readsToo = new long[words];
        mayReadToo = new long[words];
        notByWrite = new long[words];
        readingAlone = new long[words];
        ofRedis7 = new long[words];
        members = new long[Category.values().length][words];
        for (var spec : table.all()) {
            int id = spec.id();
            set(everything, id, true);
            for (var category : spec.categories()) {
                set(members[category.ordinal()], id, true);
            }
            if (hasHalves) {
                set(readsToo, id, spec.alwaysReadsToo());
                set(mayReadToo, id, spec.sometimesReadsToo());
                set(notByWrite, id, !spec.isGrantedByWriteCategory());
            }
            set(readingAlone, id, readsContents(spec));
            set(ofRedis7, id, spec.isOfRedis7());
        }
        byName = new ArrayList<>();
        for (var spec : table.all()) {
            if (spec.container() == null) {
                byName.add(spec);
            }
        }
        byName.sort((one, other) -> one.name().compareTo(other.name()));
    }

    private static boolean readsContents(CommandSpec spec) {
        if (!spec.categories().contains(Category.READ)) {
            return false;
        }
        for (var key : spec.keySpecs()) {
            if ((key.access() & Form.READ) != 0) {
                return true;
            }
        }
        return false;
    }

    /** Whether forms that read too have a half of their own for that. */
    boolean hasHalves() {
        return hasHalves;
    }

    int words() {
        return words;
    }

    long[] everything() {
        return everything;
    }

    long[] members(Category category) {
        return members[category.ordinal()];
    }

    /** Commands of which every form reads what it changes. */
    long[] readsToo() {
        return readsToo;
    }

    /** Commands of which some forms read what they change. */
    long[] mayReadToo() {
        return mayReadToo;
    }

    /** Commands that {@code +@write} does not grant. */
    long[] notByWrite() {
        return notByWrite;
    }

    /** Commands filed under {@code @read} that tell what is in a key. */
    long[] readingAlone() {
        return readingAlone;
    }

    /** The strongest thing that a command's reply can tell. */
    Reveals reveals(int id) {
        return table.all().get(id).reveals();
    }

    /** Commands that Redis 7.0 has. */
    long[] ofRedis7() {
        return ofRedis7;
    }

    int size() {
        return table.all().size();
    }

    /** Returns a command by its full name, in any case, or null. */
    @Nullable
    CommandSpec find(String fullName) {
        return table.byFullName(fullName);
    }

    /** Returns the top-level commands in alphabetical order. */
    List<CommandSpec> byName() {
        return byName;
    }

    CommandTable table() {
        return table;
    }

    static boolean has(long[] bits, int id) {
        return (bits[id >> 6] & 1L << id) != 0;
    }

    static void set(long[] bits, int id, boolean on) {
        if (on) {
            bits[id >> 6] |= 1L << id;
        } else {
            bits[id >> 6] &= ~(1L << id);
        }
    }

    static void setAll(long[] bits, long[] which, boolean on) {
        for (int i = 0; i < bits.length; i++) {
            bits[i] = on ? bits[i] | which[i] : bits[i] & ~which[i];
        }
    }

    static boolean intersects(long[] a, long[] b) {
        for (int i = 0; i < a.length; i++) {
            if ((a[i] & b[i]) != 0) {
                return true;
            }
        }
        return false;
    }

    static boolean containsAll(long[] bits, long[] which) {
        for (int i = 0; i < bits.length; i++) {
            if ((which[i] & ~bits[i]) != 0) {
                return false;
            }
        }
        return true;
    }
}
