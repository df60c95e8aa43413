package io.redoubt.command;

import org.jspecify.annotations.Nullable;

/**
 * What LMPOP, ZMPOP and their blocking forms say behind the number of keys: the keys, at which end to pop, how many.
 *
 * @param firstKey the argument of the first key
 * @param whereArg the argument behind the last key
 * @param isFirstWord whether that is the first of the two words for an end
 * @param count how many elements at most
 */
record PopOfMany(int firstKey, int whereArg, boolean isFirstWord, long count) {
    /** Reads the arguments from the number of keys on; null if they are wrong, and the error is written. */
    static @Nullable PopOfMany parse(Call call, int countArg, String firstWord, String secondWord) {
        if (!call.parseAtLeast(countArg, 1, Errors.KEY_COUNT)) {
            return null;
        }
        long keyCount = call.parsed();
        if (keyCount >= call.argCount() - countArg - 1) {
            call.reply().error(Errors.SYNTAX);
            return null;
        }
        int firstKey = countArg + 1;
        int whereArg = firstKey + (int) keyCount;
        boolean isFirstWord = call.argIs(whereArg, firstWord);
        boolean hasCount = call.argCount() > whereArg + 1;
        if (!isFirstWord && !call.argIs(whereArg, secondWord)
                || hasCount && (call.argCount() != whereArg + 3 || !call.argIs(whereArg + 1, "COUNT"))) {
            call.reply().error(Errors.SYNTAX);
            return null;
        }
        if (hasCount && !call.parseAtLeast(whereArg + 2, 1, Errors.COUNT)) {
            return null;
        }
        return new PopOfMany(firstKey, whereArg, isFirstWord, hasCount ? call.parsed() : 1);
    }
}
