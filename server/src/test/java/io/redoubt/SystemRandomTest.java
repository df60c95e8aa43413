package io.redoubt;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class SystemRandomTest {
    @Test
    void numbers_do_not_repeat() {
        var seen = new HashSet<Long>();
        for (int i = 0; i < 1000; i++) {
            seen.add(new SystemRandom().nextLong());
        }
        assertThat(seen).hasSize(1000);
    }

    @Test
    void all_bytes_are_filled() {
        var everSet = new byte[4096];
        for (int i = 0; i < 16; i++) {
            var bytes = new byte[4096];
            new SystemRandom().nextBytes(bytes);
            for (int at = 0; at < bytes.length; at++) {
                everSet[at] |= bytes[at];
            }
        }
        assertThat(everSet).doesNotContain(0);
    }
}
