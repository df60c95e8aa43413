package io.redoubt;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.command.CommandReference;
import io.redoubt.config.ConfigException;
import io.redoubt.config.ConfigLoader;
import io.redoubt.config.ConfigReference;
import io.redoubt.observe.ServerLog;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The pages in docs/ that follow from declarations. With {@code -Dredoubt.writePages=true} they are written instead. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class GeneratedPagesTest {
    /** Tests run in the module's folder. */
    private static final Path DOCS = Path.of("..", "docs");

    @Test
    void the_page_about_directives_is_that_of_the_declarations() throws IOException {
        comparePage("configuration.md", ConfigReference.markdown());
    }

    @Test
    void the_page_about_commands_is_that_of_a_servers_table(@TempDir Path directory)
            throws IOException, ConfigException, StartException {
        var console = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
        var arguments = List.of("--port", "0", "--save", "", "--dir", directory.toString());
        try (var log = new ServerLog(console, null, ServerLog.Level.WARNING);
                var server = Redoubt.start(ConfigLoader.load(arguments, InputStream.nullInputStream()), log)) {
            comparePage("commands.md", CommandReference.markdown(server.table()));
        }
    }

    private static void comparePage(String name, String expected) throws IOException {
        var page = DOCS.resolve(name);
        if (Boolean.getBoolean("redoubt.writePages")) {
            Files.writeString(page, expected);
        }
        assertThat(page)
                .as("written by: mvn -pl server test -Dtest=GeneratedPagesTest -Dredoubt.writePages=true")
                .content(StandardCharsets.UTF_8)
                .isEqualTo(expected);
    }
}
