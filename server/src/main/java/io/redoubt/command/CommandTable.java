package io.redoubt.command;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** All commands by name. A look-up folds case and hashes the name's bytes without making a string of them. */
public final class CommandTable {
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long LOWER = 0x2020202020202020L;

    private final List<CommandSpec> all = new ArrayList<>();
    private final Map<String, CommandSpec> byName = new LinkedHashMap<>();
    private final Map<String, CommandSpec> known;
    private final int declaredCount;
    private final @Nullable CommandSpec[] slots = new CommandSpec[1024];
    private final byte[][] slotNames = new byte[1024][];

    /** @param renames original lower-case name to the new name; an empty new name removes the command
     * @param loops how many loops will count calls */
    public CommandTable(Collection<? extends CommandFamily> families, Map<String, String> renames, int loops) {
        for (var family : families) {
            for (var spec : family.specs()) {
                add(spec, renames, loops);
            }
        }
        declaredCount = all.size();
        known = new LinkedHashMap<>(byName);
        new PlannedCommands().addMissing(known);
        for (var spec : known.values()) {
            if (spec.isPlanned()) {
                addPlanned(spec);
            }
            spec.plannedSubcommands().forEach(this::addPlanned);
        }
    }

    private void addPlanned(CommandSpec spec) {
        spec.freeze(all.size(), 0);
        all.add(spec);
    }

    private void add(CommandSpec spec, Map<String, String> renames, int loops) {
        spec.freeze(all.size(), loops);
        all.add(spec);
        for (var subcommand : spec.subcommands()) {
            subcommand.freeze(all.size(), loops);
            all.add(subcommand);
        }
        if (byName.put(spec.name(), spec) != null) {
            throw new IllegalStateException("declared twice: " + spec.name());
        }
        String shown = renames.getOrDefault(spec.name(), spec.name()).toLowerCase(Locale.ROOT);
        if (shown.isEmpty()) {
            return;
        }
        byte[] bytes = shown.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
        int slot = slotOf(bytes, 0, bytes.length);
        while (slots[slot] != null) {
            slot = slot + 1 & slots.length - 1;
        }
        slots[slot] = spec;
        slotNames[slot] = bytes;
    }

    /** Returns the command whose name is in the bytes, in any case, or null. */
    public @Nullable CommandSpec find(byte[] buffer, int offset, int length) {
        int slot = slotOf(buffer, offset, length);
        while (slots[slot] != null) {
            if (Args.equalsIgnoringCase(slotNames[slot], buffer, offset, length)) {
                return slots[slot];
            }
            slot = slot + 1 & slots.length - 1;
        }
        return null;
    }

    private static int slotOf(byte[] buffer, int offset, int length) {
        long hash = length;
        int i = 0;
        for (; i + 8 <= length && i < 32; i += 8) {
            hash = (hash ^ (long) LONGS.get(buffer, offset + i) | LOWER) * 0x9E3779B97F4A7C15L;
            hash ^= hash >>> 29;
        }
        for (; i < length && i < 32; i++) {
            hash = (hash ^ buffer[offset + i] | 0x20) * 0x9E3779B97F4A7C15L;
        }
        return (int) (hash >>> 40) & 1023;
    }

    /**
     * Returns a command by its original name, {@code config|set} for a subcommand; planned ones included; null if there
     * is none.
     */
    public @Nullable CommandSpec byFullName(String fullName) {
        int bar = fullName.indexOf('|');
        var spec = known.get((bar < 0 ? fullName : fullName.substring(0, bar)).toLowerCase(Locale.ROOT));
        return bar < 0 || spec == null ? spec : spec.knownSubcommand(fullName.substring(bar + 1));
    }

    /** Returns the command or subcommand that a request names, planned ones included; null if there is none. */
    public @Nullable CommandSpec known(Args request) {
        var spec = find(request.buffer(), request.start(0), request.length(0));
        if (spec == null) {
            // A command that runs may be hidden by another name; one that is planned has only its own.
            spec = known.get(request.text(0).toLowerCase(Locale.ROOT));
            if (spec == null || !spec.isPlanned()) {
                return null;
            }
        }
        return spec.isContainer() && request.count() > 1 ? spec.knownSubcommand(request.text(1)) : spec;
    }

    /** Returns the commands that run, without subcommands, in the order of declaration. */
    public Collection<CommandSpec> commands() {
        return byName.values();
    }

    /** Returns the commands and subcommands that run. */
    public List<CommandSpec> declared() {
        return all.subList(0, declaredCount);
    }

    /** Returns commands and subcommands, those that are planned last; the index is the {@link CommandSpec#id()}. */
    public List<CommandSpec> all() {
        return all;
    }
}
