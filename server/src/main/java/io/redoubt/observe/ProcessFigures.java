package io.redoubt.observe;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the operating system says of this process; read from /proc, because the JDK's beans take long to load. */
public final class ProcessFigures {
    private static final long CLOCK_TICKS = 100;
    private static final long PAGE_BYTES = 4096;

    private ProcessFigures() {}

    /** This process's id. From /proc if it is there, because {@link ProcessHandle} begins with starting threads. */
    public static long processId() {
        try {
            return Long.parseLong(Files.readSymbolicLink(Path.of("/proc/self")).toString());
        } catch (IOException | NumberFormatException _) {
            return ProcessHandle.current().pid();
        }
    }

    /** CPU seconds. */
    record Cpu(double user, double system, double childUser, double childSystem) {}

    static long residentBytes() {
        String[] words = words(Path.of("/proc/self/statm"));
        return words.length > 1 ? Long.parseLong(words[1]) * PAGE_BYTES : 0;
    }

    static Cpu cpu() {
        String stat = read(Path.of("/proc/self/stat"));
        String[] words = stat.substring(stat.lastIndexOf(')') + 1).trim().split(" ");
        return words.length < 15
                ? new Cpu(0, 0, 0, 0)
                : new Cpu(seconds(words[11]), seconds(words[12]), seconds(words[13]), seconds(words[14]));
    }

    private static double seconds(String ticks) {
        return Long.parseLong(ticks) / (double) CLOCK_TICKS;
    }

    static long systemMemoryBytes() {
        for (String line : read(Path.of("/proc/meminfo")).split("\n")) {
            if (line.startsWith("MemTotal:")) {
                return Long.parseLong(line.substring(line.indexOf(':') + 1, line.lastIndexOf(' '))
                                .trim())
                        * 1024;
            }
        }
        return 0;
    }

    /** How many files and sockets may be open at a time; the largest number where nobody says. */
    public static long openFilesMax() {
        String name = "Max open files";
        for (String line : read(Path.of("/proc/self/limits")).split("\n")) {
            if (line.startsWith(name)) {
                String soft = line.substring(name.length()).trim().split(" ", 2)[0];
                return soft.equals("unlimited") ? Long.MAX_VALUE : Long.parseLong(soft);
            }
        }
        return Long.MAX_VALUE;
    }

    private static String[] words(Path file) {
        return read(file).trim().split(" ");
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException _) {
            return ""; // Not Linux, or /proc is not mounted: the figure is 0.
        }
    }
}
