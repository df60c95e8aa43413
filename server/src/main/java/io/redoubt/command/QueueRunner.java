package io.redoubt.command;

import io.redoubt.resp.Reply;
import io.redoubt.store.Keyspace;
import io.redoubt.store.Unit;

/** Runs the requests that a transaction has queued, as part of EXEC's unit and with its locks. One per loop. */
final class QueueRunner {
    private final Admission admission;
    private final CommandRunner runner;
    private final Call call;

    QueueRunner(Admission admission, CommandRunner runner, Keyspace keyspace, Unit unit) {
        this.admission = admission;
        this.runner = runner;
        call = new Call(keyspace, unit, null);
    }

    /** Runs all, and answers an array of their replies. */
    void runAll(Session session, RequestQueue queue, Reply reply) {
        reply.arrayHeader(queue.count());
        for (int i = 0; i < queue.count(); i++) {
            var spec = queue.spec(i);
            queue.pointAt(i, call.args());
            call.begin(session, reply);
            byte[] denial = admission.denialAtExec(session, spec, call.args(), call.form());
            if (denial == null) {
                runner.run(call, spec);
            } else {
                reply.error(denial);
            }
        }
    }
}
