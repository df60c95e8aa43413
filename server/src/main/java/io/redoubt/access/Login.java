package io.redoubt.access;

import io.redoubt.command.Call;
import io.redoubt.command.Session;
import java.util.function.Function;

/** Passwords against users: what AUTH and HELLO AUTH share. */
final class Login {
    enum Result {
        SUCCESS,
        WRONG,
        /** Over budget: the call is suspended, and the answer comes late. */
        LATE
    }

    static final byte[] WRONG_PASSWORD =
            Text.errorLine("WRONGPASS invalid username-password pair or user is disabled.");

    private final Users users;
    private final AclLog log;
    private final Function<Session, String> clientInfo;
    private final AclCommands.LateAnswers later;
    private final GuessingBudget budget = new GuessingBudget();
    private final boolean hasBudget;

    Login(Users users, AclLog log, Function<Session, String> clientInfo, AclCommands.LateAnswers later) {
        this.users = users;
        this.log = log;
        this.clientInfo = clientInfo;
        this.later = later;
        hasBudget = users.settings().has(StrictRule.GUESSING);
    }

    Result login(Call call, String name, byte[] password) {
        var session = call.session();
        var link = session.link();
        long now = call.nowMillis();
        String source = hasBudget ? GuessingBudget.sourceOf(link.remoteAddress()) : "";
        boolean isLocal = link.isLocal();
        if (hasBudget && budget.isSpent(source, isLocal, name, now)) {
            refused(call, name);
            if (!call.maySuspend() || !budget.beginWait(source)) {
                return Result.WRONG;
            }
            var late = call.lateReply();
            call.suspend();
            later.run(
                    () -> {
                        budget.endWait(source);
                        late.send(reply -> reply.error(WRONG_PASSWORD));
                    },
                    GuessingBudget.DELAY_MILLIS);
            return Result.LATE;
        }
        if (succeeds(session, name, password)) {
            return Result.SUCCESS;
        }
        refused(call, name);
        if (hasBudget) {
            budget.failed(source, isLocal, name, now);
        }
        return Result.WRONG;
    }

    private boolean succeeds(Session session, String name, byte[] password) {
        var user = users.find(name);
        // The work is the same whether the user exists or not.
        String hash = Passwords.find(user == null ? java.util.List.of() : user.passwords(), password);
        if (user == null || !user.isEnabled()) {
            return false;
        }
        if (user.hasNoPassword()) {
            if (!users.admitsWithoutPassword(session)) {
                return false;
            }
            hash = null;
        } else if (hash == null) {
            return false;
        }
        session.setUser(user);
        session.setCredential(new Credential(name, hash));
        session.setAclGeneration(users.generation());
        return true;
    }

    private void refused(Call call, String name) {
        log.add(
                AclLog.Reason.AUTH,
                call.session().isInTransaction() ? AclGate.MULTI : AclGate.TOPLEVEL,
                call.args().text(0),
                name,
                clientInfo.apply(call.session()),
                call.nowMillis());
    }
}
