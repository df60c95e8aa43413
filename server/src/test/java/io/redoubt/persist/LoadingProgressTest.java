package io.redoubt.persist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class LoadingProgressTest {
    private long nowMillis = 5_000;
    private final InstantSource clock = () -> Instant.ofEpochMilli(nowMillis);
    private final LoadingProgress progress = new LoadingProgress(clock);

    @Test
    void follows_what_is_read_from_one_source_after_the_other() throws IOException {
        progress.begin(40);
        assertThat(progress.startSeconds()).isEqualTo(5);
        assertThat(progress.secondsLeft()).isEqualTo(1);
        progress.counting(new ByteArrayInputStream(new byte[6])).readAllBytes();
        var second = progress.counting(new ByteArrayInputStream(new byte[34]));
        assertThat(second.read()).isZero();
        second.readNBytes(2);
        assertThat(progress.loadedBytes()).isEqualTo(9);
        assertThat(progress.percentage()).isEqualTo(22.5);
        nowMillis = 15_000;
        assertThat(progress.secondsLeft()).isEqualTo(31);
        second.readAllBytes();
        assertThat(progress.percentage()).isEqualTo(100);
        assertThat(progress.secondsLeft()).isZero();
    }

    @Test
    void says_little_where_nobody_knows_how_much_there_is() throws IOException {
        progress.begin(0);
        progress.counting(new ByteArrayInputStream(new byte[9])).readAllBytes();
        nowMillis = 8_000;
        assertThat(progress.percentage()).isZero();
        assertThat(progress.secondsLeft()).isZero();
    }

    @Test
    void shows_what_the_writer_took_and_no_other_fact() {
        progress.begin(1);
        progress.aux("redis-ver", "7");
        assertThat(progress.writersMemory()).isZero();
        progress.aux("used-mem", "12345");
        assertThat(progress.writersMemory()).isEqualTo(12345);
        progress.aux("used-mem", "-1; drop");
        assertThat(progress.writersMemory()).isEqualTo(12345);
    }
}
