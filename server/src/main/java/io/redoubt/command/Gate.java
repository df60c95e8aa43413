package io.redoubt.command;

import org.jspecify.annotations.Nullable;

/**
 * The one gate: may this user run this form? Every path that can run a command asks here. It only judges: logging a
 * denial is {@link #denied}'s, so that a dry run and an explanation can ask too.
 */
public interface Gate {
    /** The verdicts; the greater ones got further. */
    int ALLOWED = 0;

    int DENIED_COMMAND = 1;
    int DENIED_DATABASE = 2;
    int DENIED_KEY = 3;
    int DENIED_CHANNEL = 4;

    /**
     * Judges a form. Allocates nothing when all is allowed.
     *
     * @param database the connection's current database
     * @return a verdict; in the upper bits (verdict >>> 8) the argument position of the key or channel refused
     */
    int check(Principal user, CommandSpec spec, Args args, Form form, int database);

    /** Whether a user may read a key, for replies that list keys nobody named (`strict` rule patterns). */
    boolean mayRead(Principal user, byte[] buffer, int offset, int length);

    /** Whether {@link #mayRead} can ever be false for this user. */
    boolean mustFilterKeys(Principal user);

    /**
     * Whether a session's user, as the rules say now, may learn of what happens to a key of a database: keyspace channels
     * (`strict` rule patterns). From any thread.
     */
    boolean mayHearOf(Session session, int database, byte[] key);

    /** Logs a denial in ACL LOG, counts it, and returns the error to answer. */
    byte[] denied(Session session, CommandSpec spec, Args args, int verdict);

    /** Returns the user that new connections are: the default user, or null when they must authenticate. */
    @Nullable
    Principal initialUser(Session session);

    /** Brings the session's user up to date after ACL changes. Called when {@link #generation()} has moved. */
    void refresh(Session session);

    /** Grows with each ACL change. */
    long generation();
}
