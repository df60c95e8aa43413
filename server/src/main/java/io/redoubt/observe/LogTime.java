package io.redoubt.observe;

import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.TimeZone;
import org.jspecify.annotations.Nullable;

/**
 * Local date and time as the log shows them: {@code 24 Nov 2026 08:25:34.181}. Calculated here, because java.time takes
 * as long to load its time zones as the server to build everything else, and the first PONG waits for the first line.
 */
final class LogTime {
    private static final List<String> MONTHS =
            List.of("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec");
    private static final long DAY_MILLIS = 86_400_000;
    private static final long DAYS_TO_1970 = 719_468; // From 1 March of the year 0.
    private static final int CYCLE_DAYS = 146_097; // 400 years, after which the calendar repeats.
    private static final String SYSTEM_ZONE = "/etc/localtime";
    private static final int PLAIN_ZONE_BYTES_MAX = 200; // A zone without a change of its clocks is shorter than that.

    private final @Nullable TimeZone zone;

    /** @param zone null for UTC */
    LogTime(@Nullable TimeZone zone) {
        this.zone = zone;
    }

    /** The time of this machine. Most servers keep UTC; that is found out without loading all other zones. */
    static LogTime ofSystem() {
        return new LogTime(isUtc() ? null : TimeZone.getDefault());
    }

    private static boolean isUtc() {
        if (System.getProperty("user.timezone") != null
                && !System.getProperty("user.timezone").isEmpty()) {
            return false; // Said to the JVM; it may be UTC, but then somebody has time for this.
        }
        String variable = System.getenv("TZ");
        if (variable != null) {
            return variable.equals("UTC") || variable.equals("Etc/UTC");
        }
        // Not by java.nio.file, which loads channels for it.
        try (var file = new FileInputStream(SYSTEM_ZONE)) {
            var bytes = file.readNBytes(PLAIN_ZONE_BYTES_MAX);
            return new String(bytes, StandardCharsets.ISO_8859_1).endsWith("\nUTC0\n");
        } catch (IOException _) {
            return false; // The JDK knows more places to look at.
        }
    }

    void append(StringBuilder line, long epochMillis) {
        long local = zone == null ? epochMillis : epochMillis + zone.getOffset(epochMillis);
        int ofDay = (int) Math.floorMod(local, DAY_MILLIS);
        // Years begin in March here, so that the odd day comes last; then lengths of months follow a line.
        long day = Math.floorDiv(local, DAY_MILLIS) + DAYS_TO_1970;
        long cycle = Math.floorDiv(day, CYCLE_DAYS);
        int ofCycle = Math.floorMod(day, CYCLE_DAYS);
        int yearOfCycle = (ofCycle - ofCycle / 1460 + ofCycle / 36_524 - ofCycle / 146_096) / 365;
        int ofYear = ofCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100);
        int month = (5 * ofYear + 2) / 153; // 0 is March.
        boolean isNextYear = month >= 10;
        appendPadded(line, ofYear - (153 * month + 2) / 5 + 1, 2);
        line.append(' ').append(MONTHS.get(isNextYear ? month - 10 : month + 2)).append(' ');
        line.append(400 * cycle + yearOfCycle + (isNextYear ? 1 : 0)).append(' ');
        appendPadded(line, ofDay / 3_600_000, 2);
        line.append(':');
        appendPadded(line, ofDay / 60_000 % 60, 2);
        line.append(':');
        appendPadded(line, ofDay / 1000 % 60, 2);
        line.append('.');
        appendPadded(line, ofDay % 1000, 3);
    }

    private static void appendPadded(StringBuilder line, int number, int width) {
        for (int limit = width == 3 ? 100 : 10; limit > 1 && number < limit; limit /= 10) {
            line.append('0');
        }
        line.append(number);
    }
}
