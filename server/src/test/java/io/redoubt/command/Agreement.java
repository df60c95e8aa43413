package io.redoubt.command;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/** Compares what families declare with the lines about the same commands in the file of planned ones. */
public final class Agreement {
    private Agreement() {}

    /** All commands of the file, as if nothing were built yet. */
    static List<CommandSpec> everyLine() {
        return new CommandTable(List.of(), java.util.Map.of(), 1).all();
    }

    /** Returns a sentence for each field that differs. */
    public static List<String> differences(CommandTable table) {
        var planned = new LinkedHashMap<String, CommandSpec>();
        everyLine().forEach(spec -> planned.put(spec.fullName(), spec));
        var differences = new ArrayList<String>();
        for (var spec : table.declared()) {
            var line = planned.get(spec.fullName());
            if (line == null) {
                continue; // Newer than Redis 7.0.
            }
            compare(spec, "arity", spec.arity(), line.arity(), differences);
            compare(
                    spec,
                    "flags",
                    CommandDescription.shownFlags(spec),
                    CommandDescription.shownFlags(line),
                    differences);
            compare(spec, "categories", spec.categories(), line.categories(), differences);
            compare(spec, "keys", keys(spec), keys(line), differences);
            compare(spec, "reads too", spec.alwaysReadsToo(), line.alwaysReadsToo(), differences);
            compare(spec, "may read too", spec.sometimesReadsToo(), line.sometimesReadsToo(), differences);
            boolean granted = spec.isGrantedByWriteCategory();
            compare(spec, "granted by @write", granted, line.isGrantedByWriteCategory(), differences);
        }
        return differences;
    }

    private static List<KeySpec> keys(CommandSpec spec) {
        return spec.keySpecs().stream()
                .map(key -> new KeySpec(
                        key.beginKeyword(),
                        key.beginIndex(),
                        key.byKeyCount(),
                        key.last(),
                        key.step(),
                        key.limit(),
                        key.flags(),
                        null))
                .toList();
    }

    private static void compare(CommandSpec spec, String field, Object declared, Object planned, List<String> into) {
        if (!declared.equals(planned)) {
            into.add(spec + " " + field + ": declared " + declared + ", planned " + planned);
        }
    }
}
