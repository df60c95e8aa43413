package io.redoubt.resp;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The arithmetic of INCRBYFLOAT and HINCRBYFLOAT: Redis adds in the 80-bit floating point of x86 and prints 17 decimals
 * without trailing zeros, and clients see the difference to 64 bits (0.1 + 0.2 is 0.3). So this computes exactly and
 * rounds to a mantissa of 64 bits, half to even, after reading and after adding. Cold code; it allocates.
 */
public final class LongDouble {
    private static final int MANTISSA_BITS = 64;
    private static final int EXPONENT_MIN = -16445; // Of the last bit of a subnormal.
    private static final int EXPONENT_END = 16384; // Finite values are below 2 to this power.
    private static final int TEXT_BYTES_MAX = 5 * 1024 - 1;
    private static final int POWER_OF_TEN_MAX = 4932;
    private static final int POWER_OF_TEN_MIN = -4952;
    private static final int DECIMALS = 17;
    private static final BigInteger DECIMAL_UNIT = BigInteger.TEN.pow(DECIMALS);

    /** A finite number, {@code mantissa * 2^exponent}, or an infinity with the mantissa's sign. */
    private record Binary(BigInteger mantissa, int exponent, boolean isInfinite) {}

    private LongDouble() {}

    /** Returns whether Redis takes the bytes as a float here; infinities are taken, {@code nan} is not. */
    public static boolean isValid(byte[] bytes, int from, int length) {
        return parse(bytes, from, length) != null;
    }

    /**
     * Returns the sum as Redis prints it, or null when it would be NaN or infinite.
     *
     * @throws IllegalArgumentException when one of the two is not {@link #isValid}
     */
    public static byte @Nullable [] add(byte[] a, int aFrom, int aLength, byte[] b, int bFrom, int bLength) {
        Binary left = parse(a, aFrom, aLength);
        Binary right = parse(b, bFrom, bLength);
        if (left == null || right == null) {
            throw new IllegalArgumentException("not a float");
        }
        if (left.isInfinite || right.isInfinite) {
            return null;
        }
        int exponent = Math.min(left.exponent, right.exponent);
        BigInteger exact = left.mantissa
                .shiftLeft(left.exponent - exponent)
                .add(right.mantissa.shiftLeft(right.exponent - exponent));
        Binary sum = round(exact, exponent, false);
        return sum.isInfinite ? null : print(sum);
    }

    private static @Nullable Binary parse(byte[] bytes, int from, int length) {
        if (length > TEXT_BYTES_MAX) {
            return null;
        }
        int kind = Decimal.kind(bytes, from, length);
        if (kind == Decimal.INVALID) {
            return null;
        }
        boolean isNegative = bytes[from] == '-';
        if (kind == Decimal.INFINITE) {
            return new Binary(isNegative ? BigInteger.ONE.negate() : BigInteger.ONE, 0, true);
        }
        boolean isHex = kind == Decimal.HEXADECIMAL;
        String text = new String(bytes, from, length, StandardCharsets.ISO_8859_1);
        int start = (isNegative || bytes[from] == '+' ? 1 : 0) + (isHex ? 2 : 0);
        int end = exponentIndex(text, isHex ? 'p' : 'e');
        int point = text.indexOf('.');
        String whole = text.substring(start, point < 0 ? end : point);
        String fraction = point < 0 ? "" : text.substring(point + 1, end);
        BigInteger digits = new BigInteger("0" + whole + fraction, isHex ? 16 : 10);
        long exponent = end == text.length() ? 0 : saturated(text.substring(end + 1));
        exponent -= fraction.length() * (isHex ? 4L : 1L);
        if (digits.signum() == 0) {
            return new Binary(BigInteger.ZERO, 0, false);
        }
        Binary value = isHex ? fromBinary(digits, exponent) : fromDecimal(digits, exponent);
        if (value == null || value.isInfinite || value.mantissa.signum() == 0) {
            return null; // Out of range: strtold says ERANGE.
        }
        return isNegative ? new Binary(value.mantissa.negate(), value.exponent, false) : value;
    }

    private static int exponentIndex(String text, char mark) {
        int lower = text.indexOf(mark);
        int index = lower >= 0 ? lower : text.indexOf(Character.toUpperCase(mark));
        return index >= 0 ? index : text.length();
    }

    private static long saturated(String digits) {
        String stripped = digits.replaceFirst("^([+-]?)0+(?=.)", "$1");
        if (stripped.length() > 9) {
            return stripped.charAt(0) == '-' ? -1_000_000_000L : 1_000_000_000L;
        }
        return Long.parseLong(stripped);
    }

    private static @Nullable Binary fromBinary(BigInteger digits, long exponent) {
        long top = digits.bitLength() + exponent;
        if (top > EXPONENT_END || top < EXPONENT_MIN - 1) {
            return null;
        }
        return round(digits, (int) exponent, false);
    }

    private static @Nullable Binary fromDecimal(BigInteger digits, long exponent) {
        long power = digits.toString().length() + exponent - 1; // Of the leading digit.
        if (power > POWER_OF_TEN_MAX || power < POWER_OF_TEN_MIN) {
            return null;
        }
        if (exponent >= 0) {
            return round(digits.multiply(BigInteger.TEN.pow((int) exponent)), 0, false);
        }
        BigInteger divisor = BigInteger.TEN.pow((int) -exponent);
        int shift = Math.max(0, MANTISSA_BITS + 2 - (digits.bitLength() - divisor.bitLength()));
        BigInteger[] parts = digits.shiftLeft(shift).divideAndRemainder(divisor);
        return round(parts[0], -shift, parts[1].signum() != 0);
    }

    /**
     * Rounds {@code value * 2^exponent}, half to even.
     *
     * @param isMore whether the exact number is a little larger than that; only with two bits or more to round away
     */
    private static Binary round(BigInteger value, int exponent, boolean isMore) {
        BigInteger magnitude = value.abs();
        int drop = Math.max(magnitude.bitLength() - MANTISSA_BITS, EXPONENT_MIN - exponent);
        BigInteger mantissa = drop <= 0 ? magnitude : shiftHalfEven(magnitude, drop, isMore);
        int shifted = drop <= 0 ? exponent : exponent + drop;
        boolean isInfinite = mantissa.bitLength() + shifted > EXPONENT_END;
        return new Binary(value.signum() < 0 ? mantissa.negate() : mantissa, shifted, isInfinite);
    }

    private static BigInteger shiftHalfEven(BigInteger magnitude, int bits, boolean isMore) {
        BigInteger kept = magnitude.shiftRight(bits);
        if (!magnitude.testBit(bits - 1)) {
            return kept;
        }
        boolean isAboveHalf = isMore || magnitude.getLowestSetBit() < bits - 1;
        return isAboveHalf || kept.testBit(0) ? kept.add(BigInteger.ONE) : kept;
    }

    private static byte[] print(Binary number) {
        BigInteger units = number.mantissa.abs().multiply(DECIMAL_UNIT);
        units = number.exponent >= 0 ? units.shiftLeft(number.exponent) : shiftHalfEven(units, -number.exponent, false);
        String digits = units.toString();
        StringBuilder text = new StringBuilder();
        text.repeat('0', Math.max(0, DECIMALS + 1 - digits.length())).append(digits);
        text.insert(text.length() - DECIMALS, '.');
        int end = text.length();
        while (text.charAt(end - 1) == '0') {
            end--;
        }
        text.setLength(text.charAt(end - 1) == '.' ? end - 1 : end);
        if (number.mantissa.signum() < 0 && units.signum() != 0) { // Never "-0".
            text.insert(0, '-');
        }
        return text.toString().getBytes(StandardCharsets.ISO_8859_1);
    }
}
