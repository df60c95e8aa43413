package io.redoubt.command;

import java.nio.charset.StandardCharsets;

/** How CLIENT LIST, CLIENT INFO and ACL LOG show a client: one line of fields, in the order of Redis 7.0.15. */
public final class ClientLine {
    private final boolean showsNewFields;

    /** @param showsNewFields whether there are the fields of Redis newer than 7.0: watch, lib-name and lib-ver */
    public ClientLine(boolean showsNewFields) {
        this.showsNewFields = showsNewFields;
    }

    /** Returns the line without its end, each byte one char. Fields of a client of another loop may be a little old. */
    public String of(Session session, long nowMillis) {
        var link = session.link();
        int queryBytes = link.queryBufferLength();
        int queryCapacity = Math.max(link.queryBufferCapacity(), queryBytes);
        long outputBytes = link.outputBytes();
        var transaction = session.transaction();
        long queuedBytes = transaction != null && transaction.isOpen()
                ? transaction.queue().sizeInBytes()
                : 0;
        var command = session.lastCommand();
        var subscriptions = session.subscriptions();
        var line = new StringBuilder(320)
                .append("id=")
                .append(session.id())
                .append(" addr=")
                .append(link.remoteAddress())
                .append(" laddr=")
                .append(link.localAddress())
                .append(" fd=")
                .append(link.descriptor())
                .append(" name=")
                .append(new String(session.name(), StandardCharsets.ISO_8859_1))
                .append(" age=")
                .append(seconds(nowMillis - session.createdMillis()))
                .append(" idle=")
                .append(seconds(nowMillis - session.lastUseMillis()))
                .append(" flags=");
        appendFlags(line, session);
        line.append(" db=")
                .append(session.database())
                .append(" sub=")
                .append(subscriptions == null ? 0 : subscriptions.channelCount())
                .append(" psub=")
                .append(subscriptions == null ? 0 : subscriptions.patternCount())
                .append(" ssub=")
                .append(subscriptions == null ? 0 : subscriptions.shardChannelCount())
                .append(" multi=")
                .append(
                        transaction != null && transaction.isOpen()
                                ? transaction.queue().count()
                                : -1);
        if (showsNewFields) {
            line.append(" watch=").append(transaction == null ? 0 : transaction.watchedCount());
        }
        line.append(" qbuf=")
                .append(queryBytes)
                .append(" qbuf-free=")
                .append(queryCapacity - queryBytes)
                .append(" argv-mem=0 multi-mem=")
                .append(queuedBytes)
                .append(" rbs=0 rbp=0 obl=0 oll=")
                .append(outputBytes > 0 ? 1 : 0)
                .append(" omem=")
                .append(outputBytes)
                .append(" tot-mem=")
                .append(link.memoryBytes() + queuedBytes)
                .append(" events=")
                .append(outputBytes > 0 ? "rw" : "r")
                .append(" cmd=")
                .append(command == null ? "NULL" : command.fullName())
                .append(" user=")
                .append(userName(session))
                .append(" redir=-1 resp=")
                .append(session.protocol());
        if (showsNewFields) {
            line.append(" lib-name=")
                    .append(session.libraryName())
                    .append(" lib-ver=")
                    .append(session.libraryVersion());
        }
        return line.toString();
    }

    private static long seconds(long millis) {
        return Math.max(0, millis) / 1000;
    }

    private static void appendFlags(StringBuilder line, Session session) {
        int start = line.length();
        if (session.isMonitor()) {
            line.append('O');
        } else if (session.isReplica()) {
            line.append('S');
        }
        if (session.isMaster()) {
            line.append('M');
        }
        if (session.subscriptions() != null) {
            line.append('P');
        }
        var transaction = session.transaction();
        if (transaction != null && transaction.isOpen()) {
            line.append('x');
        }
        if (session.isBlocked()) {
            line.append('b');
        }
        if (transaction != null && transaction.isDirty()) {
            line.append('d');
        }
        if (session.isClosing()) {
            line.append('c');
        }
        if (session.link().isUnixSocket()) {
            line.append('U');
        }
        if (session.isNoEvict()) {
            line.append('e');
        }
        if (session.isNoTouch()) {
            line.append('T');
        }
        if (line.length() == start) {
            line.append('N');
        }
    }

    /** Who has not authenticated yet shows as the default user, which in Redis every new connection is. */
    static String userName(Session session) {
        var user = session.user();
        if (user != null) {
            return user.name();
        }
        return session.isMaster() ? "(superuser)" : "default";
    }
}
