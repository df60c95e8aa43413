package io.redoubt.access;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** Passwords as Redis keeps them: SHA-256 in lower-case hex. The one place that compares secrets. */
final class Passwords {
    private static final int HEX_LENGTH = 64;
    private static final byte[] NO_HASH = "0".repeat(HEX_LENGTH).getBytes(StandardCharsets.ISO_8859_1);

    private Passwords() {}

    static String hash(String password) {
        return hash(password.getBytes(StandardCharsets.ISO_8859_1));
    }

    static String hash(byte[] password) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(password));
        } catch (NoSuchAlgorithmException missing) {
            throw new IllegalStateException(missing); // Every JDK has it.
        }
    }

    static boolean isHash(String text) {
        return text.length() == HEX_LENGTH && text.chars().allMatch(c -> c >= '0' && c <= '9' || c >= 'a' && c <= 'f');
    }

    /** Returns the hash that the password has; null if none. It compares all of them, and one where there is none. */
    static @Nullable String find(Collection<String> hashes, byte[] password) {
        String hash = hash(password);
        byte[] given = hash.getBytes(StandardCharsets.ISO_8859_1);
        boolean found = MessageDigest.isEqual(NO_HASH, given) && hashes.contains(hash);
        for (var known : hashes) {
            found |= MessageDigest.isEqual(known.getBytes(StandardCharsets.ISO_8859_1), given);
        }
        return found ? hash : null;
    }
}
