package io.redoubt.command;

import io.redoubt.resp.Reply;
import io.redoubt.store.KeyName;
import io.redoubt.store.Keyspace;
import io.redoubt.store.Unit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;

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
    void runAll(Session session, Transaction transaction, Reply reply) {
        var queue = transaction.queue();
        reply.arrayHeader(queue.count());
        for (int i = 0; i < queue.count(); i++) {
            var spec = queue.spec(i);
            queue.pointAt(i, call.args());
            call.begin(session, reply);
            call.setErrand(transaction.errand(i));
            byte[] denial = admission.denialAtExec(session, spec, call.args(), call.form());
            if (denial == null) {
                runner.run(call, spec);
            } else {
                reply.error(denial);
            }
        }
    }

    /**
     * Whether a request that needs something done before may meet other values than those that are there now, because
     * of what comes before it in the transaction.
     */
    boolean writesWhatErrandsRead(Session session, Transaction transaction) {
        var queue = transaction.queue();
        var written = new HashSet<KeyName>();
        boolean writesAnything = false;
        for (int i = 0; i < queue.count(); i++) {
            var spec = queue.spec(i);
            var args = call.args();
            var form = call.form();
            queue.pointAt(i, args);
            spec.parse(args, form);
            boolean writes = spec.has(CommandFlag.WRITE);
            // SELECT changes what the names behind it mean.
            writesAnything |= writes ? form.keyCount() == 0 : spec.name().equals("select");
            for (int key = 0; key < form.keyCount(); key++) {
                int arg = form.keyArg(key);
                int database = form.keyDatabase(key);
                var name = KeyName.copyOf(
                        database == Form.CURRENT_DATABASE ? session.database() : database,
                        args.buffer(),
                        args.start(arg),
                        args.length(arg));
                if (spec.errands() != null && (writesAnything || written.contains(name))) {
                    return true;
                }
                if (writes) {
                    written.add(name);
                }
            }
        }
        return false;
    }

    /** Makes the errands of the requests, and returns those that are due. */
    List<Errand> errandsDue(Session session, Transaction transaction, Reply reply) {
        var due = new ArrayList<Errand>();
        var queue = transaction.queue();
        for (int i = 0; i < queue.count(); i++) {
            var spec = queue.spec(i);
            var maker = spec.errands();
            if (maker == null) {
                continue;
            }
            queue.pointAt(i, call.args());
            call.begin(session, reply);
            // What may not run, or is malformed, says so when its turn comes.
            if (admission.isAllowedAtExec(session, spec, call.args(), call.form()) && call.form().error == null) {
                var errand = maker.make(call, transaction.errand(i));
                transaction.setErrand(i, errand);
                if (errand.isDue()) {
                    due.add(errand);
                }
            }
        }
        return due;
    }
}
