// What the guide's write-only user may do, and every way to a value that redis-server 7.0.15 leaves open to it.
// Each leak is prepared by an administrator in an empty database and then tried by the write-only user.

const VALUE = 'TopSecretValue';
const text = [['SET', 'secret', VALUE]];
const number = [['SET', 'secret', '424242']];
const list = [['RPUSH', 'secret', VALUE, VALUE]];
const set = [['SADD', 'secret', VALUE]];
const zset = [['ZADD', 'secret', '424242', VALUE]];
const hash = [['HSET', 'secret', 'field', '424242']];
const geo = [['GEOADD', 'secret', '13.361389', '38.115556', VALUE]];
const stream = [
    ['XADD', 'secret', '1-1', 'field', VALUE],
    ['XGROUP', 'CREATE', 'secret', 'group', '0'],
];
const pending = [...stream, ['XREADGROUP', 'GROUP', 'group', 'owner', 'STREAMS', 'secret', '>']];
const log = [['PFADD', 'secret', VALUE]];

/** "COMMAND word word" after a preparation. */
const leaks = (prepare, ...lines) => lines.map((line) => ({ prepare, words: line.split(' ') }));

export const LEAKS = [
    ...leaks(text, 'GET secret', 'MGET secret', 'GETRANGE secret 0 -1', 'SUBSTR secret 0 -1', 'DUMP secret',
        'GETDEL secret', 'GETEX secret', 'GETEX secret PERSIST', 'GETSET secret x', 'SET secret x GET',
        'SET secret x XX GET', 'SET secret x EX 100 GET', 'SET secret x KEEPTTL GET', 'SETBIT secret 1 1',
        'BITFIELD secret GET u8 0', 'BITFIELD secret SET u8 0 1', 'BITFIELD secret INCRBY u8 0 0',
        'BITOP AND copy secret', 'BITOP NOT copy secret', 'COPY secret copy', 'MIGRATE 127.0.0.1 1 secret 0 100'),
    ...leaks(number, 'INCRBY secret 0', 'DECRBY secret 0', 'INCRBYFLOAT secret 0'),
    ...leaks(list, 'LPOP secret', 'LPOP secret 2', 'RPOP secret', 'RPOP secret 2', 'LMOVE secret secret LEFT RIGHT',
        'RPOPLPUSH secret secret', 'LMPOP 1 secret LEFT', 'BLPOP secret 1', 'BRPOP secret 1',
        'BLMOVE secret secret LEFT RIGHT 1', 'BRPOPLPUSH secret secret 1', 'BLMPOP 1 1 secret LEFT',
        'SORT secret ALPHA', 'SORT secret BY nosort GET #', 'SORT secret ALPHA STORE copy'),
    ...leaks(set, 'SPOP secret', 'SPOP secret 1', 'SMOVE secret copy TopSecretValue', 'SUNIONSTORE copy secret',
        'SINTERSTORE copy secret', 'SDIFFSTORE copy secret'),
    ...leaks(zset, 'ZPOPMIN secret', 'ZPOPMAX secret', 'ZMPOP 1 secret MIN', 'BZPOPMIN secret 1', 'BZPOPMAX secret 1',
        'BZMPOP 1 1 secret MIN', 'ZINCRBY secret 0 TopSecretValue', 'ZADD secret INCR 0 TopSecretValue',
        'ZADD secret XX CH GT 5 TopSecretValue', 'ZADD secret XX CH LT 5 TopSecretValue',
        'ZRANGESTORE copy secret 0 -1', 'ZUNIONSTORE copy 1 secret', 'ZINTERSTORE copy 1 secret',
        'ZDIFFSTORE copy 1 secret', 'ZREMRANGEBYSCORE secret 0 1', 'ZREMRANGEBYLEX secret [a [b',
        'ZREMRANGEBYRANK secret 0 0'),
    ...leaks(hash, 'HINCRBY secret field 0', 'HINCRBYFLOAT secret field 0'),
    ...leaks(geo, 'GEORADIUS secret 13 38 500 km', 'GEORADIUS secret 13 38 500 km WITHCOORD',
        'GEORADIUSBYMEMBER secret TopSecretValue 500 km WITHCOORD',
        'GEOSEARCHSTORE copy secret FROMLONLAT 13 38 BYRADIUS 500 km'),
    ...leaks(stream, 'XREADGROUP GROUP group me STREAMS secret >'),
    ...leaks(pending, 'XREADGROUP GROUP group owner STREAMS secret 0', 'XCLAIM secret group me 0 1-1',
        'XAUTOCLAIM secret group me 0 0'),
    ...leaks(log, 'PFADD secret x', 'PFMERGE copy secret', 'PFDEBUG GETREG secret'),
];

export const OTHER_DATABASES = [
    ...leaks(text, 'SELECT 1', 'MOVE secret 1', 'COPY secret copy DB 1', 'SWAPDB 0 1', 'FLUSHALL'),
];

/** Plain writing, and counting with INCR, is what this user is for. */
export const ALLOWED = [
    'SET mykey value', 'SET mykey value EX 100', 'SET mykey value NX', 'DEL mykey', 'INCR counter', 'DECR counter',
    'APPEND mykey x', 'MSET a 1 b 2', 'SETEX mykey 10 value', 'SETRANGE mykey 0 x', 'EXPIRE mykey 10', 'UNLINK mykey',
    'LPUSH list x', 'SADD set x', 'ZADD zset 1 x', 'HSET hash field x', 'XADD stream * field x',
].map((line) => line.split(' '));
