package io.redoubt.observe;

import static io.redoubt.command.CommandFlag.LOADING;
import static io.redoubt.command.CommandFlag.READONLY;
import static io.redoubt.command.CommandFlag.STALE;

import io.redoubt.command.ArgSpec;
import io.redoubt.command.Call;
import io.redoubt.command.CommandFamily;
import io.redoubt.command.CommandSpec;
import io.redoubt.command.Errors;
import io.redoubt.command.KeySpec;
import io.redoubt.command.Reveals;
import io.redoubt.command.SubcommandHelp;
import io.redoubt.resp.Reply;
import java.nio.charset.StandardCharsets;

/** MEMORY: what keys, buffers and the heap take. */
public final class MemoryCommands extends CommandFamily {
    private static final long TOO_LITTLE_TO_JUDGE = 5 << 20;
    private static final int FIXED_STATS = 27;

    private final MemoryAccount account;

    public MemoryCommands(MemoryAccount account) {
        super("server");
        this.account = account;
    }

    final CommandSpec container = command("MEMORY")
            .arity(-2)
            .since("4.0.0")
            .complexity("Depends on subcommand")
            .summary("Groups the commands about memory.");

    final CommandSpec usage = subcommand(container, "USAGE")
            .arity(-3)
            .since("4.0.0")
            .complexity("O(1)")
            .summary("Shows how many bytes a key and its value take.")
            .flags(READONLY)
            .key(2, KeySpec.Flag.RO)
            .reveals(Reveals.LENGTH)
            .args(ArgSpec.key("key"), ArgSpec.integer("count").token("SAMPLES").optional())
            .handler(this::usage);

    private void usage(Call call) {
        long samples = 5;
        for (int i = 3; i < call.argCount(); i += 2) {
            if (!call.argIs(i, "SAMPLES") || i + 1 == call.argCount()) {
                call.reply().error(Errors.SYNTAX);
                return;
            }
            if (!call.parseLong(i + 1)) {
                return;
            }
            samples = call.parsed();
            if (samples < 0) {
                call.reply().error(Errors.SYNTAX);
                return;
            }
        }
        if (call.find(2)) {
            call.reply().integer(call.entry().sizeInBytes(samples));
        } else {
            call.reply().nil();
        }
    }

    final CommandSpec stats = subcommand(container, "STATS")
            .arity(2)
            .since("4.0.0")
            .complexity("O(1)")
            .summary("Shows what memory is used for.")
            .tips("nondeterministic_output", "request_policy:all_shards", "response_policy:special")
            .reveals(Reveals.LENGTH)
            .handler(this::stats);

    private void stats(Call call) {
        var keyspace = call.keyspace();
        var reply = call.reply();
        long used = account.usedBytes();
        long peak = Math.max(account.peakBytes(), used);
        long overhead = account.overheadBytes();
        long heap = account.heapBytes();
        long heapUsed = account.heapUsedBytes();
        long keyCount = 0;
        int databaseCount = 0;
        for (int database = 0; database < keyspace.databaseCount(); database++) {
            keyCount += keyspace.size(database);
            databaseCount += keyspace.size(database) > 0 ? 1 : 0;
        }
        long dataset = Math.max(0, used - overhead);
        long net = Math.max(1, used - account.startupBytes());
        reply.mapHeader(FIXED_STATS + (long) databaseCount);
        number(reply, "peak.allocated", peak);
        number(reply, "total.allocated", used);
        number(reply, "startup.allocated", account.startupBytes());
        number(reply, "replication.backlog", 0);
        number(reply, "clients.slaves", 0);
        number(reply, "clients.normal", account.clientBytes());
        number(reply, "cluster.links", 0);
        number(reply, "aof.buffer", 0);
        number(reply, "lua.caches", 0);
        number(reply, "functions.caches", 0);
        for (int database = 0; database < keyspace.databaseCount(); database++) {
            if (keyspace.size(database) > 0) {
                reply.bulk("db." + database);
                reply.mapHeader(3);
                number(reply, "overhead.hashtable.main", keyspace.size(database) * 8);
                number(reply, "overhead.hashtable.expires", keyspace.expiryCount(database) * 8);
                number(reply, "overhead.hashtable.slot-to-keys", 0);
            }
        }
        number(reply, "overhead.total", overhead);
        number(reply, "keys.count", keyCount);
        number(reply, "keys.bytes-per-key", keyCount == 0 ? 0 : Math.max(0, used - account.startupBytes()) / keyCount);
        number(reply, "dataset.bytes", dataset);
        real(reply, "dataset.percentage", 100.0 * dataset / net);
        real(reply, "peak.percentage", peak == 0 ? 0 : 100.0 * used / peak);
        number(reply, "allocator.allocated", used);
        number(reply, "allocator.active", heapUsed);
        number(reply, "allocator.resident", heap);
        real(reply, "allocator-fragmentation.ratio", ratio(heapUsed, used));
        number(reply, "allocator-fragmentation.bytes", heapUsed - used);
        real(reply, "allocator-rss.ratio", ratio(heap, heapUsed));
        number(reply, "allocator-rss.bytes", heap - heapUsed);
        real(reply, "rss-overhead.ratio", 1);
        number(reply, "rss-overhead.bytes", 0);
        real(reply, "fragmentation", ratio(heap, used));
        number(reply, "fragmentation.bytes", heap - used);
    }

    private static double ratio(long whole, long part) {
        return part == 0 ? 1 : (double) whole / part;
    }

    private static void number(Reply reply, String name, long value) {
        reply.bulk(name);
        reply.integer(value);
    }

    private static void real(Reply reply, String name, double value) {
        reply.bulk(name);
        reply.real(value);
    }

    final CommandSpec doctor = subcommand(container, "DOCTOR")
            .arity(2)
            .since("4.0.0")
            .complexity("O(1)")
            .summary("Says in words what is unusual about memory.")
            .tips("nondeterministic_output", "request_policy:all_shards", "response_policy:special")
            .handler(this::doctor);

    private void doctor(Call call) {
        long used = account.usedBytes();
        String text;
        if (used < TOO_LITTLE_TO_JUDGE) {
            text = "This instance is empty or holds very little data: too little for a diagnosis.\n";
        } else if (account.peakBytes() > used + used / 2) {
            text = "Peak memory was " + account.peakBytes() + " bytes, much more than the " + used
                    + " bytes in use now. The heap may have grown beyond what is needed; it shrinks by itself.\n";
        } else {
            text = "Nothing unusual was found in the memory of this instance.\n";
        }
        call.reply().verbatim("txt", text.getBytes(StandardCharsets.US_ASCII));
    }

    final CommandSpec mallocStats = subcommand(container, "MALLOC-STATS")
            .arity(2)
            .since("4.0.0")
            .complexity("O(1)")
            .summary("Shows the figures of the allocator, which is the JVM's heap.")
            .tips("nondeterministic_output", "request_policy:all_shards", "response_policy:special")
            .handler(this::mallocStats);

    private void mallocStats(Call call) {
        String text = "heap committed: " + account.heapBytes() + "\nheap used: " + account.heapUsedBytes()
                + "\nheap limit: " + Runtime.getRuntime().maxMemory() + "\nkeys and values: "
                + call.keyspace().usedBytes() + "\n";
        call.reply().verbatim("txt", text.getBytes(StandardCharsets.US_ASCII));
    }

    final CommandSpec purge = subcommand(container, "PURGE")
            .arity(2)
            .since("4.0.0")
            .complexity("O(1)")
            .summary("Asks for unused memory to be given back; the collector does that by itself.")
            .tips("request_policy:all_shards", "response_policy:all_succeeded")
            .handler(this::purge);

    private void purge(Call call) {
        call.reply().ok();
    }

    final CommandSpec help = subcommand(container, "HELP")
            .arity(2)
            .since("4.0.0")
            .complexity("O(1)")
            .summary("Explains the subcommands of MEMORY.")
            .flags(LOADING, STALE)
            .handler(this::help);

    private void help(Call call) {
        SubcommandHelp.reply(
                call.reply(),
                "MEMORY",
                "DOCTOR",
                "    Say what is unusual about memory.",
                "MALLOC-STATS",
                "    Show the figures of the JVM's heap.",
                "PURGE",
                "    Ask for unused memory to be given back.",
                "STATS",
                "    Show what memory is used for.",
                "USAGE <key> [SAMPLES <count>]",
                "    Show how many bytes <key> and its value take; always exact, so that <count> has no effect.");
    }
}
