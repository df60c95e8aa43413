package io.redoubt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.config.ConfigException;
import io.redoubt.config.ConfigLoader;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What `check-config` refuses is what a start refuses. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class CheckConfigTest {
    @TempDir
    Path folder;

    private List<String> check(String... lines) throws IOException, ConfigException, StartException {
        var file = folder.resolve("redis.conf");
        Files.write(file, List.of(lines));
        var loaded = ConfigLoader.load(List.of(file.toString()), InputStream.nullInputStream());
        try (var silent = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
                var log = new ServerLog(silent, null, ServerLog.Level.WARNING)) {
            return Redoubt.check(loaded, log);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "user bob on >secret ~* +@al; Error loading ACL rule '+@al' for the user named 'bob': Unknown command or category name",
                "user bob on >secret ~* ~a; Adding a pattern after the * pattern",
                "aclfile /nonexistent/users.acl; opening file '/nonexistent/users.acl': No such file or directory",
                "tls-port 6380; does not speak TLS yet",
                "cluster-enabled yes; has no cluster yet",
                "rename-command FLUSHALLL \"\"; rename-command FLUSHALLL: No such command in rename-command",
                "rename-command config|get \"\"; No such command in rename-command",
            })
    void what_a_start_refuses_is_found(String line, String message) {
        assertThatThrownBy(() -> check(line))
                .isInstanceOf(StartException.class)
                .hasMessageContaining(message)
                .message()
                .doesNotContain("secret");
    }

    @Test
    void a_good_one_passes_with_its_warnings() throws Exception {
        assertThat(check("rename-command FLUSHALL \"\"", "rename-command EVAL \"\"", "user bob on >x ~* +@all"))
                .isEmpty();
        assertThat(check("requirepass a", "user default on nopass ~* +@all"))
                .singleElement()
                .asString()
                .contains("merge");
        assertThat(folder.resolve("dump.rdb")).doesNotExist();
    }
}
