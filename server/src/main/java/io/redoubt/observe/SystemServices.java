package io.redoubt.observe;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What only the C library can do: tell systemd that the service is ready (a datagram to a unix socket) and write to the
 * system's log. Loaded only when a directive asks for it.
 *
 * @see <a href="https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html">sd_notify</a>
 */
@SuppressWarnings("restricted") // The launcher allows native access.
public final class SystemServices {
    private static final int AF_UNIX = 1;
    private static final int SOCK_DGRAM = 2;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int LOG_PID = 1;
    private static final List<String> FACILITIES =
            List.of("local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7");

    private final Linker linker = Linker.nativeLinker();

    private MethodHandle find(String name, FunctionDescriptor type, Linker.Option... options) {
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type, options);
    }

    /**
     * Sends a state to the supervisor that {@code NOTIFY_SOCKET} names.
     *
     * @param socketName the variable's value; a leading {@code @} means an abstract name
     * @return whether it was sent
     */
    public boolean notifySupervisor(String socketName, String state) {
        var socket = find(
                "socket",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        var send = find(
                "sendto",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_INT,
                        ValueLayout.ADDRESS,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_INT,
                        ValueLayout.ADDRESS,
                        ValueLayout.JAVA_INT));
        var close = find("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        try (var memory = Arena.ofConfined()) {
            byte[] name = socketName.getBytes(StandardCharsets.UTF_8);
            if (name.length > 107) {
                return false;
            }
            if (name[0] == '@') {
                name[0] = 0;
            }
            MemorySegment address = memory.allocate(2 + name.length + 1L);
            address.set(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.nativeOrder()), 0, (short) AF_UNIX);
            MemorySegment.copy(name, 0, address, ValueLayout.JAVA_BYTE, 2, name.length);
            byte[] text = state.getBytes(StandardCharsets.UTF_8);
            MemorySegment message = memory.allocate(text.length);
            MemorySegment.copy(text, 0, message, ValueLayout.JAVA_BYTE, 0, text.length);
            int descriptor = (int) socket.invokeExact(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
            if (descriptor < 0) {
                return false;
            }
            long sent = (long) send.invokeExact(descriptor, message, (long) text.length, 0, address, 2 + name.length);
            int closed = (int) close.invokeExact(descriptor);
            return sent == text.length && closed == 0;
        } catch (Throwable thrown) {
            throw new IllegalStateException("sd_notify", thrown);
        }
    }

    /** A way into the system's log. */
    public interface SystemLog {
        void write(ServerLog.Level level, String message);
    }

    /** Opens the system's log. */
    public SystemLog openLog(String identity, String facility) {
        int number = facility.equals("user") ? 1 << 3 : 16 + Math.max(0, FACILITIES.indexOf(facility)) << 3;
        var open = find(
                "openlog", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        var log = find(
                "syslog",
                FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS),
                Linker.Option.firstVariadicArg(2));
        var kept = Arena.global(); // openlog keeps the pointer.
        MemorySegment format = kept.allocateFrom("%s");
        try {
            open.invokeExact(kept.allocateFrom(identity), LOG_PID, number);
        } catch (Throwable thrown) {
            throw new IllegalStateException("openlog", thrown);
        }
        return (level, message) -> {
            int priority = switch (level) {
                case DEBUG -> 7;
                case VERBOSE -> 6;
                case NOTICE -> 5;
                case WARNING -> 4;
            };
            try (var memory = Arena.ofConfined()) {
                log.invokeExact(priority | number, format, memory.allocateFrom(message));
            } catch (Throwable thrown) {
                throw new IllegalStateException("syslog", thrown);
            }
        };
    }
}
