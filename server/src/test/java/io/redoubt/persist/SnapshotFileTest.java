package io.redoubt.persist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayNameGeneration(ReplaceUnderscores.class)
class SnapshotFileTest {

    @TempDir
    Path directory;

    @Test
    void shows_the_file_only_when_it_is_committed() throws IOException {
        byte[] bytes = new byte[200_000];
        new SplittableRandom(1).nextBytes(bytes);
        Files.writeString(directory.resolve("dump.rdb"), "old");
        try (SnapshotFile file = SnapshotFile.create(directory, "dump.rdb")) {
            file.write(bytes, 0, 70_000);
            file.write(bytes, 70_000, 130_000);
            assertThat(directory.resolve("dump.rdb")).hasContent("old");
            file.commit();
        }
        assertThat(directory.resolve("dump.rdb")).hasBinaryContent(bytes);
        assertThat(names()).containsExactly("dump.rdb");
    }

    @Test
    void leaves_the_old_file_and_nothing_else_when_it_is_not_committed() throws IOException {
        Files.writeString(directory.resolve("dump.rdb"), "old");
        try (SnapshotFile file = SnapshotFile.create(directory, "dump.rdb")) {
            file.write(new byte[10], 0, 10);
            assertThat(names()).contains("temp-" + ProcessHandle.current().pid() + ".rdb");
        }
        assertThat(directory.resolve("dump.rdb")).hasContent("old");
        assertThat(names()).containsExactly("dump.rdb");
    }

    @Test
    void leaves_nothing_when_the_name_cannot_be_taken() throws IOException {
        Files.createDirectories(directory.resolve("dump.rdb").resolve("in-the-way"));
        try (SnapshotFile file = SnapshotFile.create(directory, "dump.rdb")) {
            file.write(new byte[10], 0, 10);
            assertThatThrownBy(file::commit).isInstanceOf(IOException.class);
        }
        assertThat(names()).containsExactly("dump.rdb");
    }

    @Test
    void replaces_a_temporary_file_of_an_earlier_crash_and_does_not_follow_a_link() throws IOException {
        Path outside = Files.writeString(directory.resolve("precious"), "untouched");
        Path temporary = directory.resolve("temp-" + ProcessHandle.current().pid() + ".rdb");
        Files.createSymbolicLink(temporary, outside);
        try (SnapshotFile file = SnapshotFile.create(directory, "dump.rdb")) {
            file.write(new byte[] {'n', 'e', 'w'}, 0, 3);
            file.commit();
        }
        assertThat(outside).hasContent("untouched");
        assertThat(directory.resolve("dump.rdb")).hasContent("new");
    }

    private List<String> names() throws IOException {
        try (var files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }
}
