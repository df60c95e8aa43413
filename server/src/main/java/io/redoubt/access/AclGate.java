package io.redoubt.access;

import io.redoubt.command.Args;
import io.redoubt.command.CommandSpec;
import io.redoubt.command.Form;
import io.redoubt.command.Gate;
import io.redoubt.command.Principal;
import io.redoubt.command.Session;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The gate: asks each selector of the user, and lets pass what one of them allows wholly. */
public final class AclGate implements Gate {
    /** Contexts that ACL LOG shows. */
    public static final String TOPLEVEL = "toplevel";

    public static final String MULTI = "multi";
    public static final String LUA = "lua";

    private final Users users;
    private final AclLog log;
    private final Function<Session, String> clientInfo;
    private final LongSupplier clockMillis;
    private final boolean isStrict;
    private final boolean guardsRename;
    private final boolean filtersKeys;

    /**
     * @param clientInfo the line of CLIENT LIST for a session
     * @param clockMillis Unix time
     */
    public AclGate(Users users, AclLog log, Function<Session, String> clientInfo, LongSupplier clockMillis) {
        this.users = users;
        this.log = log;
        this.clientInfo = clientInfo;
        this.clockMillis = clockMillis;
        isStrict = users.settings().strict();
        guardsRename = users.settings().has(StrictRule.WRITE_IS_NOT_READ);
        filtersKeys = users.settings().has(StrictRule.PATTERNS);
    }

    public Users users() {
        return users;
    }

    public AclLog log() {
        return log;
    }

    @Override
    public int check(Principal principal, CommandSpec spec, Args args, Form form, int database) {
        var user = (User) principal;
        if (user.isUnrestricted()) {
            return ALLOWED;
        }
        int furthest = DENIED_COMMAND;
        for (var selector : user.selectors()) {
            int verdict = selector.judge(spec, args, form, database);
            if (verdict == ALLOWED) {
                return guardsRename ? judgeMoves(user, spec, args, form, database) : ALLOWED;
            }
            furthest = further(verdict, furthest);
        }
        return furthest;
    }

    private static int further(int a, int b) {
        int kindA = a & 0xff;
        int kindB = b & 0xff;
        return kindA > kindB || kindA == kindB && a > b ? a : b;
    }

    /** What moves values without reading them may not lead them from where the user cannot read to where it can. */
    private static int judgeMoves(User user, CommandSpec spec, Args args, Form form, int database) {
        if (form.keyCount() == 2 && isRename(spec)) {
            return judgeRename(user, args, form, database);
        }
        if (form.writesAllKeys && form.databaseCount() == 2) {
            int verdict = judgeSwap(user, form.database(0), form.database(1));
            return verdict == ALLOWED ? judgeSwap(user, form.database(1), form.database(0)) : verdict;
        }
        return ALLOWED;
    }

    private static boolean isRename(CommandSpec spec) {
        return spec.fullName().equals("rename") || spec.fullName().equals("renamenx");
    }

    private static int judgeRename(User user, Args args, Form form, int database) {
        for (var selector : user.selectors()) {
            if (tellsOf(selector, args, form.keyArg(1), database)
                    && !tellsOf(selector, args, form.keyArg(0), database)
                    && !tellsAsMuch(user, selector, args, form.keyArg(0), database)) {
                return DENIED_KEY | form.keyArg(0) << 8;
            }
        }
        return ALLOWED;
    }

    /** Whether some selector of the user tells as much of a key as the given one could. */
    private static boolean tellsAsMuch(User user, Selector selector, Args args, int arg, int database) {
        for (var other : user.selectors()) {
            if (other.tellsAsMuchAs(selector) && tellsOf(other, args, arg, database)) {
                return true;
            }
        }
        return false;
    }

    private static boolean tellsOf(Selector selector, Args args, int arg, int database) {
        return selector.tellsOf(database, args.buffer(), args.start(arg), args.length(arg));
    }

    /** Judges what SWAPDB leads from one database to another. */
    private static int judgeSwap(User user, int from, int to) {
        for (var selector : user.selectors()) {
            if (selector.tellsOf(to) && !selector.tellsOf(from) && !tellsAsMuchOfAll(user, selector, from)) {
                return DENIED_DATABASE | from + 1 << 8;
            }
        }
        return ALLOWED;
    }

    private static boolean tellsAsMuchOfAll(User user, Selector selector, int database) {
        for (var other : user.selectors()) {
            if (other.tellsAsMuchAs(selector) && other.readsAllKeys() && other.tellsOf(database)) {
                return true;
            }
        }
        return false;
    }

    @Override
    public boolean mayRead(Principal principal, byte[] buffer, int offset, int length) {
        if (!mustFilterKeys(principal)) {
            return true;
        }
        for (var selector : ((User) principal).selectors()) {
            if (selector.grants(Form.READ, buffer, offset, length)) {
                return true;
            }
        }
        return false;
    }

    @Override
    public boolean mustFilterKeys(Principal principal) {
        return filtersKeys && !((User) principal).readsAllKeys();
    }

    @Override
    public boolean mayHearOf(Session session, int database, byte[] key) {
        if (!filtersKeys) {
            return true;
        }
        // The session's own copy may be old: it is refreshed before a command only, and a subscriber sends none.
        var old = session.user();
        var user = old == null ? null : users.find(old.name());
        if (user == null) {
            return false;
        }
        for (var selector : user.selectors()) {
            if (selector.mayRead(database, key)) {
                return true;
            }
        }
        return false;
    }

    @Override
    public byte[] denied(Session session, CommandSpec spec, Args args, int verdict) {
        return denied(session, spec, args, verdict, session.isInTransaction() ? MULTI : TOPLEVEL);
    }

    /** As {@link #denied(Session, CommandSpec, Args, int)}, in a transaction or a script. */
    public byte[] denied(Session session, CommandSpec spec, Args args, int verdict, String context) {
        String option = refusedSortOption(spec, args, verdict);
        if (option != null && !isStrict) {
            return Text.errorLine(option); // Redis neither calls it NOPERM nor logs it.
        }
        var user = session.user();
        String name = user == null ? "" : user.name();
        log.add(
                reasonOf(verdict),
                context,
                objectOf(spec, args, verdict),
                name,
                clientInfo.apply(session),
                clockMillis.getAsLong());
        return Text.errorLine(option != null ? option : "NOPERM " + explain(name, spec, verdict));
    }

    private static AclLog.Reason reasonOf(int verdict) {
        return switch (verdict & 0xff) {
            case DENIED_DATABASE -> AclLog.Reason.DATABASE;
            case DENIED_KEY -> AclLog.Reason.KEY;
            case DENIED_CHANNEL -> AclLog.Reason.CHANNEL;
            default -> AclLog.Reason.COMMAND;
        };
    }

    private static String objectOf(CommandSpec spec, Args args, int verdict) {
        int what = verdict >>> 8;
        return switch (verdict & 0xff) {
            case DENIED_DATABASE -> what == 0 ? spec.fullName() : Integer.toString(what - 1);
            case DENIED_KEY, DENIED_CHANNEL -> what == 0 ? spec.fullName() : args.text(what);
            default -> spec.fullName();
        };
    }

    /** A verdict about keys without a position: the command wants keys that it does not name. */
    private static @Nullable String refusedSortOption(CommandSpec spec, Args args, int verdict) {
        if (verdict != DENIED_KEY || !spec.name().startsWith("sort")) {
            return null;
        }
        String option = "GET";
        for (int i = 2; i + 1 < args.count(); i++) {
            if (args.is(i, "GET")) {
                break;
            }
            if (args.is(i, "BY")) {
                option = "BY";
                break;
            }
        }
        return "ERR " + option + " option of SORT denied due to insufficient ACL permissions.";
    }

    /** Returns why, as an error text without its code. */
    String explain(String userName, CommandSpec spec, int verdict) {
        int kind = verdict & 0xff;
        if (kind == DENIED_DATABASE) {
            return "No permissions to access database";
        }
        if (verdict == DENIED_KEY) {
            return "User " + userName + " needs all keys to run the '" + spec.fullName()
                    + "' command (strict rule patterns)";
        }
        if (!isStrict) {
            return switch (kind) {
                case DENIED_KEY -> "this user has no permissions to access one of the keys used as arguments";
                case DENIED_CHANNEL -> "this user has no permissions to access one of the channels used as arguments";
                default -> "this user has no permissions to run the '" + spec.fullName() + "' command";
            };
        }
        return switch (kind) {
            case DENIED_KEY -> "No permissions to access a key";
            case DENIED_CHANNEL -> "No permissions to access a channel";
            default -> "User " + userName + " has no permissions to run the '" + spec.fullName() + "' command";
        };
    }

    @Override
    public @Nullable Principal initialUser(Session session) {
        var user = users.defaultUser();
        if (!user.isEnabled() || !user.hasNoPassword() || !users.admitsWithoutPassword(session)) {
            return null;
        }
        session.setCredential(new Credential(User.DEFAULT, null));
        return user;
    }

    @Override
    public void refresh(Session session) {
        session.setAclGeneration(users.generation());
        var old = session.user();
        if (old == null) {
            return;
        }
        var user = users.find(old.name());
        boolean isOpen = session.credential() instanceof Credential credential && credential.hash() == null;
        session.setUser(isOpen && !users.admitsWithoutPassword(session) ? null : user);
    }

    @Override
    public long generation() {
        return users.generation();
    }

    /** Whether protected mode refuses a connection; then it gets {@link #refusal} and is closed. */
    public boolean refusesConnection(boolean isLocal) {
        return users.refusesConnection(isLocal);
    }

    /** Returns the complete line for a connection that protected mode refuses. */
    public byte[] refusal() {
        return Text.errorLine("DENIED Redis is running in protected mode because protected mode is enabled and no"
                + " password is set for the default user. In this mode connections are only accepted from the loopback"
                + " interface. To connect from another machine, give users a password (requirepass, or 'user' lines in"
                + " redis.conf or the ACL file) and restart the server; or, on a network that you trust wholly, say"
                + " 'protected-mode no'.");
    }
}
