package io.redoubt.replication;

import static io.redoubt.command.CommandFlag.ADMIN;
import static io.redoubt.command.CommandFlag.ALLOW_BUSY;
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
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** The commands between masters and replicas, and those that set and show the role. */
public final class ReplicationCommands extends CommandFamily {
    private static final byte[] NO_MASTER_LINK =
            Errors.line("NOMASTERLINK Can't SYNC while not connected with my master");
    private static final byte[] NO_FAILOVER = Errors.line("ERR PSYNC FAILOVER can't be sent to a master.");
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
            .flags(ADMIN, NOSCRIPT, NO_ASYNC_LOADING, NO_MULTI)
            .reveals(Reveals.VALUE)
            .args(ArgSpec.string("replicationid"), ArgSpec.integer("offset"))
            .handler(this::psync);

    private void psync(Call call) {
        if (!call.parseLong(2)) {
            return;
        }
        long nextOffset = call.parsed();
        if (call.argCount() > 3 && call.argIs(3, "FAILOVER")) {
            call.reply().error(NO_FAILOVER);
            return;
        }
        synchronize(call, call.args().text(1), nextOffset, false);
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
        if (!replication.canServe()) {
            call.reply().error(NO_MASTER_LINK);
            return;
        }
        var replica = Replica.of(session);
        replica.isLegacy = isLegacy;
        replication.log().line(false, "Replica " + replica.name() + " asks for synchronization");
        long now = call.nowMillis();
        var link = session.link();
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
                return; // Never answered, and FACK behind it tells of the replica's own disk only.
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
            long offset = io.redoubt.resp.Decimal.parseLong(
                    call.args().buffer(), call.args().start(arg), call.args().length(arg), -1);
            if (offset >= 0) {
                replication.acknowledged(replica, offset, call.nowMillis());
            }
        }
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
        for (String word : call.args().text(arg).split(" ")) {
            if (!word.isEmpty() && !word.toLowerCase(Locale.ROOT).equals("functions")) {
                call.reply().error("ERR Unsupported rdb-filter-only option: " + word);
                return false;
            }
        }
        Replica.of(call.session()).wantsNoData = true;
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
        long port = io.redoubt.resp.Decimal.parseLong(
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
