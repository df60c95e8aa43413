package io.redoubt.command;

import java.util.ArrayList;
import java.util.List;

/** Commands that belong together, each declared by a field above its handler. */
public abstract class CommandFamily {
    private final String group;
    private final List<CommandSpec> specs = new ArrayList<>();

    /** @param group the group that COMMAND DOCS shows, such as {@code string} */
    protected CommandFamily(String group) {
        this.group = group;
    }

    /** Declares a command. */
    protected final CommandSpec command(String name) {
        var spec = new CommandSpec(name, null, group);
        specs.add(spec);
        return spec;
    }

    /** Declares a subcommand of a container of this family. */
    protected final CommandSpec subcommand(CommandSpec container, String name) {
        var spec = new CommandSpec(name, container, container.group());
        container.addSubcommand(spec);
        return spec;
    }

    /** Returns the commands that this family declares. */
    public final List<CommandSpec> specs() {
        return List.copyOf(specs);
    }
}
