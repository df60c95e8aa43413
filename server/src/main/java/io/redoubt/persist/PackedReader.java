package io.redoubt.persist;

import io.redoubt.type.Element;
import io.redoubt.type.Listpack;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Reads the elements of a packed value of a file, one after the other: a listpack, or the ziplist that Redis wrote
 * before 7.0. The bytes are proved before an element is shown.
 */
abstract class PackedReader {
    /** Number of elements. */
    abstract int count();

    /** Shows the next element; false at the end. */
    abstract boolean next(Element into);

    /** A reader of a listpack; null if the bytes are damaged. */
    static @Nullable PackedReader listpack(byte[] blob) {
        int count = Listpack.validate(blob, 0, blob.length);
        return count < 0 ? null : new OfListpack(blob, count);
    }

    /** A reader of a ziplist; null if the bytes are damaged. */
    static @Nullable PackedReader ziplist(byte[] blob) {
        var reader = new OfZiplist(blob);
        return reader.isIntact() ? reader : null;
    }

    private static final class OfListpack extends PackedReader {
        private final byte[] blob;
        private final int count;
        private int at;

        OfListpack(byte[] blob, int count) {
            this.blob = blob;
            this.count = count;
            at = Listpack.first(blob, 0);
        }

        @Override
        int count() {
            return count;
        }

        @Override
        boolean next(Element into) {
            if (at == Listpack.NONE) {
                return false;
            }
            Listpack.get(blob, 0, at, into);
            at = Listpack.next(blob, 0, at);
            return true;
        }
    }

    /**
     * A ziplist: its size (32 bits), the offset of its last element (32 bits), the number of elements (16 bits; 65535:
     * more), the elements, 0xFF. An element is the size of the one before (one byte, or 0xFE and four), an encoding, and
     * data; lengths of strings are big endian, integers little endian.
     */
    private static final class OfZiplist extends PackedReader {
        private static final int HEADER_BYTES = 10;
        private static final int END = 0xFF;
        private static final int COUNT_UNKNOWN = 0xFFFF;
        private static final VarHandle SHORT =
                MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
        private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
        private static final VarHandle LONG =
                MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

        private final byte[] blob;
        private int count;
        private int at = HEADER_BYTES;

        OfZiplist(byte[] blob) {
            this.blob = blob;
        }

        boolean isIntact() {
            if (blob.length < HEADER_BYTES + 1
                    || (int) INT.get(blob, 0) != blob.length
                    || (blob[blob.length - 1] & 0xFF) != END) {
                return false;
            }
            var element = new Element();
            int last = HEADER_BYTES;
            int lastBytes = 0;
            while ((blob[at] & 0xFF) != END) {
                int from = at;
                if (!read(element) || at >= blob.length || previousBytes(from) != lastBytes) {
                    return false;
                }
                last = from;
                lastBytes = at - from;
                count++;
            }
            int stated = (short) SHORT.get(blob, 8) & 0xFFFF;
            boolean isRight = at == blob.length - 1
                    && (stated == count || stated == COUNT_UNKNOWN)
                    && (int) INT.get(blob, 4) == last;
            at = HEADER_BYTES;
            return isRight;
        }

        @Override
        int count() {
            return count;
        }

        @Override
        boolean next(Element into) {
            return (blob[at] & 0xFF) != END && read(into);
        }

        /** What an element says of the size of the one before. */
        private int previousBytes(int from) {
            int first = blob[from] & 0xFF;
            return first < 0xFE ? first : (int) INT.get(blob, from + 1);
        }

        /** Shows the element and goes behind it; false if it does not end within the blob. */
        private boolean read(Element into) {
            int from = at + ((blob[at] & 0xFF) < 0xFE ? 1 : 5);
            int room = blob.length - 1 - from; // The end mark is no part of an element.
            if (room < 1) {
                return false;
            }
            int first = blob[from] & 0xFF;
            return first < 0xC0 ? readBytes(into, from, first, room) : readInteger(into, from, first, room);
        }

        private boolean readBytes(Element into, int from, int first, int room) {
            int header = first < 0x40 ? 1 : first < 0x80 ? 2 : 5;
            if (room < header) {
                return false;
            }
            int length = switch (header) {
                case 1 -> first & 0x3F;
                case 2 -> (first & 0x3F) << 8 | blob[from + 1] & 0xFF;
                default -> Integer.reverseBytes((int) INT.get(blob, from + 1));
            };
            if (length < 0 || length > room - header) {
                return false;
            }
            into.set(blob, from + header, length);
            at = from + header + length;
            return true;
        }

        private boolean readInteger(Element into, int from, int first, int room) {
            int bytes = switch (first) {
                case 0xC0 -> 2;
                case 0xD0 -> 4;
                case 0xE0 -> 8;
                case 0xF0 -> 3;
                case 0xFE -> 1;
                default -> 0;
            };
            if (room < 1 + bytes || bytes == 0 && (first <= 0xF0 || first >= 0xFE)) {
                return false;
            }
            into.setInteger(
                    switch (bytes) {
                        case 0 -> (first & 0x0F) - 1;
                        case 1 -> blob[from + 1];
                        case 2 -> (short) SHORT.get(blob, from + 1);
                        case 3 -> (short) SHORT.get(blob, from + 1) & 0xFFFF | blob[from + 3] << 16;
                        case 4 -> (int) INT.get(blob, from + 1);
                        default -> (long) LONG.get(blob, from + 1);
                    });
            at = from + 1 + bytes;
            return true;
        }
    }
}
