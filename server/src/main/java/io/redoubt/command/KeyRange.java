package io.redoubt.command;

/**
 * First key, last key and step of COMMAND, which are older than key specifications and follow from them: only keys at
 * fixed positions show.
 *
 * @param first 0 when no key stands at a fixed position
 * @param last negative: from the end
 */
record KeyRange(int first, int last, int step) {
    private static final KeyRange NONE = new KeyRange(0, 0, 0);

    static KeyRange of(CommandSpec spec) {
        var keySpecs = spec.keySpecs();
        if (keySpecs.size() == 1) {
            var only = keySpecs.getFirst();
            return isFixed(only) ? new KeyRange(only.beginIndex(), last(only), only.step()) : NONE;
        }
        int first = 0;
        int last = 0;
        for (var keySpec : keySpecs) {
            // Of several, those count that stand side by side.
            if (!isFixed(keySpec) || keySpec.step() != 1 || first != 0 && last != keySpec.beginIndex() - 1) {
                continue;
            }
            first = first == 0 ? keySpec.beginIndex() : first;
            last = last(keySpec);
        }
        return first == 0 ? NONE : new KeyRange(first, last, 1);
    }

    private static boolean isFixed(KeySpec spec) {
        return spec.beginKeyword() == null && spec.beginIndex() > 0 && !spec.byKeyCount();
    }

    private static int last(KeySpec spec) {
        return spec.last() < 0 ? spec.last() : spec.beginIndex() + spec.last();
    }
}
