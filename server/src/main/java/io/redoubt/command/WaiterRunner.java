package io.redoubt.command;

import io.redoubt.resp.Reply;
import io.redoubt.store.Entry;
import io.redoubt.store.KeyName;
import io.redoubt.store.Keyspace;
import io.redoubt.store.Unit;
import java.util.Arrays;
import java.util.LinkedHashSet;

/**
 * Serves clients that wait, when a unit has made their keys ready: it runs their commands again, before anybody else can
 * take what has come. One per loop; it serves clients of all loops.
 */
final class WaiterRunner {
    private final Admission admission;
    private final CommandRunner runner;
    private final Keyspace keyspace;
    private final Unit unit;
    private final Call call;
    private final Reply reply = new Reply();
    private final Entry entry = new Entry();
    /** Ready keys for which shards are needed that are not held. */
    private final LinkedHashSet<KeyName> left = new LinkedHashSet<>();

    WaiterRunner(Admission admission, CommandRunner runner, Keyspace keyspace, Unit unit) {
        this.admission = admission;
        this.runner = runner;
        this.keyspace = keyspace;
        this.unit = unit;
        call = new Call(keyspace, unit, null);
    }

    /**
     * Serves those who wait for keys that the unit has made ready. The unit has ended, and its locks are still held. A
     * command that is served may make other keys ready, whose turn comes then.
     *
     * @return whether exclusive mode is needed for somebody who is left
     */
    boolean serve() {
        for (var key = unit.takeReady(); key != null; key = unit.takeReady()) {
            if (!keyspace.isHeld(unit, key)) {
                left.add(key); // A walk has gone on to the next shard.
                continue;
            }
            for (var follower : keyspace.followersOf(key)) {
                if (!(follower instanceof Waiter waiter)) {
                    continue;
                }
                if (!waiter.spec().wakesOnDeletion() && !isPresent(key)) {
                    continue; // Others may wait for just that.
                }
                if (waiter.spansShards() && !keyspace.mode().isExclusiveHere()) {
                    left.add(key);
                } else if (waiter.beginServing()) {
                    serve(waiter);
                }
            }
        }
        return !left.isEmpty();
    }

    /** Whether a key is there now: it may have expired while the unit ran, and then its deletion is logged. */
    private boolean isPresent(KeyName key) {
        unit.begin(System.currentTimeMillis(), false);
        byte[] name = key.bytes();
        boolean isPresent = keyspace.find(unit, key.database(), name, 0, name.length, entry);
        unit.end();
        return isPresent;
    }

    /** Serves those who were left; in exclusive mode. */
    void serveLeft() {
        left.forEach(unit::ready);
        left.clear();
        serve();
    }

    private void serve(Waiter waiter) {
        var session = waiter.session();
        unit.begin(System.currentTimeMillis(), false);
        waiter.pointAt(call.args());
        reply.reset();
        reply.setProtocol(session.protocol());
        call.begin(session, reply);
        call.serve();
        byte[] denial = admission.denialOfWaiter(session, waiter.spec(), call.args(), call.form());
        if (denial == null) {
            runner.runAgain(call, waiter.spec());
        } else {
            reply.error(denial);
        }
        unit.end();
        session.sawStreams(keyspace); // Its loop sees it with the reply.
        if (denial == null && call.isWaiting()) {
            waiter.goOn();
        } else {
            waiter.served(Arrays.copyOf(reply.buffer(), reply.length()));
        }
    }
}
