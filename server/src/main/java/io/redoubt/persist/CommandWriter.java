package io.redoubt.persist;

import io.redoubt.resp.Decimal;
import io.redoubt.type.Element;
import io.redoubt.type.Encoding;
import io.redoubt.type.StreamSink;
import io.redoubt.type.Value;
import io.redoubt.type.ValueSink;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * Writes keys as the commands that make them, for a base that is no RDB file. Large values take a command for every 64
 * elements, as in Redis; a stream is restored from its payload, which holds its groups as well.
 */
final class CommandWriter {
    private static final int ELEMENTS_MAX = 64;
    private static final int FLUSH_BYTES = 1 << 16;

    private final RdbSink sink;
    private final boolean compresses;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final Batches batches = new Batches();

    CommandWriter(RdbSink sink, boolean compresses) {
        this.sink = sink;
        this.compresses = compresses;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Writes bytes as they are. */
    void raw(byte[] bytes) {
        out.writeBytes(bytes);
    }

    void select(int database) throws IOException {
        begin(2);
        arg("SELECT");
        arg(Integer.toString(database));
        flushIfLarge();
    }

    /** Writes a library of functions. */
    void library(byte[] source) throws IOException {
        begin(3);
        arg("FUNCTION");
        arg("LOAD");
        arg(source, 0, source.length);
        flushIfLarge();
    }

    /** Writes a key. @param expiryMillis Unix time, or -1 */
    void key(byte[] buffer, int start, int length, Value value, long expiryMillis) throws IOException {
        boolean hasExpiry = expiryMillis >= 0;
        if (Encoding.type(value.encoding()) == Encoding.Type.STREAM) {
            byte[] payload = DumpPayload.encode(value, compresses);
            begin(hasExpiry ? 5 : 4);
            arg("RESTORE");
            arg(buffer, start, length);
            arg(hasExpiry ? Long.toString(Math.max(1, expiryMillis)) : "0");
            arg(payload, 0, payload.length);
            if (hasExpiry) {
                arg("ABSTTL");
            }
        } else {
            batches.begin(buffer, start, length);
            value.sendTo(batches);
            batches.end();
            if (hasExpiry) {
                begin(3);
                arg("PEXPIREAT");
                arg(buffer, start, length);
                arg(Long.toString(expiryMillis));
            }
        }
        flushIfLarge();
    }

    void flush() throws IOException {
        byte[] bytes = out.toByteArray();
        out.reset();
        sink.write(bytes, 0, bytes.length);
    }

    private void flushIfLarge() throws IOException {
        if (out.size() >= FLUSH_BYTES) {
            flush();
        }
    }

    private void begin(int count) {
        raw(ascii("*" + count + "\r\n"));
    }

    private void arg(String text) {
        byte[] bytes = ascii(text);
        arg(bytes, 0, bytes.length);
    }

    private void arg(byte[] bytes, int start, int length) {
        arg(out, bytes, start, length);
    }

    private static void arg(ByteArrayOutputStream to, byte[] bytes, int start, int length) {
        to.writeBytes(ascii("$" + length + "\r\n"));
        to.write(bytes, start, length);
        to.write('\r');
        to.write('\n');
    }

    /** Collects elements until they make a command. */
    private final class Batches implements ValueSink {
        private final ByteArrayOutputStream batch = new ByteArrayOutputStream();
        /** Commands for fields that expire, which come behind all fields. */
        private final ByteArrayOutputStream expiries = new ByteArrayOutputStream();

        private final byte[] score = new byte[Decimal.DOUBLE_BYTES_MAX];
        private byte[] key = {};
        private int keyStart;
        private int keyLength;
        private String command = "";
        private int elements;
        private int args;

        void begin(byte[] buffer, int start, int length) {
            key = buffer;
            keyStart = start;
            keyLength = length;
        }

        void end() {
            flushBatch();
            raw(expiries.toByteArray());
            expiries.reset();
        }

        private void flushBatch() {
            if (elements == 0) {
                return;
            }
            CommandWriter.this.begin(args + 2);
            CommandWriter.this.arg(command);
            CommandWriter.this.arg(key, keyStart, keyLength);
            raw(batch.toByteArray());
            batch.reset();
            elements = 0;
            args = 0;
        }

        private void add(byte[] bytes, int start, int length) {
            CommandWriter.arg(batch, bytes, start, length);
            args++;
        }

        private void added() {
            if (++elements == ELEMENTS_MAX) {
                flushBatch();
            }
        }

        @Override
        public void string(byte[] bytes, int offset, int length) {
            CommandWriter.this.begin(3);
            CommandWriter.this.arg("SET");
            CommandWriter.this.arg(key, keyStart, keyLength);
            CommandWriter.this.arg(bytes, offset, length);
        }

        @Override
        public void set(long count) {
            command = "SADD";
        }

        @Override
        public void list(long count) {
            command = "RPUSH";
        }

        @Override
        public void hash(long count) {
            command = "HMSET";
        }

        @Override
        public void sortedSet(long count) {
            command = "ZADD";
        }

        @Override
        public StreamSink stream(long blocks) {
            throw new IllegalStateException("a stream is restored");
        }

        @Override
        public boolean element(Element element) {
            add(element.buffer(), element.offset(), element.length());
            added();
            return true;
        }

        @Override
        public boolean field(Element field, Element value, long expiryMillis) {
            add(field.buffer(), field.offset(), field.length());
            add(value.buffer(), value.offset(), value.length());
            added();
            if (expiryMillis >= 0) {
                expires(field, expiryMillis);
            }
            return true;
        }

        private void expires(Element field, long expiryMillis) {
            expiries.writeBytes(ascii("*6\r\n"));
            textArg("HPEXPIREAT");
            CommandWriter.arg(expiries, key, keyStart, keyLength);
            textArg(Long.toString(expiryMillis));
            textArg("FIELDS");
            textArg("1");
            CommandWriter.arg(expiries, field.buffer(), field.offset(), field.length());
        }

        private void textArg(String text) {
            byte[] bytes = ascii(text);
            CommandWriter.arg(expiries, bytes, 0, bytes.length);
        }

        @Override
        public boolean scored(double number, Element member) {
            add(score, 0, Decimal.formatDouble(number, score, 0));
            add(member.buffer(), member.offset(), member.length());
            added();
            return true;
        }
    }
}
