package io.redoubt.observe;

import io.redoubt.resp.Decimal;
import io.redoubt.store.Entry;
import io.redoubt.store.Keyspace;
import io.redoubt.type.Element;
import io.redoubt.type.StreamBlock;
import io.redoubt.type.StreamId;
import io.redoubt.type.StreamSink;
import io.redoubt.type.Value;
import io.redoubt.type.ValueSink;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The signature of the content that DEBUG DIGEST shows, equal to that of a redis-server with the same content. A digest
 * is 20 bytes, zeros at first. To <em>add</em> bytes is to XOR their SHA-1 into it, so order does not matter; to
 * <em>mix</em> them is to add them and to replace the digest by its own SHA-1, so that order matters. A value's digest
 * mixes its type (four bytes, big endian) and its content (the members of a set are added), and adds a fixed text if the key expires,
 * whenever that is. A key's digest mixes the key and goes on as that of its value. The whole mixes the number of each
 * database that is not empty and adds the digests of its keys.
 */
public final class Digest {
    private static final int BYTES = 20;
    private static final byte[] FIELD_EXPIRES = "!!hexpire!!".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] EXPIRES = "!!expire!!".getBytes(StandardCharsets.US_ASCII);

    private final MessageDigest sha1;
    private final Entry entry = new Entry();
    private final Value value = new Value();
    private final byte[] part = new byte[BYTES];

    public Digest() {
        try {
            sha1 = MessageDigest.getInstance("SHA-1");
        } catch (NoSuchAlgorithmException failure) {
            throw new IllegalStateException("every Java platform has SHA-1", failure);
        }
    }

    /** Returns the digest of everything in hexadecimal. Exclusive mode. */
    public String ofAll(Keyspace keyspace) {
        byte[] digest = new byte[BYTES];
        for (int database = 0; database < keyspace.databaseCount(); database++) {
            if (keyspace.size(database) > 0) {
                mix(digest, ByteBuffer.allocate(4).putInt(database).array());
                keyspace.forEach(database, entry, found -> addKey(digest, found));
            }
        }
        return HexFormat.of().formatHex(digest);
    }

    private void addKey(byte[] digest, Entry found) {
        java.util.Arrays.fill(part, (byte) 0);
        mix(part, found.keyBuffer(), found.keyStart(), found.keyLength());
        mixValue(part, found);
        add(digest, part, 0, BYTES);
    }

    /** Returns the digest of a value in hexadecimal. */
    public String ofValue(Entry found) {
        byte[] digest = new byte[BYTES];
        mixValue(digest, found);
        return HexFormat.of().formatHex(digest);
    }

    private void mixValue(byte[] digest, Entry found) {
        found.show(value);
        value.sendTo(new Content(digest));
        if (found.expiryMillis() != Keyspace.NO_EXPIRY) {
            add(digest, EXPIRES, 0, EXPIRES.length);
        }
    }

    /** Mixes the pieces of a value into a digest, each type in its own way. */
    private final class Content implements ValueSink {
        private final byte[] digest;
        private boolean isOrdered;

        Content(byte[] digest) {
            this.digest = digest;
        }

        private void type(int number) {
            mix(digest, ByteBuffer.allocate(4).putInt(number).array());
        }

        @Override
        public void string(byte[] bytes, int offset, int length) {
            type(0);
            mix(digest, bytes, offset, length);
        }

        @Override
        public void set(long count) {
            type(2);
        }

        @Override
        public void list(long count) {
            type(1);
            isOrdered = true;
        }

        @Override
        public void sortedSet(long count) {
            type(3);
        }

        @Override
        public void hash(long count) {
            type(4);
        }

        @Override
        public StreamSink stream(long blocks) {
            type(6);
            return new Entries(digest);
        }

        @Override
        public boolean element(Element element) {
            if (isOrdered) {
                mix(digest, element.buffer(), element.offset(), element.length());
            } else {
                add(digest, element.buffer(), element.offset(), element.length());
            }
            return true;
        }

        @Override
        public boolean field(Element field, Element content, long expiryMillis) {
            byte[] pair = new byte[BYTES];
            mix(pair, field.buffer(), field.offset(), field.length());
            mix(pair, content.buffer(), content.offset(), content.length());
            if (expiryMillis != Keyspace.NO_EXPIRY) {
                add(pair, FIELD_EXPIRES, 0, FIELD_EXPIRES.length);
            }
            add(digest, pair, 0, BYTES);
            return true;
        }

        @Override
        public boolean scored(double score, Element member) {
            byte[] pair = new byte[BYTES];
            byte[] text = new byte[Decimal.DOUBLE_BYTES_MAX];
            mix(pair, member.buffer(), member.offset(), member.length());
            mix(pair, text, 0, Decimal.formatDouble(score, text, 0));
            add(digest, pair, 0, BYTES);
            return true;
        }
    }

    /** Mixes the ID of each entry of a stream, with a dot, then its fields and values. What else it has is left out. */
    private final class Entries implements StreamSink {
        private final byte[] digest;
        private final StreamBlock block = new StreamBlock();
        private final StreamId id = new StreamId();
        private final Element part = new Element();
        private final byte[] text = new byte[StreamId.BYTES_MAX];

        Entries(byte[] digest) {
            this.digest = digest;
        }

        @Override
        public boolean block(long ms, long seq, byte[] buffer, int start, int length) {
            block.bind(buffer, start, ms, seq);
            while (block.next()) {
                if (!block.isDeleted()) {
                    mixEntry();
                }
            }
            return true;
        }

        private void mixEntry() {
            id.set(block.ms(), block.seq());
            int length = id.format(text, 0);
            for (int i = 0; i < length; i++) {
                text[i] = text[i] == '-' ? (byte) '.' : text[i];
            }
            mix(digest, text, 0, length);
            for (int i = 0; i < block.fieldCount(); i++) {
                block.nextField(part);
                mix(digest, part.buffer(), part.offset(), part.length());
                block.nextValue(part);
                mix(digest, part.buffer(), part.offset(), part.length());
            }
        }

        @Override
        public boolean state(State state) {
            return true;
        }
    }

    private void mix(byte[] digest, byte[] bytes) {
        mix(digest, bytes, 0, bytes.length);
    }

    private void mix(byte[] digest, byte[] bytes, int offset, int length) {
        add(digest, bytes, offset, length);
        byte[] hash = sha1.digest(digest);
        System.arraycopy(hash, 0, digest, 0, BYTES);
    }

    private void add(byte[] digest, byte[] bytes, int offset, int length) {
        sha1.update(bytes, offset, length);
        byte[] hash = sha1.digest();
        for (int i = 0; i < BYTES; i++) {
            digest[i] ^= hash[i];
        }
    }
}
