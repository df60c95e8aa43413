package io.redoubt.command;

import io.redoubt.store.Entry;
import io.redoubt.store.Keyspace;
import io.redoubt.type.Element;
import io.redoubt.type.ZSetValue;
import java.util.Arrays;

/** A member of a sorted set that a command has computed; in the order of sorted sets. */
record ScoredMember(byte[] member, double score) implements Comparable<ScoredMember> {
    @Override
    public int compareTo(ScoredMember other) {
        if (score != other.score) {
            return score < other.score ? -1 : 1;
        }
        return Arrays.compareUnsigned(member, other.member);
    }

    /** Puts members, of which there are some, at a key in place of what is there. Counts no change and raises no event. */
    static void store(Call call, int keyArg, ScoredMember[] members) {
        var entry = call.createDetached(keyArg, new Entry());
        var sorted = new ZSetValue().bindNew(entry);
        int bytesMax = 0;
        for (var one : members) {
            bytesMax = Math.max(bytesMax, one.member.length);
        }
        sorted.expect(members.length, bytesMax);
        var member = new Element();
        for (var one : members) {
            member.set(one.member, 0, one.member.length);
            sorted.put(one.score, member);
        }
        call.keyspace().attach(call.unit(), entry, Keyspace.NO_EXPIRY);
    }
}
