package io.redoubt.access;

import io.redoubt.command.CommandTable;
import io.redoubt.command.Session;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * All users by name. Readers see one immutable map; a change publishes another and a new generation, by which sessions
 * notice. Changes come from one thread at a time: at start-up, or in exclusive mode.
 */
public final class Users {
    private final AccessSettings settings;
    private final Supplier<? extends Iterable<Session>> sessions;
    private volatile TreeMap<String, User> users = new TreeMap<>();
    private final AtomicLong generation = new AtomicLong();
    private volatile boolean isProtected = true;
    private volatile boolean isAllChannelsByDefault;
    private volatile String requirepass = "";
    private volatile @Nullable Path file;
    private UserRules.@Nullable Shared shared;

    /** @param sessions all sessions that are open */
    public Users(AccessSettings settings, Supplier<? extends Iterable<Session>> sessions) {
        this.settings = settings;
        this.sessions = sessions;
    }

    /** Takes the commands that rules are about, once, before all else: families need the gate, and it these users. */
    public synchronized void useCommands(CommandTable table) {
        shared = new UserRules.Shared(new CommandSets(table, settings), settings);
        var first = new TreeMap<String, User>();
        first.put(User.DEFAULT, new User(UserRules.initialDefault(shared())));
        users = first;
    }

    private UserRules.Shared shared() {
        if (shared == null) {
            throw new IllegalStateException("the commands are not known yet");
        }
        return shared;
    }

    // ---- Reading ----

    public AccessSettings settings() {
        return settings;
    }

    CommandSets sets() {
        return shared().sets();
    }

    public long generation() {
        return generation.get();
    }

    /** Returns the user of a name, each byte one char; null if there is none. */
    public @Nullable User find(String name) {
        return users.get(name);
    }

    public User defaultUser() {
        var user = users.get(User.DEFAULT);
        if (user == null) {
            throw new IllegalStateException("there is always a default user");
        }
        return user;
    }

    /** Returns the users in the order of their names. */
    public Collection<User> all() {
        return Collections.unmodifiableCollection(users.values());
    }

    /** Returns the users as lines, for ACL LIST and, where there is no file, for CONFIG REWRITE. */
    public List<String> lines() {
        return AclFile.lines(users.values());
    }

    /** Returns the file of users, or null. */
    public @Nullable Path file() {
        return file;
    }

    public boolean isProtected() {
        return isProtected;
    }

    /** Whether protected mode refuses a connection at once. */
    public boolean refusesConnection(boolean isLocal) {
        if (!isProtected || isLocal) {
            return false;
        }
        if (!settings().has(StrictRule.OPEN)) {
            return defaultUser().hasNoPassword();
        }
        return users.values().stream().noneMatch(User::isOpenedByPassword);
    }

    /** Whether a session may be a user that needs no password (strict rule open). */
    boolean admitsWithoutPassword(Session session) {
        return !isProtected || session.link().isLocal() || !settings().has(StrictRule.OPEN);
    }

    /** Counts sessions whose credential opens their user no longer (CONFIG SET requirepass leaves them). */
    public int sessionsWithOldCredential() {
        int count = 0;
        for (var session : sessions.get()) {
            if (session.user() != null && session.credential() instanceof Credential credential) {
                var user = users.get(credential.user());
                if (user == null || !credential.opens(user)) {
                    count++;
                }
            }
        }
        return count;
    }

    // ---- Settings that may change ----

    /** Sets `protected-mode`. */
    public synchronized void setProtected(boolean on) {
        isProtected = on;
        generation.incrementAndGet();
    }

    /** Sets `acl-pubsub-default`. */
    public void setAllChannelsByDefault(boolean on) {
        isAllChannelsByDefault = on;
    }

    /** What CONFIG GET requirepass tells. */
    public String requirepass() {
        return requirepass;
    }

    /**
     * Sets `requirepass` as CONFIG SET does: the default user has this password only; an empty one opens it.
     *
     * @param password each byte one char, as everywhere here
     */
    public synchronized void setRequirepass(String password, @Nullable Session issuer) {
        requirepass = password;
        var rules = defaultUser().change();
        rules.resetPasswords();
        if (password.isEmpty()) {
            apply(rules, "nopass");
        } else {
            rules.addPassword(Passwords.hash(password));
        }
        var next = new TreeMap<>(users);
        next.put(User.DEFAULT, new User(rules));
        publish(next, issuer, true);
    }

    private static void apply(UserRules rules, String rule) {
        try {
            rules.applyAll(List.of(rule));
        } catch (RuleException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    // ---- Changes ----

    private UserRules fresh(String name) {
        return new UserRules(name, shared(), isAllChannelsByDefault);
    }

    /** Creates or changes a user; all rules or none. */
    public synchronized void set(String name, List<String> rules, @Nullable Session issuer) throws AclException {
        if (!AclFile.isName(name)) {
            throw new AclException("Usernames can't contain spaces or null characters");
        }
        var old = users.get(name);
        var changed = old == null ? fresh(name) : old.rules().copy(isAllChannelsByDefault);
        try {
            changed.applyAll(rules);
        } catch (RuleException e) {
            throw new AclException(
                    e.isUnmatched() ? e.reason() : "Error in ACL SETUSER modifier '" + e.rule() + "': " + e.reason());
        }
        var next = new TreeMap<>(users);
        next.put(name, new User(changed));
        var before = users;
        publish(next, issuer, false);
        endForbiddenSubscribers(before, next, issuer);
        keepRequirepassInStep();
    }

    /** Strict rule merge: what CONFIG REWRITE would write must not undo what ACL SETUSER has done. */
    private void keepRequirepassInStep() {
        if (settings().has(StrictRule.MERGE)
                && !requirepass.isEmpty()
                && !defaultUser().passwords().contains(Passwords.hash(requirepass))) {
            requirepass = "";
        }
    }

    /** Deletes users; returns how many there were. */
    public synchronized int delete(Collection<String> names, @Nullable Session issuer) throws AclException {
        if (names.contains(User.DEFAULT)) {
            throw new AclException("The 'default' user cannot be removed");
        }
        var next = new TreeMap<>(users);
        int count = 0;
        for (var name : names) {
            count += next.remove(name) == null ? 0 : 1;
        }
        if (count > 0) {
            publish(next, issuer, false);
        }
        return count;
    }

    // ---- Files ----

    /**
     * Takes the users of a configuration at start-up.
     *
     * @param userLines the words behind each `user`: name, rules …
     * @param aclFile the file of users, or null
     * @return warnings for the log and INFO security
     */
    public synchronized List<String> start(String password, List<List<String>> userLines, @Nullable Path aclFile)
            throws AclException {
        requirepass = password;
        file = aclFile;
        if (aclFile != null && !userLines.isEmpty()) {
            throw new AclException("Configuring Redis with users defined in redis.conf and at the same time setting an"
                    + " ACL file path is invalid. This setup is very likely to lead to configuration errors and"
                    + " security holes, please define either an ACL file or declare users directly in your redis.conf,"
                    + " but not both.");
        }
        if (aclFile != null) {
            return load(null);
        }
        var named = new TreeMap<String, UserRules>();
        for (var line : userLines) {
            String name = line.isEmpty() ? "" : line.getFirst();
            String problem = null;
            if (named.containsKey(name)) {
                problem = "Duplicate user found. A user can only be defined once in config files";
            } else if (!AclFile.isName(name)) {
                problem = "The provided string contains null characters";
            } else {
                var rules = fresh(name);
                named.put(name, rules);
                try {
                    rules.applyAll(line.subList(1, line.size()));
                } catch (RuleException e) {
                    if (e.isUnknownCommand()) { // Other rules are not shown: they may hold a password.
                        throw new AclException("Error loading ACL rule '" + e.rule() + "' for the user named '" + name
                                + "': " + e.reason());
                    }
                    problem = e.reason();
                }
            }
            if (problem != null) {
                throw new AclException("Error in user declaration '" + name + "': " + problem);
            }
        }
        return take(named, false, null);
    }

    /** Reads the file again; all or nothing. Returns warnings. */
    public synchronized List<String> load(@Nullable Session issuer) throws AclException {
        var path = file;
        if (path == null) {
            throw new AclException("no ACL file");
        }
        var named = AclFile.read(path.toString(), AclFile.open(path), this::fresh);
        return take(named, true, issuer);
    }

    private List<String> take(Map<String, UserRules> named, boolean isFile, @Nullable Session issuer) {
        var warnings = new ArrayList<String>();
        var all = new TreeMap<>(named);
        var said = all.get(User.DEFAULT);
        boolean merges = settings().has(StrictRule.MERGE);
        if (said == null) {
            said = UserRules.initialDefault(shared());
            all.put(User.DEFAULT, said);
            // In Redis a file that does not name the default user opens it, whatever requirepass says.
            if (!requirepass.isEmpty() && (!isFile || merges)) {
                said.resetPasswords();
                said.addPassword(Passwords.hash(requirepass));
            }
        } else if (merges && !requirepass.isEmpty()) {
            mergeRequirepass(said, warnings);
        }
        var next = new TreeMap<String, User>();
        var old = users;
        all.forEach((name, rules) -> {
            var user = old.get(name);
            next.put(name, user != null && user.rules().saysTheSameAs(rules) ? user : new User(rules));
        });
        boolean endsAll = isFile && !settings().strict();
        publish(next, issuer, false);
        if (!endsAll) {
            endForbiddenSubscribers(old, next, issuer);
        }
        if (endsAll && issuer != null) {
            for (var session : sessions.get()) {
                var user = session.user();
                if (user != null && !user.name().equals(User.DEFAULT)) {
                    end(session); // Redis 7.0 does so even where nothing has changed.
                }
            }
        }
        return warnings;
    }

    private void mergeRequirepass(UserRules said, List<String> warnings) {
        String hash = Passwords.hash(requirepass);
        if (said.isEnabled() && said.hasNoPassword()) {
            said.resetPasswords();
            said.addPassword(hash);
            warnings.add("The default user is 'on nopass' beside a requirepass: it takes the password of requirepass"
                    + " (strict rule merge).");
        } else if (!said.passwords().isEmpty() && !said.passwords().contains(hash)) {
            warnings.add("requirepass and the passwords of the default user differ: those of the user hold"
                    + " (strict rule merge).");
        }
    }

    /** Writes all users to the file. */
    public synchronized void save() throws IOException {
        var path = file;
        if (path == null) {
            throw new IOException("no ACL file");
        }
        AclFile.write(path, users.values());
    }

    // ---- Sessions ----

    private void publish(TreeMap<String, User> next, @Nullable Session issuer, boolean isRequirepass) {
        var old = users;
        users = next;
        generation.incrementAndGet();
        if (!settings().has(StrictRule.REVOKE)) {
            endDeleted(old, next);
            return;
        }
        for (var session : sessions.get()) {
            if (session == issuer || session.isMaster() || !(session.credential() instanceof Credential credential)) {
                continue;
            }
            var before = old.get(credential.user());
            var after = next.get(credential.user());
            if (session.user() == null || before == null || before == after) {
                continue;
            }
            boolean leavesOld = isRequirepass && !before.hasNoPassword();
            if (after == null
                    || before.isEnabled() && !after.isEnabled()
                    || credential.opens(before) && !credential.opens(after) && !leavesOld) {
                end(session);
            }
        }
    }

    /** As Redis does: who has lost the right to something that it has subscribed to is cut off. */
    private void endForbiddenSubscribers(
            TreeMap<String, User> old, TreeMap<String, User> next, @Nullable Session issuer) {
        for (var session : sessions.get()) {
            var subscriptions = session.subscriptions();
            var user = session.user();
            if (subscriptions == null || user == null) {
                continue;
            }
            var before = old.get(user.name());
            var after = next.get(user.name());
            if (before == null || after == null || before == after || after.keepsChannelsOf(before)) {
                continue;
            }
            if (!subscriptions.areAllowedBy(after::allowsChannel)) {
                session.setClosing(); // From here on no message reaches it.
                if (session != issuer) {
                    session.link().close();
                }
            }
        }
    }

    /** As Redis does: a deleted user's sessions end, the issuing one after its reply. */
    private void endDeleted(TreeMap<String, User> old, TreeMap<String, User> next) {
        var gone = new HashSet<>(old.keySet());
        gone.removeAll(next.keySet());
        if (gone.isEmpty()) {
            return;
        }
        for (var session : sessions.get()) {
            var user = session.user();
            if (user != null && gone.contains(user.name())) {
                end(session);
            }
        }
    }

    /** Ends a session: what it has not yet asked is not answered. */
    private static void end(Session session) {
        session.setUser(null);
        session.setClosing();
        session.link().closeAfterReplies();
    }
}
