package io.redoubt.command;

import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;

/** Answers members of a collection that are chosen at random. The collection shows them by {@link Call#element()}. */
abstract class RandomChoice {
    private final Call call;

    RandomChoice(Call call) {
        this.call = call;
    }

    /** Shows a member, each as likely as any other. */
    abstract void draw(RandomGenerator random);

    /** Begins to walk over all members. */
    abstract void rewind();

    /** Shows the next member; false at the end. */
    abstract boolean next();

    /** Answers the member that is shown. */
    abstract void reply();

    /** Answers so many members, which need not differ. */
    final void replyAny(long wanted) {
        var random = ThreadLocalRandom.current();
        for (long i = 0; i < wanted; i++) {
            draw(random);
            reply();
        }
    }

    /**
     * Answers different members: most by leaving some out, or few by drawing until they differ.
     *
     * @param size how many there are
     * @param wanted at most {@code size}
     */
    final void replyDifferent(long size, long wanted) {
        var random = ThreadLocalRandom.current();
        if (wanted <= size / 3) {
            var seen = new HashSet<ByteBuffer>();
            while (seen.size() < wanted) {
                draw(random);
                if (seen.add(ByteBuffer.wrap(call.element().toBytes()))) {
                    reply();
                }
            }
            return;
        }
        rewind();
        long chosen = 0;
        for (long left = size; chosen < wanted; left--) {
            if (!next()) {
                throw new IllegalStateException("there are fewer members than are counted");
            }
            // Taken with the odds of what is still to be taken against what is still to come.
            if (random.nextLong(left) < wanted - chosen) {
                reply();
                chosen++;
            }
        }
    }
}
