package io.redoubt.observe;

import static io.redoubt.command.CommandFlag.LOADING;
import static io.redoubt.command.CommandFlag.STALE;

import io.redoubt.command.ArgSpec;
import io.redoubt.command.Call;
import io.redoubt.command.Category;
import io.redoubt.command.CommandFamily;
import io.redoubt.command.CommandSpec;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/** INFO: prints the sections asked for, in their fixed order. */
public final class InfoCommands extends CommandFamily {
    private final List<InfoSection> sections;

    public InfoCommands(List<InfoSection> sections) {
        super("server");
        this.sections = List.copyOf(sections);
    }

    final CommandSpec info = command("INFO")
            .arity(-1)
            .since("1.0.0")
            .complexity("O(1)")
            .summary("Returns figures and facts about the server.")
            .history("7.0.0", "Added support for taking multiple section arguments.")
            .tips("nondeterministic_output", "request_policy:all_shards", "response_policy:special")
            .flags(LOADING, STALE)
            .categories(Category.DANGEROUS)
            .args(ArgSpec.string("section").optional().multiple())
            .handler(this::info);

    private void info(Call call) {
        var text = new StringBuilder(4096);
        for (var section : sections) {
            if (isWanted(call, section)) {
                if (!text.isEmpty()) {
                    text.append("\r\n");
                }
                text.append("# ").append(section.title()).append("\r\n");
                section.print((name, value) ->
                        text.append(name).append(':').append(value).append("\r\n"));
            }
        }
        call.reply().verbatim("txt", text.toString().getBytes(StandardCharsets.UTF_8));
    }

    private static boolean isWanted(Call call, InfoSection section) {
        if (call.argCount() == 1) {
            return section.isDefault();
        }
        for (int i = 1; i < call.argCount(); i++) {
            String word = call.args().text(i).toLowerCase(Locale.ROOT);
            boolean wanted = switch (word) {
                case "default" -> section.isDefault();
                case "all", "everything" -> true;
                case "module_list" -> section.name().equals("modules");
                default -> section.name().equals(word);
            };
            if (wanted) {
                return true;
            }
        }
        return false;
    }
}
