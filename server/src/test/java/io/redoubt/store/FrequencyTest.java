package io.redoubt.store;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class FrequencyTest {
    private static final long MINUTE = 60_000;
    private static final long NOW = 1_795_538_178_895L;

    private final Frequency frequency = new Frequency();

    private int usedTimes(int times) {
        int access = frequency.fresh(NOW);
        for (int i = 0; i < times; i++) {
            access = frequency.used(access, NOW);
        }
        return frequency.count(access, NOW);
    }

    @Test
    void grows_ever_more_seldom() {
        assertThat(usedTimes(0)).isEqualTo(5);
        assertThat(usedTimes(1)).isEqualTo(6);
        // The table in redis.conf for a factor of 10: 10, 18, 142 and 255, on average.
        assertThat(usedTimes(100)).isBetween(6, 20);
        assertThat(usedTimes(1000)).isBetween(12, 30);
        assertThat(usedTimes(100_000)).isBetween(110, 175);
        frequency.setLogFactor(0);
        assertThat(usedTimes(1000)).isEqualTo(255);
    }

    @Test
    void shrinks_with_the_minutes() {
        int access = frequency.fresh(NOW);
        assertThat(frequency.count(access, NOW + 3 * MINUTE)).isEqualTo(2);
        assertThat(frequency.count(access, NOW + 60 * MINUTE)).isZero();
        frequency.setDecayMinutes(10);
        assertThat(frequency.count(access, NOW + 30 * MINUTE)).isEqualTo(2);
        frequency.setDecayMinutes(0);
        assertThat(frequency.count(access, NOW + 60 * MINUTE)).isEqualTo(5);
        frequency.setDecayMinutes(1);
        // The minutes wrap around.
        assertThat(frequency.count(frequency.fresh(0xFFFFL * MINUTE), (0xFFFF + 2L) * MINUTE))
                .isEqualTo(3);
    }
}
