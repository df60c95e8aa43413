package io.redoubt.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Random;
import java.util.TimeZone;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class LogTimeTest {
    private static final DateTimeFormatter FORMAT =
            DateTimeFormatter.ofPattern("dd MMM uuuu HH:mm:ss.SSS", Locale.ROOT);
    private static final long YEAR_2600 = Instant.parse("2600-01-01T00:00:00Z").toEpochMilli();

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"})
    void a_time_reads_as_java_time_formats_it(String zone) {
        var time = new LogTime(zone.equals("UTC") ? null : TimeZone.getTimeZone(zone));
        var random = new Random(25);
        for (int i = 0; i < 20_000; i++) {
            long millis = random.nextLong(YEAR_2600);
            assertThat(text(time, millis)).isEqualTo(expected(zone, millis));
        }
    }

    @Test
    void every_day_of_four_centuries_has_its_date() {
        var time = new LogTime(null);
        for (long day = 0; day < 146_098; day++) {
            long millis = day * 86_400_000 + 86_399_999;
            assertThat(text(time, millis)).isEqualTo(expected("UTC", millis));
        }
    }

    @Test
    void the_time_of_the_system_is_that_of_the_jdk() {
        long now = System.currentTimeMillis();
        assertThat(text(LogTime.ofSystem(), now))
                .isEqualTo(expected(ZoneId.systemDefault().getId(), now));
    }

    private static String text(LogTime time, long millis) {
        var line = new StringBuilder();
        time.append(line, millis);
        return line.toString();
    }

    private static String expected(String zone, long millis) {
        return FORMAT.format(Instant.ofEpochMilli(millis).atZone(ZoneId.of(zone)));
    }
}
