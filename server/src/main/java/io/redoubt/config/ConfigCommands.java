package io.redoubt.config;

import static io.redoubt.command.CommandFlag.ADMIN;
import static io.redoubt.command.CommandFlag.EXCLUSIVE;
import static io.redoubt.command.CommandFlag.LOADING;
import static io.redoubt.command.CommandFlag.NOSCRIPT;
import static io.redoubt.command.CommandFlag.SECRET_ARGUMENTS;
import static io.redoubt.command.CommandFlag.STALE;

import io.redoubt.command.ArgSpec;
import io.redoubt.command.Call;
import io.redoubt.command.CommandFamily;
import io.redoubt.command.CommandSpec;
import io.redoubt.command.Session;
import io.redoubt.command.SubcommandHelp;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** CONFIG and its subcommands. Changes run alone on the whole server, so that nobody acts on a half-changed setting. */
public final class ConfigCommands extends CommandFamily {
    private static final String[] HELP = {
        "GET <pattern> [<pattern> ...]",
        "    Returns the directives whose names match, and their values.",
        "SET <directive> <value> [<directive> <value> ...]",
        "    Changes directives: all of them, or none.",
        "RESETSTAT",
        "    Sets the figures of INFO back to zero.",
        "REWRITE",
        "    Writes the configuration to its file.",
    };

    private final Config config;
    private final ConfigEditor editor;
    private final @Nullable Path file;
    private final Supplier<@Nullable List<String>> userLines;
    private final Runnable resetStat;
    private final BooleanSupplier isLoading;
    private @Nullable Session issuer;

    /**
     * @param file the configuration file, or null when the server was started without one
     * @param isLoading whether the data set is being loaded, so that some directives must stay as they are
     * @param userLines the `user` lines that CONFIG REWRITE writes; null where an ACL file holds the users
     */
    public ConfigCommands(
            Config config,
            @Nullable Path file,
            Supplier<@Nullable List<String>> userLines,
            Runnable resetStat,
            BooleanSupplier isLoading) {
        super("server");
        this.config = config;
        editor = new ConfigEditor(config);
        this.file = file;
        this.userLines = userLines;
        this.resetStat = resetStat;
        this.isLoading = isLoading;
    }

    final CommandSpec container = command("CONFIG")
            .arity(-2)
            .since("2.0.0")
            .complexity("Depends on subcommand.")
            .summary("Holds the commands that read and change the configuration.");

    final CommandSpec get = subcommand(container, "GET")
            .arity(-3)
            .since("2.0.0")
            .complexity("O(N) when N is the number of configuration parameters provided")
            .summary("Returns the values of configuration directives.")
            .history("7.0.0", "Added the ability to pass multiple pattern parameters in one call")
            .flags(ADMIN, NOSCRIPT, LOADING, STALE)
            .args(ArgSpec.block("parameter", ArgSpec.string("parameter")).multiple())
            .handler(this::get);

    private void get(Call call) {
        var patterns = new ArrayList<String>();
        for (int i = 2; i < call.argCount(); i++) {
            patterns.add(call.args().text(i));
        }
        var settings = editor.get(patterns, config.isStrict("secrets"));
        var reply = call.reply();
        reply.mapHeader(settings.size());
        for (var setting : settings) {
            reply.bulk(bytes(setting.name()));
            reply.bulk(bytes(setting.value()));
        }
    }

    final CommandSpec set = subcommand(container, "SET")
            .arity(-4)
            .since("2.0.0")
            .complexity("O(N) when N is the number of configuration parameters provided")
            .summary("Changes configuration directives while the server runs.")
            .history("7.0.0", "Added the ability to set multiple parameters in one call.")
            .tips("request_policy:all_nodes", "response_policy:all_succeeded")
            .flags(ADMIN, NOSCRIPT, LOADING, STALE, EXCLUSIVE, SECRET_ARGUMENTS)
            .args(ArgSpec.block("parameter_value", ArgSpec.string("parameter"), ArgSpec.string("value"))
                    .multiple())
            .handler(this::set);

    private void set(Call call) {
        if ((call.argCount() & 1) != 0) {
            call.reply().error("ERR syntax error");
            return;
        }
        var settings = new ArrayList<ConfigEditor.Setting>();
        for (int i = 2; i < call.argCount(); i += 2) {
            String name = call.args().text(i);
            String value = call.args().text(i + 1);
            // Directives hold text, as read from a file in UTF-8: what is none could be neither kept nor written back.
            String text = new String(value.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
            if (!new String(bytes(text), StandardCharsets.ISO_8859_1).equals(value)) {
                call.reply()
                        .error("ERR CONFIG SET failed (possibly related to argument '" + name
                                + "') - argument must be valid UTF-8");
                return;
            }
            settings.add(new ConfigEditor.Setting(name, text));
        }
        String allowed = config.security.enableProtectedConfigs.value();
        boolean mayChangeProtected = allowed.equals("yes")
                || allowed.equals("local") && call.session().link().isLocal();
        String problem;
        issuer = call.session();
        try {
            problem = editor.set(settings, mayChangeProtected, config.isStrict("secrets"), isLoading.getAsBoolean());
        } finally {
            issuer = null;
        }
        if (problem == null) {
            call.reply().ok();
        } else {
            call.reply().error(problem);
        }
    }

    /** The client whose CONFIG SET is running, for listeners that must spare it; null outside. Exclusive mode. */
    public @Nullable Session issuer() {
        return issuer;
    }

    final CommandSpec resetStatCommand = subcommand(container, "RESETSTAT")
            .arity(2)
            .since("2.0.0")
            .complexity("O(1)")
            .summary("Sets the figures that INFO reports back to zero.")
            .tips("request_policy:all_nodes", "response_policy:all_succeeded")
            .flags(ADMIN, NOSCRIPT, LOADING, STALE, EXCLUSIVE)
            .handler(this::resetStat);

    private void resetStat(Call call) {
        resetStat.run();
        call.reply().ok();
    }

    final CommandSpec rewrite = subcommand(container, "REWRITE")
            .arity(2)
            .since("2.8.0")
            .complexity("O(1)")
            .summary("Writes the configuration in force to the file it came from.")
            .tips("request_policy:all_nodes", "response_policy:all_succeeded")
            .flags(ADMIN, NOSCRIPT, LOADING, STALE, EXCLUSIVE)
            .handler(this::rewrite);

    private void rewrite(Call call) {
        if (file == null) {
            call.reply().error("ERR The server is running without a config file");
            return;
        }
        try {
            ConfigFile.rewrite(file, config, userLines.get(), false);
            call.reply().ok();
        } catch (IOException failure) {
            call.reply().error("ERR Rewriting config file: " + ConfigFile.reason(failure));
        }
    }

    /**
     * DEBUG CONFIG-REWRITE-FORCE-ALL: writes every directive to the file, defaults included. Exclusive mode.
     *
     * @return null, or why that failed
     */
    public @Nullable String rewriteAll() {
        if (file == null) {
            return "The server is running without a config file";
        }
        try {
            ConfigFile.rewrite(file, config, userLines.get(), true);
            return null;
        } catch (IOException failure) {
            return ConfigFile.reason(failure);
        }
    }

    final CommandSpec help = subcommand(container, "HELP")
            .arity(2)
            .since("5.0.0")
            .complexity("O(1)")
            .summary("Describes the subcommands.")
            .flags(LOADING, STALE)
            .handler(this::help);

    private void help(Call call) {
        SubcommandHelp.reply(call.reply(), "CONFIG", HELP);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
