package io.redoubt.persist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class AofManifestTest {
    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(AofManifest manifest) {
        return new String(manifest.text(), StandardCharsets.UTF_8);
    }

    @Test
    void a_rewrite_makes_a_new_base_and_history_of_what_stands_before() {
        var first = AofManifest.EMPTY.withBase("a.1.base.rdb", 1).withNextIncrement("a");
        assertThat(text(first)).isEqualTo("file a.1.base.rdb seq 1 type b\nfile a.1.incr.aof seq 1 type i\n");
        var second = first.withNextIncrement("a").withNextIncrement("a");
        assertThat(second.nextBaseName("a", true)).isEqualTo("a.2.base.rdb");
        assertThat(second.nextBaseName("a", false)).isEqualTo("a.2.base.aof");
        assertThat(text(second.withBase("a.2.base.rdb", 2).withIncrementsAsHistory(1)))
                .isEqualTo("""
                        file a.2.base.rdb seq 2 type b
                        file a.1.incr.aof seq 1 type h
                        file a.2.incr.aof seq 2 type h
                        file a.1.base.rdb seq 1 type h
                        file a.3.incr.aof seq 3 type i
                        """);
    }

    @Test
    void what_is_written_is_read_again_whatever_the_name() throws Exception {
        for (String name : new String[] {"plain", " file seq \n\n.aof ", "quo\"te", "b\\s", "it's", "Grüße", "tab\t"}) {
            var manifest = AofManifest.EMPTY
                    .withBase(name + ".1.base.rdb", 1)
                    .withNextIncrement(name)
                    .withNextIncrement(name);
            assertThat(AofManifest.parse(manifest.text())).isEqualTo(manifest);
        }
    }

    @Test
    void remarks_and_pairs_that_are_not_known_are_passed_over() throws Exception {
        var manifest = AofManifest.parse(bytes("# by hand\nseq 7 new value type i file x startoffset 9\n"));
        assertThat(manifest.lastIncrement()).isEqualTo(new AofManifest.Part("x", 7));
        assertThat(manifest.incrementSeq()).isEqualTo(7);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            quoteCharacter = '\0',
            delimiter = '|',
            value = {
                "file a/b seq 1 type b|File can't be a path, just a filename",
                "file .. seq 1 type b|File can't be a path, just a filename",
                "file a seq 1 type x|Unknown AOF file type",
                "filx a seq 1 type b|Invalid AOF manifest file format",
                "file a type b|Invalid AOF manifest file format",
                "file a seq 1 type b more|Invalid AOF manifest file format",
                "file a seq one type b|Invalid AOF manifest file format",
                "file \"a seq 1 type b|Invalid AOF manifest file format"
            })
    void a_bad_line_is_refused_with_the_words_of_redis(String line, String reason) {
        assertThatThrownBy(() -> AofManifest.parse(bytes(line + "\n"))).hasMessage(reason);
    }

    @Test
    void what_contradicts_itself_is_refused() {
        assertThatThrownBy(() -> AofManifest.parse(new byte[0])).hasMessage("Found an empty AOF manifest");
        assertThatThrownBy(() -> AofManifest.parse(bytes("file a seq 1 type b\n\n")))
                .hasMessage("Invalid AOF manifest file format");
        assertThatThrownBy(() -> AofManifest.parse(bytes("file a seq 1 type b\nfile b seq 2 type b\n")))
                .hasMessage("Found duplicate base file information");
        assertThatThrownBy(() -> AofManifest.parse(bytes("file a seq 2 type i\nfile b seq 1 type i\n")))
                .hasMessage("Found a non-monotonic sequence number");
        assertThatThrownBy(() -> AofManifest.parse(bytes("file a seq 2 type i")))
                .hasMessage("The AOF manifest file contains too long line");
        assertThatThrownBy(() -> AofManifest.parse(bytes("x".repeat(1024) + "\n")))
                .hasMessage("The AOF manifest file contains too long line");
    }
}
