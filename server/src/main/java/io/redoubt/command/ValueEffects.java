package io.redoubt.command;

import io.redoubt.log.Effects;
import io.redoubt.resp.Decimal;
import io.redoubt.type.Element;
import io.redoubt.type.StreamSink;
import io.redoubt.type.ValueSink;
import java.nio.charset.StandardCharsets;

/** Writes a value as the commands that make it anew, element by element. The key does not exist before. No streams. */
final class ValueEffects implements ValueSink {
    private static final byte[] SET = word("SET");
    private static final byte[] SADD = word("SADD");
    private static final byte[] RPUSH = word("RPUSH");
    private static final byte[] HSET = word("HSET");
    private static final byte[] HPEXPIREAT = word("HPEXPIREAT");
    private static final byte[] FIELDS = word("FIELDS");
    private static final byte[] ZADD = word("ZADD");

    private final Effects effects;
    private final int database;
    private final byte[] keyBuffer;
    private final int keyOffset;
    private final int keyLength;
    private final byte[] score = new byte[Decimal.DOUBLE_BYTES_MAX];
    private byte[] adder = SADD;

    ValueEffects(Effects effects, int database, byte[] keyBuffer, int keyOffset, int keyLength) {
        this.effects = effects;
        this.database = database;
        this.keyBuffer = keyBuffer;
        this.keyOffset = keyOffset;
        this.keyLength = keyLength;
    }

    private static byte[] word(String word) {
        return word.getBytes(StandardCharsets.US_ASCII);
    }

    private void begin(byte[] command, int argCount) {
        effects.command(database, argCount);
        effects.arg(command);
        effects.arg(keyBuffer, keyOffset, keyLength);
    }

    private void add(Element element) {
        effects.arg(element.buffer(), element.offset(), element.length());
    }

    @Override
    public void string(byte[] bytes, int offset, int length) {
        begin(SET, 3);
        effects.arg(bytes, offset, length);
    }

    @Override
    public void set(long count) {
        adder = SADD;
    }

    @Override
    public void list(long count) {
        adder = RPUSH;
    }

    @Override
    public void hash(long count) {}

    @Override
    public void sortedSet(long count) {}

    @Override
    public StreamSink stream(long blocks) {
        throw new UnsupportedOperationException("a stream with its groups is not made by commands");
    }

    @Override
    public boolean element(Element element) {
        begin(adder, 3);
        add(element);
        return true;
    }

    @Override
    public boolean field(Element field, Element value, long expiryMillis) {
        begin(HSET, 4);
        add(field);
        add(value);
        if (expiryMillis >= 0) {
            begin(HPEXPIREAT, 6);
            effects.arg(expiryMillis);
            effects.arg(FIELDS);
            effects.arg(1);
            add(field);
        }
        return true;
    }

    @Override
    public boolean scored(double value, Element member) {
        begin(ZADD, 4);
        effects.arg(score, 0, Decimal.formatDouble(value, score, 0));
        add(member);
        return true;
    }
}
