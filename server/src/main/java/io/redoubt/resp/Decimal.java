package io.redoubt.resp;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;

/**
 * Numbers as bytes, read and printed as Redis does. Integers are canonical: no {@code +}, no leading zero, no blank, no
 * {@code -0}; so whatever parses prints as it was. Doubles follow C's {@code strtod} and {@code %.17g}.
 */
public final class Decimal {
    /** Most bytes that {@link #format} writes. */
    public static final int LONG_BYTES_MAX = 20;

    /** Most bytes that {@link #formatDouble} writes. */
    public static final int DOUBLE_BYTES_MAX = 25;

    static final int INVALID = 0;
    static final int DECIMAL = 1;
    static final int HEXADECIMAL = 2;
    static final int INFINITE = 3;

    private static final MathContext SEVENTEEN_DIGITS = new MathContext(17, RoundingMode.HALF_EVEN);
    private static final long TEN_TO_17 = 100_000_000_000_000_000L;
    private static final int POWERS_OF_FIVE = 28; // 5^27 is the last that fits in a long.
    private static final int EXACT_EXPONENT_MIN = -36; // From 2^-36 on, 10^27 is enough for seventeen digits.
    private static final double LOG10_OF_2 = 0.30102999566398120;
    private static final long EXACT_DOUBLE_MAX = 1L << 53;
    private static final double[] EXACT_POWERS_OF_TEN = {
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22
    };
    private static final byte[] DIGIT_PAIRS = digitPairs();
    private static final long[] FIVES = fives();

    private Decimal() {}

    /** Returns the canonical signed 64-bit integer that the bytes are, or {@code ifInvalid}. */
    public static long parseLong(byte[] bytes, int from, int length, long ifInvalid) {
        if (length <= 0 || length > LONG_BYTES_MAX) {
            return ifInvalid;
        }
        int i = from;
        int end = from + length;
        boolean isNegative = bytes[i] == '-';
        if (isNegative && ++i == end) {
            return ifInvalid;
        }
        int digit = bytes[i++] - '0';
        if (digit == 0) {
            return length == 1 ? 0 : ifInvalid;
        }
        if (digit < 0 || digit > 9 || end - i > 18) {
            return ifInvalid;
        }
        long value = -digit; // Negative numbers reach one further.
        int last = end - i == 18 ? end - 1 : end; // Eighteen digits never overflow; a nineteenth may.
        for (; i < last; i++) {
            digit = bytes[i] - '0';
            if (digit < 0 || digit > 9) {
                return ifInvalid;
            }
            value = value * 10 - digit;
        }
        if (i < end) {
            digit = bytes[i] - '0';
            if (digit < 0 || digit > 9 || value < Long.MIN_VALUE / 10) {
                return ifInvalid;
            }
            value *= 10;
            if (value < Long.MIN_VALUE + digit) {
                return ifInvalid;
            }
            value -= digit;
        }
        if (isNegative) {
            return value;
        }
        return value == Long.MIN_VALUE ? ifInvalid : -value;
    }

    /** Returns whether the bytes are a canonical signed 64-bit integer. */
    public static boolean isLong(byte[] bytes, int from, int length) {
        return parseLong(bytes, from, length, 0) != 0 || length == 1 && bytes[from] == '0';
    }

    /**
     * Returns the unsigned 64-bit integer that the bytes are, read as Redis reads SCAN cursors with {@code strtoul}: a
     * sign and leading zeros are allowed, blanks are not; nothing is 0, and a NUL byte ends the number.
     */
    public static long parseUnsigned(byte[] bytes, int from, int length, long ifInvalid) {
        int i = from;
        int end = from + length;
        boolean isNegative = false;
        if (length > 1 && (bytes[i] == '-' || bytes[i] == '+') && bytes[i + 1] != 0) {
            isNegative = bytes[i++] == '-';
        }
        long value = 0;
        for (; i < end && bytes[i] != 0; i++) {
            int digit = bytes[i] - '0';
            if (digit < 0 || digit > 9) {
                return ifInvalid;
            }
            if (Long.compareUnsigned(value, 0x1999999999999999L) > 0) {
                return ifInvalid;
            }
            long scaled = value * 10;
            value = scaled + digit;
            if (Long.compareUnsigned(value, scaled) < 0) {
                return ifInvalid;
            }
        }
        return isNegative ? -value : value;
    }

    /** Returns how many bytes {@link #format} writes. */
    public static int length(long value) {
        long negative = value < 0 ? value : -value;
        int length = value < 0 ? 2 : 1;
        while (negative <= -10) {
            negative /= 10;
            length++;
        }
        return length;
    }

    /** Writes the value and returns its length, at most {@link #LONG_BYTES_MAX}. */
    public static int format(long value, byte[] out, int from) {
        int length = length(value);
        int o = from + length;
        long rest = value < 0 ? value : -value;
        while (rest <= -100) {
            long quotient = rest / 100;
            int pair = (int) (quotient * 100 - rest) * 2;
            out[--o] = DIGIT_PAIRS[pair + 1];
            out[--o] = DIGIT_PAIRS[pair];
            rest = quotient;
        }
        int pair = (int) -rest * 2;
        out[--o] = DIGIT_PAIRS[pair + 1];
        if (rest <= -10) {
            out[--o] = DIGIT_PAIRS[pair];
        }
        if (value < 0) {
            out[--o] = '-';
        }
        return length;
    }

    /**
     * Writes the value as C's {@code %.17g} does, infinities as {@code inf} and {@code -inf}, and returns the length,
     * at most {@link #DOUBLE_BYTES_MAX}. Allocates nothing from 2^-36 to 10^17.
     */
    public static int formatDouble(double value, byte[] out, int from) {
        if (Double.isNaN(value)) {
            return put("nan", out, from);
        }
        if (Double.isInfinite(value)) {
            return put(value > 0 ? "inf" : "-inf", out, from);
        }
        if (value == (long) value && Math.abs(value) < TEN_TO_17) {
            boolean isNegativeZero = value == 0 && 1 / value < 0;
            return isNegativeZero ? put("-0", out, from) : format((long) value, out, from);
        }
        int o = from;
        if (value < 0) {
            out[o++] = '-';
        }
        double magnitude = Math.abs(value);
        int exponent = Math.getExponent(magnitude);
        if (exponent >= EXACT_EXPONENT_MIN && exponent < 52) {
            return o - from + formatMiddling(magnitude, exponent, out, o);
        }
        BigDecimal rounded = new BigDecimal(magnitude).round(SEVENTEEN_DIGITS).stripTrailingZeros();
        return o - from + formatDigits(rounded.unscaledValue().longValueExact(), rounded.scale(), out, o);
    }

    /**
     * Writes a double of 2^-36 and more that is no integer, exactly and without allocating: with m the mantissa, the
     * digits are m × 2^e × 10^k = m × 5^k / 2^-(e + k), of which m × 5^k fits in 128 bits.
     */
    private static int formatMiddling(double magnitude, int exponent, byte[] out, int from) {
        long mantissa = (Double.doubleToRawLongBits(magnitude) & (1L << 52) - 1) | 1L << 52;
        int scale = 16 - (int) Math.floor(exponent * LOG10_OF_2); // Right, or one too large.
        long digits = scaledDown(mantissa, exponent, scale);
        if (digits >= TEN_TO_17) {
            scale--;
            digits = scaledDown(mantissa, exponent, scale);
        }
        int shift = 52 - exponent - scale;
        if (shift > 0) {
            long rest = mantissa * FIVES[scale] & (1L << shift) - 1;
            long half = 1L << shift - 1;
            if (rest > half || rest == half && (digits & 1) != 0) {
                digits++;
            }
        }
        while (digits % 10 == 0) {
            digits /= 10;
            scale--;
        }
        return formatDigits(digits, scale, out, from);
    }

    private static long scaledDown(long mantissa, int exponent, int scale) {
        long five = FIVES[scale];
        int shift = 52 - exponent - scale;
        long low = mantissa * five;
        return shift == 0 ? low : Math.multiplyHigh(mantissa, five) << 64 - shift | low >>> shift;
    }

    /** Writes digits / 10^scale as {@code %g} does; digits do not end in 0. */
    private static int formatDigits(long digits, int scale, byte[] out, int from) {
        int precision = length(digits);
        int power = precision - scale - 1; // Of the leading digit.
        if (power < -4 || power >= 17) {
            return formatScientific(digits, precision, power, out, from);
        }
        if (scale > 0) {
            return formatFixed(digits, scale, out, from);
        }
        int o = from + format(digits, out, from);
        for (int i = scale; i < 0; i++) {
            out[o++] = '0';
        }
        return o - from;
    }

    /** Writes digits / 10^scale; scale is above 0. */
    private static int formatFixed(long digits, int scale, byte[] out, int from) {
        int length = length(digits);
        if (length > scale) {
            format(digits, out, from);
            int point = from + length - scale;
            System.arraycopy(out, point, out, point + 1, scale);
            out[point] = '.';
            return length + 1;
        }
        int o = from;
        out[o++] = '0';
        out[o++] = '.';
        for (int i = length; i < scale; i++) {
            out[o++] = '0';
        }
        return o + format(digits, out, o) - from;
    }

    private static int formatScientific(long digits, int precision, int power, byte[] out, int from) {
        int o = from;
        if (precision == 1) {
            o += format(digits, out, o);
        } else {
            o += formatFixed(digits, precision - 1, out, o);
        }
        out[o++] = 'e';
        out[o++] = (byte) (power < 0 ? '-' : '+');
        int magnitude = Math.abs(power);
        if (magnitude < 10) {
            out[o++] = '0';
        }
        return o + format(magnitude, out, o) - from;
    }

    /**
     * Returns the double that the bytes are, read as C's {@code strtod} does (decimal, hexadecimal, {@code inf}), or
     * NaN when they are none, are {@code nan}, or do not fit.
     */
    public static double parseDouble(byte[] bytes, int from, int length) {
        int kind = kind(bytes, from, length);
        if (kind == INVALID) {
            return Double.NaN;
        }
        boolean isNegative = bytes[from] == '-';
        if (kind == INFINITE) {
            return isNegative ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
        }
        if (kind == DECIMAL && length <= 18) {
            double quick = parseShort(bytes, from, length);
            if (!Double.isNaN(quick)) {
                return quick;
            }
        }
        String text = new String(bytes, from, length, StandardCharsets.ISO_8859_1);
        if (kind == HEXADECIMAL && text.indexOf('p') < 0 && text.indexOf('P') < 0) {
            text += "p0";
        }
        double value = Double.parseDouble(text);
        if (Double.isInfinite(value) || value == 0 && hasNonZeroDigit(bytes, from, length, kind)) {
            return Double.NaN;
        }
        return value;
    }

    /** Reads digits with a point but without exponent when digits and power of ten are exact doubles; else NaN. */
    private static double parseShort(byte[] bytes, int from, int length) {
        int end = from + length;
        boolean isSigned = bytes[from] == '-' || bytes[from] == '+';
        long digits = 0;
        int scale = 0;
        boolean isFraction = false;
        for (int i = isSigned ? from + 1 : from; i < end; i++) {
            byte c = bytes[i];
            if (c == '.') {
                isFraction = true;
            } else if (c >= '0' && c <= '9') {
                digits = digits * 10 + (c - '0');
                scale += isFraction ? 1 : 0;
            } else {
                return Double.NaN;
            }
        }
        if (digits > EXACT_DOUBLE_MAX) {
            return Double.NaN;
        }
        double magnitude = digits / EXACT_POWERS_OF_TEN[scale];
        return bytes[from] == '-' ? -magnitude : magnitude;
    }

    /** Returns whether any digit before the exponent is not 0. */
    static boolean hasNonZeroDigit(byte[] bytes, int from, int length, int kind) {
        for (int i = from; i < from + length; i++) {
            byte c = bytes[i];
            boolean isExponent = kind == DECIMAL ? c == 'e' || c == 'E' : c == 'p' || c == 'P';
            if (isExponent) {
                return false;
            }
            if (c != '0' && c != '.' && c != '+' && c != '-' && c != 'x' && c != 'X') {
                return true;
            }
        }
        return false;
    }

    /** Returns which floating point syntax the bytes are as a whole: {@link #INVALID} if none, or {@code nan}. */
    static int kind(byte[] bytes, int from, int length) {
        int end = from + length;
        int i = from;
        if (i < end && (bytes[i] == '-' || bytes[i] == '+')) {
            i++;
        }
        if (i == end) {
            return INVALID;
        }
        if (isWord(bytes, i, end, "inf") || isWord(bytes, i, end, "infinity")) {
            return INFINITE;
        }
        boolean isHex = end - i > 2 && bytes[i] == '0' && (bytes[i + 1] | 0x20) == 'x';
        int radix = isHex ? 16 : 10;
        if (isHex) {
            i += 2;
        }
        int digitCount = 0;
        boolean hasPoint = false;
        while (i < end) {
            if (bytes[i] == '.' && !hasPoint) {
                hasPoint = true;
            } else if (Character.digit(bytes[i], radix) >= 0) {
                digitCount++;
            } else {
                break;
            }
            i++;
        }
        if (digitCount == 0 || i < end && (bytes[i] | 0x20) != (isHex ? 'p' : 'e')) {
            return INVALID;
        }
        if (i < end) {
            i++;
            if (i < end && (bytes[i] == '-' || bytes[i] == '+')) {
                i++;
            }
            if (i == end) {
                return INVALID;
            }
            for (; i < end; i++) {
                if (bytes[i] < '0' || bytes[i] > '9') {
                    return INVALID;
                }
            }
        }
        return isHex ? HEXADECIMAL : DECIMAL;
    }

    private static boolean isWord(byte[] bytes, int from, int end, String word) {
        if (end - from != word.length()) {
            return false;
        }
        for (int i = 0; i < word.length(); i++) {
            if ((bytes[from + i] | 0x20) != word.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private static int put(String text, byte[] out, int from) {
        for (int i = 0; i < text.length(); i++) {
            out[from + i] = (byte) text.charAt(i);
        }
        return text.length();
    }

    private static byte[] digitPairs() {
        byte[] pairs = new byte[200];
        for (int i = 0; i < 100; i++) {
            pairs[2 * i] = (byte) ('0' + i / 10);
            pairs[2 * i + 1] = (byte) ('0' + i % 10);
        }
        return pairs;
    }

    private static long[] fives() {
        long[] powers = new long[POWERS_OF_FIVE];
        powers[0] = 1;
        for (int i = 1; i < POWERS_OF_FIVE; i++) {
            powers[i] = powers[i - 1] * 5;
        }
        return powers;
    }
}
