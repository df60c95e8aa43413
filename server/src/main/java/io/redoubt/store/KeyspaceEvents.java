package io.redoubt.store;

/** What the keyspace tells those who follow changes: notifications, watchers, tracking. Called inside the shard. */
public interface KeyspaceEvents {
    /** A listener that wants nothing. */
    KeyspaceEvents NONE = new Nothing();

    /** Not a lambda: the AOT cache keeps none whose interface has a constant to initialize. */
    final class Nothing implements KeyspaceEvents {
        private Nothing() {}

        @Override
        public void on(Event event, int database, byte[] buffer, int offset, int length) {
            // Nobody wants to know.
        }
    }

    /** The classes of events, as letters of notify-keyspace-events. */
    enum Event {
        SET("set", '$'),
        SETRANGE("setrange", '$'),
        INCRBY("incrby", '$'),
        INCRBYFLOAT("incrbyfloat", '$'),
        APPEND("append", '$'),
        SETBIT("setbit", '$'),
        PFADD("pfadd", '$'),
        SADD("sadd", 's'),
        SREM("srem", 's'),
        LPUSH("lpush", 'l'),
        RPUSH("rpush", 'l'),
        LPOP("lpop", 'l'),
        RPOP("rpop", 'l'),
        LINSERT("linsert", 'l'),
        LSET("lset", 'l'),
        LREM("lrem", 'l'),
        LTRIM("ltrim", 'l'),
        SORTSTORE("sortstore", 'l'),
        HSET("hset", 'h'),
        HINCRBY("hincrby", 'h'),
        HINCRBYFLOAT("hincrbyfloat", 'h'),
        HDEL("hdel", 'h'),
        HEXPIRE("hexpire", 'h'),
        HEXPIRED("hexpired", 'h'),
        HPERSIST("hpersist", 'h'),
        SPOP("spop", 's'),
        SINTERSTORE("sinterstore", 's'),
        SUNIONSTORE("sunionstore", 's'),
        SDIFFSTORE("sdiffstore", 's'),
        ZADD("zadd", 'z'),
        ZINCR("zincr", 'z'),
        ZREM("zrem", 'z'),
        ZREMRANGEBYSCORE("zremrangebyscore", 'z'),
        ZREMRANGEBYRANK("zremrangebyrank", 'z'),
        ZREMRANGEBYLEX("zremrangebylex", 'z'),
        ZRANGESTORE("zrangestore", 'z'),
        ZUNIONSTORE("zunionstore", 'z'),
        ZINTERSTORE("zinterstore", 'z'),
        ZDIFFSTORE("zdiffstore", 'z'),
        GEOSEARCHSTORE("geosearchstore", 'z'),
        GEORADIUSSTORE("georadiusstore", 'z'),
        ZPOPMIN("zpopmin", 'z'),
        ZPOPMAX("zpopmax", 'z'),
        XADD("xadd", 't'),
        XDEL("xdel", 't'),
        XTRIM("xtrim", 't'),
        XSETID("xsetid", 't'),
        XGROUP_CREATE("xgroup-create", 't'),
        XGROUP_CREATECONSUMER("xgroup-createconsumer", 't'),
        XGROUP_DELCONSUMER("xgroup-delconsumer", 't'),
        XGROUP_DESTROY("xgroup-destroy", 't'),
        XGROUP_SETID("xgroup-setid", 't'),
        DEL("del", 'g'),
        RENAME_FROM("rename_from", 'g'),
        RENAME_TO("rename_to", 'g'),
        MOVE_FROM("move_from", 'g'),
        MOVE_TO("move_to", 'g'),
        COPY_TO("copy_to", 'g'),
        RESTORE("restore", 'g'),
        EXPIRE("expire", 'g'),
        PERSIST("persist", 'g'),
        EXPIRED("expired", 'x'),
        EVICTED("evicted", 'e'),
        NEW("new", 'n'),
        KEYMISS("keymiss", 'm');

        /** All classes, as letters, and what is no class: K and E. */
        private static final String LETTERS = "g$lshzxetdnmKE";

        private final String word;
        private final char letter;
        private final int classBit;

        Event(String word, char letter) {
            this.word = word;
            this.letter = letter;
            classBit = bitOf(letter);
        }

        public String word() {
            return word;
        }

        /** The class of notify-keyspace-events. */
        public char letter() {
            return letter;
        }

        /** The class as a bit. */
        public int classBit() {
            return classBit;
        }

        /** Returns the bit of a letter of notify-keyspace-events; A, which stands for many, has none. */
        public static int bitOf(char letter) {
            int index = LETTERS.indexOf(letter);
            return index < 0 ? 0 : 1 << index;
        }
    }

    /** Something happened to a key; the bytes are valid during the call only. */
    void on(Event event, int database, byte[] buffer, int offset, int length);

    /** All keys of a database are about to go, without an event of each. Exclusive mode. */
    default void beforeFlush(int database) {}

    /** All keys of two databases are about to change places, without an event of each. Exclusive mode. */
    default void beforeSwap(int first, int second) {}
}
