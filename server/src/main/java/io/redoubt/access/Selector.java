package io.redoubt.access;

import io.redoubt.command.Args;
import io.redoubt.command.CommandSpec;
import io.redoubt.command.Form;
import io.redoubt.command.Gate;
import io.redoubt.command.Reveals;
import io.redoubt.resp.Glob;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** One selector of a user, compiled: what it allows is found without allocating. Immutable. */
final class Selector {
    private static final int ALL_DATABASES = 0;
    private static final int NOTHING = -1;

    private final long[] plain;
    private final long[] read;
    private final byte[] @Nullable [][] firstArgs;
    private final boolean firstArgsReadToo;
    private final boolean checksReadHalf;
    private final KeyPattern[] keys;
    private final boolean isAllKeys;
    private final boolean readsAllKeys;
    private final boolean writesAllKeys;
    private final boolean allKeysNeeded;
    private final byte[][] channels;
    private final boolean isAllChannels;
    private final Databases databases;
    private final boolean isAllDatabases;
    private final boolean isUnrestricted;
    /** The strongest thing that a command tells of a key's contents, {@link Reveals}; -1: none tells anything. */
    private final int tells;
    /** As {@link #tells}, but commands that may copy contents to another key count as if they showed them. */
    private final int mayTell;

    /** @param databases those in force, which for strict rule database depend on the whole user */
    Selector(SelectorRules rules, Databases databases, CommandSets sets, AccessSettings settings) {
        var commands = rules.commands();
        plain = commands.plain().clone();
        read = commands.read().clone();
        firstArgs = new byte[sets.size()][][];
        commands.firstArgs()
                .forEach((id, args) -> firstArgs[id] = args.stream()
                        .map(arg -> arg.toLowerCase(Locale.ROOT).getBytes(StandardCharsets.ISO_8859_1))
                        .toArray(byte[][]::new));
        firstArgsReadToo = commands.firstArgsReadToo();
        checksReadHalf = sets.hasHalves();
        keys = rules.keys().toArray(KeyPattern[]::new);
        isAllKeys = rules.isAllKeys();
        readsAllKeys = isAllKeys || hasStar(Form.READ);
        writesAllKeys = isAllKeys || hasStar(Form.WRITE);
        allKeysNeeded = settings.has(StrictRule.PATTERNS);
        channels = rules.channelGlobs().toArray(byte[][]::new);
        isAllChannels = rules.isAllChannels();
        this.databases = databases;
        isAllDatabases = databases.isAll();
        boolean allCommands = CommandSets.containsAll(plain, sets.everything())
                && (!checksReadHalf
                        || CommandSets.containsAll(read, sets.readsToo())
                                && CommandSets.containsAll(read, sets.mayReadToo()));
        isUnrestricted = allCommands && isAllKeys && isAllChannels && isAllDatabases;
        tells = strongest(sets, false);
        mayTell = strongest(sets, true);
    }

    private boolean hasStar(int access) {
        for (var key : keys) {
            if (key.isStar() && (key.access() & access) == access) {
                return true;
            }
        }
        return false;
    }

    private int strongest(CommandSets sets, boolean countsCopies) {
        int strongest = NOTHING;
        for (int id = 0; id < sets.size(); id++) {
            boolean readsToo = CommandSets.has(sets.readsToo(), id) || CommandSets.has(sets.mayReadToo(), id);
            boolean readsAlone = CommandSets.has(sets.readingAlone(), id);
            boolean isPlain = CommandSets.has(plain, id) && (readsAlone || readsToo && CommandSets.has(read, id));
            boolean byArgs = firstArgs[id] != null && (readsAlone || readsToo && firstArgsReadToo);
            if (isPlain || byArgs) {
                var reveals = readsToo && countsCopies ? Reveals.VALUE : sets.reveals(id);
                strongest = Math.max(strongest, reveals.ordinal());
            }
        }
        return strongest;
    }

    boolean isUnrestricted() {
        return isUnrestricted;
    }

    /** Whether it allows reading every key. */
    boolean readsAllKeys() {
        return readsAllKeys;
    }

    /** Whether commands of this selector tell something of the contents of a key. */
    boolean tellsOf(int database, byte[] buffer, int offset, int length) {
        return tells != NOTHING && contains(database) && grants(Form.READ, buffer, offset, length);
    }

    /** Whether commands of this selector tell something of the contents of keys in a database. */
    boolean tellsOf(int database) {
        return tells != NOTHING && contains(database);
    }

    /** Whether what another selector tells of a key is no more than what this one does. */
    boolean tellsAsMuchAs(Selector other) {
        return tells >= other.mayTell;
    }

    private boolean contains(int database) {
        return isAllDatabases || databases.contains(database);
    }

    /** Judges a form; returns a verdict of {@link Gate}. */
    int judge(CommandSpec spec, Args args, Form form, int database) {
        if (!allowsCommand(spec, args, form)) {
            return Gate.DENIED_COMMAND;
        }
        if (!isAllDatabases) {
            int verdict = judgeDatabases(form, database);
            if (verdict != Gate.ALLOWED) {
                return verdict;
            }
        }
        if (!isAllKeys) {
            int verdict = judgeKeys(args, form);
            if (verdict != Gate.ALLOWED) {
                return verdict;
            }
        }
        return isAllChannels || form.channelCount() == 0 ? Gate.ALLOWED : judgeChannels(args, form);
    }

    private boolean allowsCommand(CommandSpec spec, Args args, Form form) {
        int id = spec.id();
        boolean needsRead = checksReadHalf && form.readsToo;
        if (CommandSets.has(plain, id) && (!needsRead || CommandSets.has(read, id))) {
            return true;
        }
        byte[][] allowed = firstArgs[id];
        if (allowed == null || args.count() < 2 || needsRead && !firstArgsReadToo) {
            return false;
        }
        for (byte[] arg : allowed) {
            if (Args.equalsIgnoringCase(arg, args.buffer(), args.start(1), args.length(1))) {
                return true;
            }
        }
        return false;
    }

    private int judgeDatabases(Form form, int database) {
        if (form.allDatabases) {
            return deniedDatabase(ALL_DATABASES);
        }
        if ((form.keyCount() > 0 || form.touchesCurrentDatabase) && !databases.contains(database)) {
            return deniedDatabase(database + 1);
        }
        for (int i = 0; i < form.databaseCount(); i++) {
            if (!databases.contains(form.database(i))) {
                return deniedDatabase(form.database(i) + 1);
            }
        }
        for (int i = 0; i < form.keyCount(); i++) {
            int keyDatabase = form.keyDatabase(i);
            if (keyDatabase != Form.CURRENT_DATABASE && !databases.contains(keyDatabase)) {
                return deniedDatabase(keyDatabase + 1);
            }
        }
        return Gate.ALLOWED;
    }

    private static int deniedDatabase(int what) {
        return Gate.DENIED_DATABASE | what << 8;
    }

    private int judgeKeys(Args args, Form form) {
        for (int i = 0; i < form.keyCount(); i++) {
            int arg = form.keyArg(i);
            int access = form.keyAccess(i);
            if ((access & Form.TELLS) != 0) {
                access = checksReadHalf ? Form.READ | Form.WRITE : Form.WRITE;
            }
            if (!grants(access, args.buffer(), args.start(arg), args.length(arg))) {
                return Gate.DENIED_KEY | arg << 8;
            }
        }
        if (form.readsAnyKey && !readsAllKeys || allKeysNeeded && form.writesAllKeys && !writesAllKeys) {
            return Gate.DENIED_KEY;
        }
        return Gate.ALLOWED;
    }

    /** Whether one pattern grants at least the access to a key. */
    boolean grants(int access, byte[] buffer, int offset, int length) {
        if (isAllKeys) {
            return true;
        }
        for (var key : keys) {
            if (key.grants(access, buffer, offset, length)) {
                return true;
            }
        }
        return false;
    }

    /** Whether it lets read a key of a database. */
    boolean mayRead(int database, byte[] key) {
        return contains(database) && grants(Form.READ, key, 0, key.length);
    }

    /** Whether every channel that another selector lists is listed by one of these, or all are allowed. */
    static boolean keepChannels(Selector[] selectors, Selector[] others) {
        for (var selector : selectors) {
            if (selector.isAllChannels) {
                return true;
            }
        }
        for (var other : others) {
            if (other.isAllChannels || !listAll(selectors, other.channels)) {
                return false;
            }
        }
        return true;
    }

    private static boolean listAll(Selector[] selectors, byte[][] channels) {
        for (byte[] channel : channels) {
            boolean isListed = false;
            for (var selector : selectors) {
                for (byte[] own : selector.channels) {
                    isListed |= java.util.Arrays.equals(own, channel);
                }
            }
            if (!isListed) {
                return false;
            }
        }
        return true;
    }

    private int judgeChannels(Args args, Form form) {
        for (int i = 0; i < form.channelCount(); i++) {
            int arg = form.channelArg(i);
            if (!grantsChannel(args.buffer(), args.start(arg), args.length(arg), form.channelsArePatterns)) {
                return Gate.DENIED_CHANNEL | arg << 8;
            }
        }
        return Gate.ALLOWED;
    }

    private boolean grantsChannel(byte[] buffer, int offset, int length, boolean literally) {
        for (byte[] channel : channels) {
            boolean matches = literally
                    ? java.util.Arrays.equals(channel, 0, channel.length, buffer, offset, offset + length)
                    : Glob.matches(channel, 0, channel.length, buffer, offset, length, false);
            if (matches) {
                return true;
            }
        }
        return false;
    }

    /** Whether every subscription to a channel or pattern is allowed. */
    boolean allowsChannel(byte[] channel, boolean isPattern) {
        return isAllChannels || grantsChannel(channel, 0, channel.length, isPattern);
    }
}
