package io.redoubt.command;

import org.jspecify.annotations.Nullable;

/**
 * Says whether a request may run now: authentication, the gate, and the server's state. EXEC is judged together with
 * what it would run. One per loop.
 */
final class Admission {
    private static final int WRITE = 1 << CommandFlag.WRITE.ordinal();
    private static final int MAY_REPLICATE = 1 << CommandFlag.MAY_REPLICATE.ordinal();
    private static final int DENYOOM = 1 << CommandFlag.DENYOOM.ordinal();
    private static final int STALE = 1 << CommandFlag.STALE.ordinal();
    private static final int NO_ASYNC_LOADING = 1 << CommandFlag.NO_ASYNC_LOADING.ordinal();
    private static final int LOADING = 1 << CommandFlag.LOADING.ordinal();

    private final Gate gate;
    private final ServerState state;

    Admission(Gate gate, ServerState state) {
        this.gate = gate;
        this.state = state;
    }

    /** Parses the form, asks the gate and the server's state; returns the error to answer, or null. */
    byte @Nullable [] refusal(Session session, CommandSpec spec, Args args, Form form) {
        spec.parse(args, form);
        if (!session.isMaster()) {
            byte[] denial = denial(session, spec, args, form);
            if (denial != null) {
                return denial;
            }
        }
        int bits = state.bits();
        return bits == 0 ? null : stateRefusal(bits, session, spec);
    }

    private byte @Nullable [] denial(Session session, CommandSpec spec, Args args, Form form) {
        if (session.aclGeneration() != gate.generation()) {
            gate.refresh(session);
        }
        var user = session.user();
        if (user == null && !spec.has(CommandFlag.NO_AUTH)) {
            return Errors.NO_AUTH;
        }
        if (spec.has(CommandFlag.NO_MULTI) && session.isInTransaction()) {
            return Errors.NOT_IN_TRANSACTION;
        }
        int verdict = verdict(user, session, spec, args, form);
        return verdict == Gate.ALLOWED ? null : gate.denied(session, spec, args, verdict);
    }

    private int verdict(@Nullable Principal user, Session session, CommandSpec spec, Args args, Form form) {
        return user == null || user.isUnrestricted() || spec.has(CommandFlag.NO_AUTH)
                ? Gate.ALLOWED
                : gate.check(user, spec, args, form, session.database());
    }

    /** Parses the form of a queued request and asks the gate, silently, whether EXEC may begin with it. */
    boolean isAllowedAtExec(Session session, CommandSpec spec, Args args, Form form) {
        spec.parse(args, form);
        if (session.aclGeneration() != gate.generation()) {
            gate.refresh(session);
        }
        var user = session.user();
        return user != null && verdict(user, session, spec, args, form) == Gate.ALLOWED;
    }

    /**
     * Parses the form of a queued request and asks the gate again, because rights may have changed since, also by what
     * ran before it in the same transaction; returns the error to answer, or null.
     */
    byte @Nullable [] denialAtExec(Session session, CommandSpec spec, Args args, Form form) {
        spec.parse(args, form);
        if (session.aclGeneration() != gate.generation()) {
            gate.refresh(session);
        }
        var user = session.user();
        if (user == null) {
            return spec.has(CommandFlag.NO_AUTH) ? null : Errors.NO_AUTH;
        }
        int verdict = verdict(user, session, spec, args, form);
        if (verdict == Gate.ALLOWED) {
            return null;
        }
        gate.denied(session, spec, args, verdict);
        String reason = switch (verdict & 0xff) {
            case Gate.DENIED_COMMAND -> "no permission to execute the command or subcommand";
            case Gate.DENIED_KEY -> "no permission to touch the specified keys";
            case Gate.DENIED_CHANNEL -> "no permission to access one of the channels used as arguments to the command";
            default -> "no permission";
        };
        return Errors.line("NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC"
                + " call. This command is no longer allowed for the following reason: " + reason);
    }

    /** Parses the form of a request that waited and asks the gate again; returns the error to answer, or null. */
    byte @Nullable [] denialOfWaiter(Session session, CommandSpec spec, Args args, Form form) {
        spec.parse(args, form);
        return denial(session, spec, args, form);
    }

    /** The flags of a command; of EXEC, together with those of what it would run. */
    static int flagBits(Session session, CommandSpec spec) {
        var transaction = session.transaction();
        return transaction != null && spec.has(CommandFlag.RUNS_QUEUE)
                ? transaction.flagBitsWith(spec.flagBits())
                : spec.flagBits();
    }

    private byte @Nullable [] stateRefusal(int bits, Session session, CommandSpec spec) {
        if (session.isMaster()) {
            return null;
        }
        int flags = flagBits(session, spec);
        if ((bits & ServerState.OUT_OF_MEMORY) != 0 && ((flags & DENYOOM) != 0 || fillsQueue(session, spec))) {
            return Errors.OUT_OF_MEMORY;
        }
        if ((bits & (ServerState.SAVE_FAILED | ServerState.AOF_FAILED)) != 0
                && ((flags & WRITE) != 0 || spec.name().equals("ping"))) {
            return (bits & ServerState.SAVE_FAILED) != 0 ? Errors.MISCONF : state.aofError();
        }
        if ((bits & ServerState.TOO_FEW_REPLICAS) != 0 && (flags & WRITE) != 0) {
            return Errors.NO_REPLICAS;
        }
        if ((bits & ServerState.READ_ONLY) != 0 && (flags & WRITE) != 0) {
            return Errors.READ_ONLY;
        }
        if ((bits & ServerState.STALE) != 0 && (flags & STALE) == 0) {
            return Errors.MASTER_DOWN;
        }
        if ((bits & ServerState.LOADING) != 0 && (flags & LOADING) == 0) {
            return Errors.LOADING;
        }
        if ((bits & ServerState.ASYNC_LOADING) != 0 && (flags & NO_ASYNC_LOADING) != 0) {
            return Errors.LOADING;
        }
        return null;
    }

    /** Queued requests take memory, so none is queued where there is none. */
    private static boolean fillsQueue(Session session, CommandSpec spec) {
        return session.isInTransaction()
                && (!spec.has(CommandFlag.NOT_QUEUED)
                        || spec.name().equals("multi")
                        || spec.name().equals("watch"));
    }

    /** Whether the request has to wait until a pause is over. */
    boolean isPaused(Session session, CommandSpec spec) {
        int bits = state.bits();
        if ((bits & (ServerState.PAUSED | ServerState.PAUSED_WRITES)) == 0
                || session.isMaster()
                || session.isReplica()) {
            return false;
        }
        return (bits & ServerState.PAUSED) != 0 || (flagBits(session, spec) & (WRITE | MAY_REPLICATE)) != 0;
    }
}
