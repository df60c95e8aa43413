package io.redoubt.command;

import io.redoubt.config.Config;
import io.redoubt.config.ConfigCommands;
import io.redoubt.persist.DumpCommands;
import java.time.InstantSource;
import java.util.List;

/** All families, for tests that walk the command table. A new family is added here and is tested from then on. */
final class EveryFamily {
    private EveryFamily() {}

    static CommandFixture fixture() {
        var gate = new StubGate(null);
        var server = new ServerCommands(InstantSource.system(), "7.0.15");
        var families = List.of(
                new ConnectionCommands(gate, 16),
                new ClientCommands(new Sessions(), new ServerState(), new ClientLine(false), name -> true),
                server,
                new SetCommands(),
                new ZSetCommands(),
                new ListCommands(),
                new GeoCommands(),
                new StreamCommands(),
                new StreamGroupCommands(),
                new StreamInfoCommands(),
                new SortCommands(),
                new CounterCommands(),
                new HashCommands(),
                new HashFieldCommands(),
                new StringCommands(() -> 512L << 20),
                new BitCommands(() -> 512L << 20),
                new HyperLogLogCommands(() -> 3000),
                new KeyCommands(gate, 16, () -> false),
                new ExpireCommands(),
                new TransactionCommands(),
                new ClusterCommands(),
                new DumpCommands(() -> true),
                new ConfigCommands(new Config(), null, () -> null, () -> {}, () -> false));
        var fixture = new CommandFixture(families.toArray(CommandFamily[]::new));
        server.useTable(fixture.table());
        return fixture;
    }
}
