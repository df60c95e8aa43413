package io.redoubt.command;

import org.jspecify.annotations.Nullable;

/**
 * What a queued request needs done before its transaction runs, because it takes longer than anybody may wait who is
 * inside the keyspace. EXEC makes the errands of what is queued and suspends its connection while a thread of its own
 * runs them. Then it asks again, under the locks of the transaction, and runs it as soon as no errand is due.
 */
public interface Errand {
    /** Whether it has to run before the transaction does. */
    boolean isDue();

    /** Does it, on a thread that may wait. */
    void run();

    /** Makes the errand of a request, or looks whether what was done still holds. Changes nothing in the keyspace. */
    interface Maker {
        /**
         * @param done the errand of the same request that has run; null at first
         * @return the errand, which the handler then finds by {@link Call#errand()}
         */
        Errand make(Call call, @Nullable Errand done);
    }
}
