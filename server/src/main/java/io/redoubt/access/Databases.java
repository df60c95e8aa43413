package io.redoubt.access;

import java.util.Arrays;
import java.util.TreeSet;

/**
 * The databases that a selector may act in: all, none, or some; and whether a rule said so. Immutable.
 *
 * @param numbers ascending; meaningless with {@code isAll}
 * @param isExplicit false for a selector in which no rule names databases
 */
record Databases(boolean isAll, int[] numbers, boolean isExplicit) {
    private static final int DIGITS_MAX = 9;

    /** No rule says anything. */
    static final Databases UNSAID = new Databases(true, new int[0], false);

    static final Databases ALL = new Databases(true, new int[0], true);
    static final Databases NONE = new Databases(false, new int[0], true);

    /** Reads the list behind {@code db=}. */
    static Databases parse(String list) throws RuleException {
        var found = new TreeSet<Integer>();
        for (var part : list.split(",", -1)) {
            boolean isNumber = !part.isEmpty()
                    && part.length() <= DIGITS_MAX
                    && part.chars().allMatch(c -> c >= '0' && c <= '9');
            if (!isNumber) {
                throw new RuleException(RuleException.SYNTAX);
            }
            found.add(Integer.parseInt(part));
        }
        return some(found, true);
    }

    static Databases some(TreeSet<Integer> numbers, boolean isExplicit) {
        return new Databases(
                false, numbers.stream().mapToInt(Integer::intValue).toArray(), isExplicit);
    }

    boolean contains(int database) {
        return isAll || Arrays.binarySearch(numbers, database) >= 0;
    }

    /** Returns the rule that makes it, with a space after it; empty when nothing need be said. */
    String rule(boolean showsAll) {
        if (!isExplicit) {
            return "";
        }
        if (isAll) {
            return showsAll ? "alldbs " : "";
        }
        return shown() + " ";
    }

    /** Returns what GETUSER shows. */
    String shown() {
        if (isAll) {
            return "alldbs";
        }
        if (numbers.length == 0) {
            return "resetdbs";
        }
        var text = new StringBuilder("db=");
        for (int i = 0; i < numbers.length; i++) {
            text.append(i == 0 ? "" : ",").append(numbers[i]);
        }
        return text.toString();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Databases that
                && isAll == that.isAll
                && isExplicit == that.isExplicit
                && Arrays.equals(numbers, that.numbers);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(numbers);
    }
}
