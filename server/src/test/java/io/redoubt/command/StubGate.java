package io.redoubt.command;

import org.jspecify.annotations.Nullable;

/** A gate that allows everything and says who a new connection is; what a test judges it overrides. */
public class StubGate implements Gate {
    private final @Nullable Principal initial;

    public StubGate(@Nullable Principal initial) {
        this.initial = initial;
    }

    @Override
    public int check(Principal user, CommandSpec spec, Args args, Form form, int database) {
        return ALLOWED;
    }

    @Override
    public boolean mayRead(Principal user, byte[] buffer, int offset, int length) {
        return true;
    }

    @Override
    public boolean mustFilterKeys(Principal user) {
        return false;
    }

    @Override
    public boolean mayHearOf(Session session, int database, byte[] key) {
        return true;
    }

    @Override
    public byte[] denied(Session session, CommandSpec spec, Args args, int verdict) {
        throw new IllegalStateException("nothing is denied here");
    }

    @Override
    public @Nullable Principal initialUser(Session session) {
        return initial;
    }

    @Override
    public void refresh(Session session) {
        session.setAclGeneration(generation());
    }

    @Override
    public long generation() {
        return 0;
    }
}
