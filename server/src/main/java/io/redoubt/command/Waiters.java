package io.redoubt.command;

import io.redoubt.store.KeyName;
import io.redoubt.store.Keyspace;
import java.util.ArrayList;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** All clients whose commands wait for keys. */
public final class Waiters {
    private static final byte[] ROLE_CHANGED = Errors.line(
            "UNBLOCKED force unblock from blocking operation, instance" + " state changed (master -> replica?)");

    private final Keyspace keyspace;
    private final Set<Waiter> all = ConcurrentHashMap.newKeySet();

    public Waiters(Keyspace keyspace) {
        this.keyspace = keyspace;
    }

    /** The call's command has found nothing. Its connection is suspended, and its keys are still held. */
    void add(Call call) {
        var form = call.form();
        var args = call.args();
        var keys = new ArrayList<KeyName>();
        int firstShard = -1;
        boolean spansShards = false;
        for (int i = 0; i < form.keyCount(); i++) {
            int arg = form.keyArg(i);
            int shard = keyspace.shardOf(args.buffer(), args.start(arg), args.length(arg));
            spansShards |= firstShard >= 0 && shard != firstShard;
            firstShard = shard;
            // A key that is only written (the destination of a move) is not what it waits for.
            if ((form.keyAccess(i) & Form.READ) != 0) {
                int database = form.keyDatabase(i);
                keys.add(KeyName.copyOf(
                        database == Form.CURRENT_DATABASE ? call.database() : database,
                        args.buffer(),
                        args.start(arg),
                        args.length(arg)));
            }
        }
        var waiter = new Waiter(this, call, keys, spansShards);
        all.add(waiter);
        waiter.session().setWaiter(waiter);
        for (var key : keys) {
            keyspace.follow(key, waiter);
        }
        long millis = call.waitMillis();
        if (millis > 0) {
            // In the time of the clock, which the timer uses, not of the batch that the request came with.
            waiter.session().link().callAt(System.currentTimeMillis() + millis, waiter::timedOut);
        }
    }

    void remove(Waiter waiter) {
        if (all.remove(waiter)) {
            for (var key : waiter.keys()) {
                keyspace.unfollow(key, waiter);
            }
            waiter.session().setWaiter(null);
        }
    }

    /** This server has become a replica, which decides nothing any more. Exclusive mode. */
    public void roleChanged() {
        for (var waiter : all) {
            if (waiter.endWithError(ROLE_CHANGED)) {
                waiter.session().link().closeAfterReplies();
            }
        }
    }
}
