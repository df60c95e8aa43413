package io.redoubt.replication;

import static io.redoubt.command.CommandFlag.ADMIN;
import static io.redoubt.command.CommandFlag.ALLOW_BUSY;
import static io.redoubt.command.CommandFlag.BLOCKING;
import static io.redoubt.command.CommandFlag.EXCLUSIVE;
import static io.redoubt.command.CommandFlag.FAST;
import static io.redoubt.command.CommandFlag.LOADING;
import static io.redoubt.command.CommandFlag.NOSCRIPT;
import static io.redoubt.command.CommandFlag.NO_ASYNC_LOADING;
import static io.redoubt.command.CommandFlag.NO_MULTI;
import static io.redoubt.command.CommandFlag.STALE;

import io.redoubt.command.ArgSpec;
import io.redoubt.command.Call;
import io.redoubt.command.Category;
import io.redoubt.command.CommandFamily;
import io.redoubt.command.CommandSpec;
import io.redoubt.command.Errors;
import io.redoubt.command.Reveals;
import io.redoubt.resp.Decimal;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The commands between masters and replicas, and those that set and show the role. */
public final class ReplicationCommands extends CommandFamily {
    private static final byte[] NO_MASTER_LINK =
            Errors.line("NOMASTERLINK Can't SYNC while not connected with my master");
    private static final byte[] FAILING_OVER = Errors.line("NOMASTERLINK Can't SYNC while failing over");
    private static final byte[] FAILOVER_OF_MASTER = Errors.line("ERR PSYNC FAILOVER can't be sent to a master.");
    private static final byte[] FAILOVER_OF_OTHER = Errors.line("ERR PSYNC FAILOVER replid must match my replid.");
    private static final byte[] NO_REPLICAOF = Errors.line("ERR REPLICAOF not allowed while failing over.");
    private static final byte[] WAIT_ON_REPLICA = Errors.line("ERR WAIT cannot be used with replica instances. Please"
            + " also note that since Redis 4.0 if a replica is configured to be writable (which is not the default)"
            + " writes to replicas are just local and are not propagated.");
    private static final byte[] WAIT_AOF_ON_REPLICA = Errors.line(
            "ERR WAITAOF cannot be used with replica instances. Please also note that writes to replicas are"
                    + " just local and are not propagated.");
    private static final byte[] BAD_PORT = Errors.line("ERR Invalid master port");
    private static final byte[] BAD_HOST = Errors.line("ERR Invalid master host");
    private static final byte[] ZERO_OR_ONE = Errors.line("ERR value is out of range, value must between 0 and 1");
    private static final int IP_LENGTH_MAX = 255;

    private final Replication replication;

    public ReplicationCommands(Replication replication) {
        super("server");
        this.replication = replication;
    }

    final CommandSpec psync = command("PSYNC")
            .arity(-3)
            .since("2.8.0")
            .summary("Asks a master for its stream, from an offset or with a snapshot first.")
            .flags(ADMIN, NOSCRIPT, NO_ASYNC_LOADING, NO_MULTI, EXCLUSIVE) // FAILOVER makes us a master.
            .reveals(Reveals.VALUE)
            .args(ArgSpec.string("replicationid"), ArgSpec.integer("offset"))
            .handler(this::psync);

    private void psync(Call call) {
        if (call.argCount() > 3 && call.argIs(3, "FAILOVER") && !takeOver(call)) {
            return;
        }
        if (call.parseLong(2)) {
            synchronize(call, call.args().text(1), call.parsed(), false);
        }
    }

    /** Our master wants to be our replica. Says whether we are the master now; else the error is written. */
    private boolean takeOver(Call call) {
        String id = call.args().text(1);
        replication.log().line(true, "Failover request received for replid " + printable(id) + ".");
        if (!replication.isReplica()) {
            call.reply().error(FAILOVER_OF_MASTER);
            return false;
        }
        if (!id.equalsIgnoreCase(replication.id())) {
            call.reply().error(FAILOVER_OF_OTHER);
            return false;
        }
        replication.becomeMaster();
        replication.log().line(false, "MASTER MODE enabled (failover request from " + client(call) + ")");
        return true;
    }

    final CommandSpec sync = command("SYNC")
            .arity(1)
            .since("1.0.0")
            .summary("Asks a master for a snapshot and its stream, as replicas did before PSYNC.")
            .flags(ADMIN, NOSCRIPT, NO_ASYNC_LOADING, NO_MULTI)
            .reveals(Reveals.VALUE)
            .handler(this::sync);

    private void sync(Call call) {
        synchronize(call, "?", -1, true);
    }

    private void synchronize(Call call, String id, long nextOffset, boolean isLegacy) {
        var session = call.session();
        if (session.isReplica()) {
            return; // It is in the middle of it; an answer would stand in the stream.
        }
        if (replication.failover().isRunning()) {
            call.reply().error(FAILING_OVER);
            return;
        }
        if (!replication.canServe()) {
            call.reply().error(NO_MASTER_LINK);
            return;
        }
        var replica = Replica.of(session);
        replica.isLegacy = isLegacy;
        replication.log().line(false, "Replica " + replica.name() + " asks for synchronization");
        long now = call.nowMillis();
        var link = session.link();
        if (replication.settings().joinsSmallPackets) {
            link.joinSmallPackets();
        }
        var reader = isLegacy ? null : replication.tryPartial(replica, id, nextOffset, now);
        if (reader == null) {
            replication.addWaiting(replica, now);
        }
        // What follows comes from other threads as well, so the replies before it have to be out first.
        call.suspend();
        if (reader != null) {
            String answer = replica.understandsPsync2 ? "+CONTINUE " + replication.id() + "\r\n" : "+CONTINUE\r\n";
            link.resume(_ -> {
                link.push(answer.getBytes(StandardCharsets.US_ASCII));
                replication.follow(replica);
            });
        } else {
            link.resume(_ -> replication.startTransfers(now));
        }
    }

    final CommandSpec replconf = command("REPLCONF")
            .arity(-1)
            .since("3.0.0")
            .complexity("O(1)")
            .summary("Tells a master about its replica.")
            .flags(ADMIN, NOSCRIPT, LOADING, STALE, ALLOW_BUSY)
            .handler(this::replconf);

    private void replconf(Call call) {
        if (call.argCount() % 2 == 0) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        for (int i = 1; i < call.argCount(); i += 2) {
            if (call.argIs(i, "ACK")) {
                acknowledge(call, i + 1);
                return; // Never answered.
            }
            if (call.argIs(i, "GETACK")) {
                return; // A question for replicas; their links answer it.
            }
            if (!option(call, i)) {
                return;
            }
        }
        call.reply().ok();
    }

    private void acknowledge(Call call, int arg) {
        if (call.session().attachment() instanceof Replica replica
                && call.session().isReplica()) {
            long offset = offset(call, arg);
            if (offset >= 0) {
                boolean hasFile = arg + 2 < call.argCount() && call.argIs(arg + 1, "FACK");
                replication.acknowledged(replica, offset, hasFile ? offset(call, arg + 2) : -1, call.nowMillis());
            }
        }
    }

    private static long offset(Call call, int arg) {
        return Decimal.parseLong(
                call.args().buffer(), call.args().start(arg), call.args().length(arg), -1);
    }

    /** Takes one option; false when it is refused, and the error is written. */
    private static boolean option(Call call, int arg) {
        if (call.argIs(arg, "LISTENING-PORT")) {
            if (!call.parseLong(arg + 1)) {
                return false;
            }
            Replica.of(call.session()).listeningPort = (int) call.parsed();
        } else if (call.argIs(arg, "IP-ADDRESS")) {
            int length = call.args().length(arg + 1);
            if (length > IP_LENGTH_MAX) {
                call.reply()
                        .error("ERR REPLCONF ip-address provided by replica instance is too long: " + length
                                + " bytes");
                return false;
            }
            Replica.of(call.session()).announcedIp = printable(call.args().text(arg + 1));
        } else if (call.argIs(arg, "CAPA")) {
            var replica = Replica.of(call.session());
            replica.understandsEof |= call.argIs(arg + 1, "EOF");
            replica.understandsPsync2 |= call.argIs(arg + 1, "PSYNC2");
        } else if (call.argIs(arg, "RDB-ONLY")) {
            if (!call.parseLong(arg + 1)) {
                return false;
            }
            if (call.parsed() != 0 && call.parsed() != 1) {
                call.reply().error(ZERO_OR_ONE);
                return false;
            }
            Replica.of(call.session()).wantsSnapshotOnly = call.parsed() == 1;
        } else if (call.argIs(arg, "RDB-FILTER-ONLY")) {
            return filter(call, arg + 1);
        } else {
            call.reply()
                    .error("ERR Unrecognized REPLCONF option: " + call.args().text(arg));
            return false;
        }
        return true;
    }

    /** Which sections the snapshot is to have; any list leaves the data out. */
    private static boolean filter(Call call, int arg) {
        boolean wantsLibraries = false;
        for (String word : call.args().text(arg).split(" ")) {
            if (!word.isEmpty() && !word.toLowerCase(Locale.ROOT).equals("functions")) {
                call.reply().error("ERR Unsupported rdb-filter-only option: " + word);
                return false;
            }
            wantsLibraries |= !word.isEmpty();
        }
        var replica = Replica.of(call.session());
        replica.wantsNoData = true;
        replica.wantsNoLibraries = !wantsLibraries;
        return true;
    }

    /** Words of peers go into INFO lines and logs, so they may not break them. */
    private static String printable(String text) {
        return text.chars().allMatch(c -> c > ' ' && c < 0x7f && c != ',') ? text : "";
    }

    final CommandSpec role = command("ROLE")
            .arity(1)
            .since("2.8.12")
            .complexity("O(1)")
            .summary("Returns whether the server is master or replica, and how far replication is.")
            .flags(NOSCRIPT, LOADING, STALE, FAST)
            .categories(Category.ADMIN, Category.DANGEROUS)
            .handler(this::role);

    private void role(Call call) {
        var reply = call.reply();
        var link = replication.master();
        if (link != null) {
            boolean isUp = link.state() == MasterLink.State.CONNECTED;
            reply.arrayHeader(5);
            reply.bulk("slave");
            reply.bulk(link.host());
            reply.integer(link.port());
            reply.bulk(link.state().word);
            reply.integer(isUp ? replication.offset() : -1);
            return;
        }
        var online = replication.replicas().stream()
                .filter(replica -> replica.state == Replica.State.ONLINE)
                .toList();
        reply.arrayHeader(3);
        reply.bulk("master");
        reply.integer(replication.offset());
        reply.arrayHeader(online.size());
        for (var replica : online) {
            reply.arrayHeader(3);
            reply.bulk(replica.ip());
            reply.bulk(Integer.toString(replica.listeningPort));
            reply.bulk(Long.toString(replica.ackOffset));
        }
    }

    final CommandSpec wait = command("WAIT")
            .group("generic")
            .arity(3)
            .since("3.0.0")
            .complexity("O(1)")
            .summary("Waits until so many replicas have acknowledged the writes of this connection.")
            .tips("request_policy:all_shards", "response_policy:agg_min")
            .flags(NOSCRIPT)
            .categories(Category.CONNECTION)
            .args(ArgSpec.integer("numreplicas"), ArgSpec.integer("timeout"))
            .handler(this::await);

    private void await(Call call) {
        if (replication.isReplica()) {
            call.reply().error(WAIT_ON_REPLICA);
            return;
        }
        if (!call.parseLong(1)) {
            return;
        }
        long wanted = call.parsed();
        if (!parseTimeout(call, 2)) {
            return;
        }
        int count = replication.acknowledgedCount(call.session().streamOffset());
        if (count >= wanted || !call.maySuspend()) {
            call.reply().integer(count);
        } else {
            replication.ackWaits().add(call, wanted, call.parsed());
        }
    }

    private static boolean parseTimeout(Call call, int arg) {
        if (!call.parseLong(arg, Errors.TIMEOUT_NO_INTEGER)) {
            return false;
        }
        if (call.parsed() < 0) {
            call.reply().error(Errors.TIMEOUT_NEGATIVE);
            return false;
        }
        return true;
    }

    final CommandSpec waitAof = command("WAITAOF")
            .group("generic")
            .arity(4)
            .since("7.2.0")
            .complexity("O(1)")
            .summary(
                    "Waits until the writes of this connection are on the disks of this server and of so many replicas.")
            .tips("request_policy:all_shards", "response_policy:agg_min")
            .flags(BLOCKING)
            .categories(Category.CONNECTION)
            .args(ArgSpec.integer("numlocal"), ArgSpec.integer("numreplicas"), ArgSpec.integer("timeout"))
            .handler(this::awaitDisks);

    private void awaitDisks(Call call) {
        if (!call.parseLong(1)) {
            return;
        }
        long wantedHere = call.parsed();
        if (wantedHere < 0 || wantedHere > 1) {
            call.reply().error(ZERO_OR_ONE);
            return;
        }
        if (!call.parseLong(2)) {
            return;
        }
        long wanted = call.parsed();
        if (wanted < 0) {
            call.reply().error(Errors.NOT_POSITIVE);
            return;
        }
        if (!parseTimeout(call, 3)) {
            return;
        }
        if (replication.isReplica()) {
            call.reply().error(WAIT_AOF_ON_REPLICA);
            return;
        }
        if (wantedHere == 1 && !replication.hasFile()) {
            call.reply().error(AckWaits.NO_FILE);
            return;
        }
        int here = replication.isDurable(call.session().fileOffset()) ? 1 : 0;
        int count = replication.durableCount(call.session().streamOffset());
        if (here >= wantedHere && count >= wanted || !call.maySuspend()) {
            call.reply().arrayHeader(2);
            call.reply().integer(here);
            call.reply().integer(count);
        } else {
            replication.ackWaits().addForDisks(call, wantedHere == 1, wanted, call.parsed());
        }
    }

    final CommandSpec failover = command("FAILOVER")
            .arity(-1)
            .since("6.2.0")
            .complexity("O(1)")
            .summary("Exchanges the roles of this master and one of its replicas.")
            .flags(ADMIN, NOSCRIPT, STALE, EXCLUSIVE)
            .args(
                    ArgSpec.block(
                                    "target",
                                    ArgSpec.string("host"),
                                    ArgSpec.integer("port"),
                                    ArgSpec.word("force", "FORCE").optional())
                            .token("TO")
                            .optional(),
                    ArgSpec.word("abort", "ABORT").optional(),
                    ArgSpec.integer("milliseconds").token("TIMEOUT").optional())
            .handler(this::failOver);

    private void failOver(Call call) {
        String host = null;
        int port = 0;
        long timeoutMillis = 0;
        boolean isForced = false;
        for (int i = 1; i < call.argCount(); i++) {
            if (call.argCount() == 2 && call.argIs(i, "ABORT")) {
                abortFailover(call);
                return;
            }
            if (timeoutMillis == 0 && call.argIs(i, "TIMEOUT") && i + 1 < call.argCount()) {
                if (!call.parseLong(++i)) {
                    return;
                }
                timeoutMillis = call.parsed();
                if (timeoutMillis <= 0) {
                    call.reply().error("ERR FAILOVER timeout must be greater than 0");
                    return;
                }
            } else if (host == null && call.argIs(i, "TO") && i + 2 < call.argCount()) {
                if (!call.parseLong(i + 2)) {
                    return;
                }
                port = Math.clamp(call.parsed(), -1, 65536);
                host = call.args().text(i + 1);
                i += 2;
            } else if (!isForced && call.argIs(i, "FORCE")) {
                isForced = true;
            } else {
                call.reply().error(Errors.SYNTAX);
                return;
            }
        }
        String refusal = refusalOfFailover(host, port, timeoutMillis, isForced);
        if (refusal != null) {
            call.reply().error(refusal);
            return;
        }
        long end = timeoutMillis == 0 ? 0 : call.nowMillis() + Math.min(timeoutMillis, Long.MAX_VALUE / 2);
        replication.failover().start(new Failover.Request(host, port, end, isForced));
        call.reply().ok();
    }

    private void abortFailover(Call call) {
        if (replication.failover().isRunning()) {
            replication.failover().abort("Failover manually aborted");
            call.reply().ok();
        } else {
            call.reply().error("ERR No failover in progress.");
        }
    }

    private @Nullable String refusalOfFailover(@Nullable String host, int port, long timeoutMillis, boolean isForced) {
        if (replication.failover().isRunning()) {
            return "ERR FAILOVER already in progress.";
        }
        if (replication.isReplica()) {
            return "ERR FAILOVER is not valid when server is a replica.";
        }
        var replicas = replication.replicas();
        if (replicas.isEmpty()) {
            return "ERR FAILOVER requires connected replicas.";
        }
        if (isForced && (timeoutMillis == 0 || host == null)) {
            return "ERR FAILOVER with force option requires both a timeout and target HOST and IP.";
        }
        if (host == null) {
            return null;
        }
        for (var replica : replicas) {
            if (Failover.isAt(replica, host, port)) {
                return replica.state == Replica.State.ONLINE ? null : "ERR FAILOVER target replica is not online.";
            }
        }
        return "ERR FAILOVER target HOST and PORT is not a replica.";
    }

    private static ArgSpec[] hostOrNobody() {
        return new ArgSpec[] {
            ArgSpec.oneOf(
                    "args",
                    ArgSpec.block("host-port", ArgSpec.string("host"), ArgSpec.integer("port")),
                    ArgSpec.block("no-one", ArgSpec.word("no", "NO"), ArgSpec.word("one", "ONE")))
        };
    }

    final CommandSpec replicaof = command("REPLICAOF")
            .arity(3)
            .since("5.0.0")
            .complexity("O(1)")
            .summary("Makes the server a replica of another, or a master.")
            .flags(ADMIN, NOSCRIPT, STALE, NO_ASYNC_LOADING, EXCLUSIVE)
            .args(hostOrNobody())
            .handler(this::replicaOf);

    final CommandSpec slaveof = command("SLAVEOF")
            .arity(3)
            .since("1.0.0")
            .complexity("O(1)")
            .summary("Makes the server a replica of another, or a master; the old name of REPLICAOF.")
            .deprecated("5.0.0", "`REPLICAOF`")
            .flags(ADMIN, NOSCRIPT, STALE, NO_ASYNC_LOADING, EXCLUSIVE)
            .args(hostOrNobody())
            .handler(this::replicaOf);

    private void replicaOf(Call call) {
        if (replication.failover().isRunning()) {
            call.reply().error(NO_REPLICAOF);
            return;
        }
        if (call.argIs(1, "NO") && call.argIs(2, "ONE")) {
            if (replication.isReplica()) {
                replication.becomeMaster();
                replication.log().line(false, "MASTER MODE enabled (user request from " + client(call) + ")");
            }
            call.reply().ok();
            return;
        }
        if (call.session().isReplica()) {
            call.reply().error("ERR Command is not valid when client is a replica.");
            return;
        }
        long port = Decimal.parseLong(
                call.args().buffer(), call.args().start(2), call.args().length(2), -1);
        if (port < 0 || port > 65535) {
            call.reply().error(BAD_PORT);
            return;
        }
        String host = printable(call.args().text(1));
        if (host.isEmpty()) {
            call.reply().error(BAD_HOST);
            return;
        }
        if (replication.replicaOf(host, (int) port) == Replication.Change.SAME_MASTER) {
            call.reply().status("OK Already connected to specified master");
            return;
        }
        replication
                .log()
                .line(false, "REPLICAOF " + host + ":" + port + " enabled (user request from " + client(call) + ")");
        call.reply().ok();
    }

    private static String client(Call call) {
        var user = call.session().user();
        return "'id=" + call.session().id() + " addr=" + call.session().link().remoteAddress() + " user="
                + (user == null ? "" : user.name()) + "'";
    }
}
