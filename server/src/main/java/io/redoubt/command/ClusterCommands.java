package io.redoubt.command;

import static io.redoubt.command.ArgSpec.block;
import static io.redoubt.command.ArgSpec.integer;
import static io.redoubt.command.ArgSpec.oneOf;
import static io.redoubt.command.ArgSpec.string;
import static io.redoubt.command.ArgSpec.word;
import static io.redoubt.command.CommandFlag.ADMIN;
import static io.redoubt.command.CommandFlag.LOADING;
import static io.redoubt.command.CommandFlag.NOSCRIPT;
import static io.redoubt.command.CommandFlag.NO_ASYNC_LOADING;
import static io.redoubt.command.CommandFlag.STALE;

/** CLUSTER, as it is where there is no cluster: each subcommand is known, and says so. */
public final class ClusterCommands extends CommandFamily {
    private static final String NONDETERMINISTIC = "nondeterministic_output";

    public ClusterCommands() {
        super("cluster");
        ask("COUNTKEYSINSLOT", 3, "Counts the keys of a slot.").args(integer("slot"));
        ask("GETKEYSINSLOT", 4, "Returns keys of a slot.")
                .complexity("O(log(N)), N = keys that are asked for")
                .tips(NONDETERMINISTIC)
                .args(integer("slot"), integer("count"));
        ask("HELP", 2, "Explains the subcommands of CLUSTER.").since("5.0.0").flags(LOADING);
        ask("INFO", 2, "Says how the cluster is.").tips(NONDETERMINISTIC);
        ask("KEYSLOT", 3, "Returns the slot of a key.")
                .complexity("O(N), N = bytes of the key")
                .args(string("key"));
        ask("LINKS", 2, "Lists the connections to other nodes.")
                .since("7.0.0")
                .complexity("O(N), N = nodes")
                .tips(NONDETERMINISTIC);
        ask("MYID", 2, "Returns the name of this node.");
        ask("NODES", 2, "Lists the nodes as a node keeps them.")
                .complexity("O(N), N = nodes")
                .tips(NONDETERMINISTIC);
        ask("SHARDS", 2, "Lists slots with their nodes.")
                .since("7.0.0")
                .complexity("O(N), N = nodes")
                .tips(NONDETERMINISTIC);
        ask("SLOTS", 2, "Lists slots with their nodes.")
                .history("4.0.0", "Names of nodes.")
                .history("7.0.0", "More about the addresses of nodes.")
                .deprecated("7.0.0", "`CLUSTER SHARDS`")
                .complexity("O(N), N = nodes")
                .tips(NONDETERMINISTIC);

        ofAdmins("COUNT-FAILURE-REPORTS", 3, "Counts the reports that a node has failed.")
                .complexity("O(N), N = reports")
                .tips(NONDETERMINISTIC)
                .args(string("node-id"));
        ofAdmins("REPLICAS", 3, "Lists the replicas of a node.")
                .since("5.0.0")
                .tips(NONDETERMINISTIC)
                .args(string("node-id"));
        ofAdmins("RESET", -2, "Forgets the cluster.")
                .flags(NOSCRIPT)
                .complexity("O(N), N = nodes")
                .args(oneOf("hard_soft", word("hard", "HARD"), word("soft", "SOFT"))
                        .optional());
        ofAdmins("SLAVES", 3, "Lists the replicas of a node.")
                .deprecated("5.0.0", "`CLUSTER REPLICAS`")
                .tips(NONDETERMINISTIC)
                .args(string("node-id"));

        change("ADDSLOTS", -3, "Takes slots.")
                .complexity("O(N), N = slots")
                .args(integer("slot").multiple());
        change("ADDSLOTSRANGE", -4, "Takes ranges of slots.")
                .since("7.0.0")
                .complexity("O(N), N = slots")
                .args(slotRanges());
        change("BUMPEPOCH", 2, "Raises the epoch of the configuration.").tips(NONDETERMINISTIC);
        change("DELSLOTS", -3, "Lets go of slots.")
                .complexity("O(N), N = slots")
                .args(integer("slot").multiple());
        change("DELSLOTSRANGE", -4, "Lets go of ranges of slots.")
                .since("7.0.0")
                .complexity("O(N), N = slots")
                .args(slotRanges());
        change("FAILOVER", -2, "Lets a replica become the master.")
                .args(oneOf("options", word("force", "FORCE"), word("takeover", "TAKEOVER"))
                        .optional());
        change("FLUSHSLOTS", 2, "Lets go of every slot.");
        change("FORGET", 3, "Removes a node.").args(string("node-id"));
        change("MEET", -4, "Connects to a node.")
                .history("4.0.0", "Takes the port of the bus.")
                .args(
                        string("ip"),
                        integer("port"),
                        integer("cluster_bus_port").optional().since("4.0.0"));
        change("REPLICATE", 3, "Becomes a replica of a node.").args(string("node-id"));
        change("SAVECONFIG", 2, "Writes the configuration to disk.");
        change("SET-CONFIG-EPOCH", 3, "Sets the epoch of the configuration.").args(integer("config-epoch"));
        change("SETSLOT", -4, "Says where a slot is, or goes to.")
                .args(
                        integer("slot"),
                        oneOf(
                                "subcommand",
                                string("node-id").token("IMPORTING"),
                                string("node-id").token("MIGRATING"),
                                string("node-id").token("NODE"),
                                word("stable", "STABLE")));
    }

    final CommandSpec cluster = command("CLUSTER")
            .arity(-2)
            .since("3.0.0")
            .complexity("Depends on the subcommand.")
            .summary("Holds the commands about a cluster.");

    private static ArgSpec slotRanges() {
        return block("start-slot_end-slot", integer("start-slot"), integer("end-slot"))
                .multiple();
    }

    private CommandSpec ask(String name, int arity, String summary) {
        return subcommand(cluster, name)
                .arity(arity)
                .since("3.0.0")
                .complexity("O(1)")
                .summary(summary)
                .flags(STALE)
                .handler(ConnectionCommands::needCluster);
    }

    private CommandSpec ofAdmins(String name, int arity, String summary) {
        return ask(name, arity, summary).flags(ADMIN);
    }

    private CommandSpec change(String name, int arity, String summary) {
        return ofAdmins(name, arity, summary).flags(NO_ASYNC_LOADING);
    }
}
