// What applications do with node-redis and ioredis, on redis-server and on ours: each use must give the same everywhere.
import { inspect } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createClient, createClientPool, RESP_TYPES } from 'redis';
import { start, stopAll, within } from './servers.mjs';

const BIG = Buffer.alloc(5 << 20, 'abcdefghij');
const PIPELINE_LENGTH = 5_000;
const BINARY = Buffer.from([0, 255, 13, 10, 128]);
const show = (value) => inspect(value, { depth: 9, breakLength: Infinity, sorted: true, maxStringLength: 300 });
const message = (error) => error.message;
const sorted = async (batches) => {
    const all = new Set();
    for await (const batch of batches) for (const element of batch) all.add(show(element));
    return [all.size, [...all].sort().slice(0, 3)];
};

/** Runs uses one after another and notes under each name what it gave; an error is a result too. */
class Notes {
    constructor(title) { this.title = title; this.found = new Map(); }
    async use(name, action) {
        const late = pause(15_000, undefined, { ref: false }).then(() => { throw new Error('no answer within 15 s'); });
        const gave = await Promise.race([action(), late]).then(show, (error) => `throws ${error.constructor.name}: ${error.message}`);
        this.found.set(`${this.title}: ${name}`, gave);
    }
}

async function nodeRedis(server, RESP) {
    const notes = new Notes(`node-redis RESP${RESP}`);
    const opened = [];
    const open = async (options = {}, login = 'app:Secret', database = 3) => {
        const client = createClient({
            url: `redis://${login}@127.0.0.1:${server.port}/${database}`, RESP, commandOptions: { timeout: 15_000 }, ...options,
        });
        client.on('error', () => {});
        opened.push(client);
        return client.connect();
    };
    const once = { socket: { reconnectStrategy: false } };
    const client = await open({ name: 'tester' });
    await client.flushAll();

    await notes.use('a wrong password', () => open(once, 'app:wrong'));
    await notes.use('a database that is not there', () => open(once, 'app:Secret', 99));
    await notes.use('CLIENT INFO', async () => {
        const { name, user, db, flags, resp, multi, sub, cmd } = await client.clientInfo();
        return { name, user, db, flags, resp, multi, sub, cmd };
    });
    await notes.use('many requests at once', async () => {
        const replies = await Promise.all(Array.from({ length: PIPELINE_LENGTH }, () => client.incr('counter')));
        return [replies.at(0), replies.at(-1)];
    });
    await notes.use('typed replies', async () => [
        await client.set('text', 'ohmytext', { expiration: { type: 'EX', value: 100 } }), await client.ttl('text'),
        await client.set('other', 'mynewtext'), await client.lcsIdxWithMatchLen('text', 'other'),
        await client.hSet('hash', { f: '1', g: '2' }), await client.hGetAll('hash'), await client.hGetAll('none'),
        await client.zAdd('scores', [{ score: 1.5, value: 'a' }, { score: Infinity, value: 'b' }]),
        await client.zRangeWithScores('scores', 0, -1), await client.zmScore('scores', ['b', 'none']),
        await client.zmPop(['scores'], 'MIN'), await client.bzPopMin('none', 0.05), await client.sAdd('members', ['1', '2']),
        await client.smIsMember('members', ['1', '9']), await client.rPush('list', ['x', 'y']), await client.lmPop(['list'], 'LEFT'),
        await client.geoAdd('places', { longitude: 13.361389, latitude: 38.115556, member: 'Palermo' }),
        await client.geoPos('places', ['Palermo', 'none']),
        await client.geoSearchWith('places', { longitude: 15, latitude: 37 }, { radius: 200, unit: 'km' }, ['WITHDIST', 'WITHHASH']),
        await client.configGet(['appendonly', 'maxmemory-policy']), await client.commandGetKeys(['MSET', 'a', '1', 'b', '2']),
        (await client.commandInfo(['get']))[0].arity, await client.role(), await client.aclWhoAmI(),
    ]);
    await notes.use('streams and groups', async () => [
        await client.xAdd('stream', '1-1', { a: '1' }), await client.xAdd('stream', '1-2', { a: '2' }),
        await client.xGroupCreate('stream', 'group', '0'), await client.xGroupCreate('stream', 'group', '0').catch(message),
        await client.xReadGroup('group', 'one', { key: 'stream', id: '>' }, { COUNT: 1 }),
        await client.xReadGroup('group', 'two', { key: 'stream', id: '>' }, { BLOCK: 1000 }),
        await client.xAck('stream', 'group', '1-1'), await client.xPending('stream', 'group'),
        await client.xAutoClaim('stream', 'group', 'one', 0, '0'), await client.xInfoGroups('stream'),
    ]);
    await notes.use('MULTI', async () => [
        await client.multi().set('n', '1').incr('n').hGetAll('hash').zRangeWithScores('scores', 0, -1).exec(),
        await client.multi().set('n', 'abc').incr('n').exec().catch((error) => error.replies.map(String)),
        await client.multi().set('n', '1').addCommand(['NONSENSE']).exec().catch(message),
    ]);
    await notes.use('WATCH', async () => {
        const second = await open();
        await client.watch('watched');
        await second.set('watched', 'x');
        const lost = await client.multi().set('watched', 'y').exec().catch((error) => error.constructor.name);
        await client.watch('watched');
        return [lost, await client.multi().append('watched', 'z').exec()];
    });
    await notes.use('iterators', async () => {
        for (let i = 0; i < 150; i++) client.multi().sAdd('it:s', `m${i}`).hSet('it:h', `f${i}`, i).zAdd('it:z', { score: i, value: `m${i}` }).execAsPipeline();
        await client.ping();
        return [await sorted(client.scanIterator({ MATCH: 'it:*', COUNT: 2 })), await sorted(client.scanIterator({ TYPE: 'zset' })),
            await sorted(client.sScanIterator('it:s')), await sorted(client.hScanIterator('it:h')), await sorted(client.zScanIterator('it:z'))];
    });
    await notes.use('binary keys and five megabytes', async () => {
        const binary = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
        await binary.set(BINARY, BIG);
        const replies = await Promise.all([1, 2, 3].map(() => binary.get(BINARY)));
        return [replies.every((reply) => reply.equals(BIG)), await binary.getRange(BINARY, 5, 8), await client.del(BINARY)];
    });
    await notes.use('blocked clients', async () => {
        const [one, two, three] = [await open(), await open(), await open()];
        const ids = await Promise.all([one, two, three].map((each) => each.clientId()));
        const blocked = async () => (await client.clientList()).filter((line) => ids.includes(line.id) && line.flags.includes('b'));
        const waiting = [one.blPop('queue', 10), two.blMove('jobs', 'active', 'LEFT', 'RIGHT', 10),
            three.xRead({ key: 'feed', id: '$' }, { BLOCK: 10_000 })];
        await within(5000, async () => (await blocked()).length === 3);
        await client.multi().rPush('queue', 'a').rPush('jobs', 'b').xAdd('feed', '1-1', { a: '1' }).exec();
        const given = await Promise.all(waiting);
        const unblocked = one.blPop('none', 0).catch(message);
        await within(5000, async () => await client.sendCommand(['CLIENT', 'UNBLOCK', String(ids[0]), 'ERROR']) === 1);
        return [given, await unblocked, await two.blPop('none', 0.05)];
    });
    await notes.use('subscriptions', async () => {
        // A server learns later than we that an earlier listener has closed its connection.
        await within(5000, async () => await client.pubSubNumPat() === 0);
        const listener = await open();
        const heard = [];
        await listener.subscribe('news', (text, channel) => heard.push([channel, text]));
        await listener.pSubscribe('n*', (text, channel) => heard.push(['n*', channel, text]));
        await listener.sSubscribe('shard', (text, channel) => heard.push([channel, text]));
        const receivers = [await client.publish('news', 'a'), await client.publish('now', 'b'), await client.sPublish('shard', 'c')];
        await within(5000, () => heard.length === 4);
        const numbers = [await client.pubSubNumSub(['news']), await client.pubSubNumPat(), await client.pubSubShardNumSub(['shard'])];
        const other = await listener.get('text').catch(message);
        await listener.unsubscribe(); await listener.pUnsubscribe(); await listener.sUnsubscribe();
        return [receivers, heard, numbers, other, await listener.get('text')];
    });
    await notes.use('keyspace notifications', async () => {
        await client.configSet('notify-keyspace-events', 'KEA');
        const listener = await open();
        const heard = [];
        await listener.pSubscribe('__key*@3__:*', (text, channel) => heard.push(`${channel} ${text}`));
        await client.multi().set('seen', '1').lPush('seen-list', '1').rename('seen-list', 'seen').del('seen').exec();
        await client.set('short', '1', { expiration: { type: 'PX', value: 5 } });
        await within(5000, async () => heard.some((text) => text.includes('expired')));
        await client.configSet('notify-keyspace-events', '');
        return heard;
    });
    await notes.use('a pool', async () => {
        const pool = createClientPool({ url: `redis://app:Secret@127.0.0.1:${server.port}/3`, RESP }, { minimum: 1, maximum: 6 });
        await pool.connect();
        const replies = await Promise.all(Array.from({ length: 200 }, (_, i) => pool.set(`pool:${i}`, 'v')));
        pool.destroy();
        return replies.every((reply) => reply === 'OK');
    });
    await notes.use('a connection that is killed comes back as it was', async () => {
        const victim = await open({ name: 'victim' });
        const id = await victim.clientId();
        await client.clientKill({ filter: 'ID', id });
        await within(5000, () => !victim.isReady);
        const { name, user, db } = await victim.clientInfo();
        return [await victim.get('text'), name, user, db];
    });
    await notes.use('denied', async () => {
        const limited = await open({}, 'limited:Lim', 0);
        const code = (error) => error.message.split(' ')[0];
        return [await limited.get('lim:x'), await limited.get('x').catch(code), await limited.flushAll().catch(code),
            await limited.publish('x', 'y').catch(code), await limited.subscribe('x', () => {}).catch(code)];
    });
    await notes.use('MONITOR', async () => {
        const watcher = await open();
        const lines = [];
        await watcher.monitor((line) => {
            const text = String(line).replace(/^[\d.]+ \[(\d+) .*?\]/, '[$1]');
            if (text.startsWith('[3]')) lines.push(text); // In other databases ioredis is at work.
        });
        await client.echo('a "b"\n');
        await within(5000, () => lines.length > 0);
        return lines;
    });
    for (const each of opened) each.destroy();
    return notes.found;
}

async function ioredis(server, protocol) {
    const notes = new Notes(`ioredis RESP${protocol}`);
    const opened = [];
    const open = (options = {}, login = 'app:Secret', database = 4) => {
        const client = new Redis(`redis://${login}@127.0.0.1:${server.port}/${database}`, { protocol, ...options });
        client.on('error', () => {});
        opened.push(client);
        return client;
    };
    const client = open({ connectionName: 'tester' });
    await client.flushdb();

    await notes.use('a wrong password', () => open({ retryStrategy: null }, 'app:wrong').get('a'));
    await notes.use('a pipeline of every type', () => client.pipeline().set('a', 1).incr('a').hset('h', { f: 1 }).hgetall('h')
        .rpush('l', 1, 2).lrange('l', 0, -1).zadd('z', 1.5, 'm', 'inf', 'n').zrange('z', 0, -1, 'WITHSCORES').incr('h')
        .geoadd('g', 13.361389, 38.115556, 'P').geosearch('g', 'FROMMEMBER', 'P', 'BYRADIUS', 1, 'km', 'WITHCOORD', 'WITHDIST')
        .xadd('x', '1-1', 'a', 1).xrange('x', '-', '+').xinfo('STREAM', 'x').lcs('a', 'a', 'IDX').exec());
    await notes.use('a long pipeline', async () => {
        const pipeline = client.pipeline();
        for (let i = 0; i < PIPELINE_LENGTH; i++) pipeline.incr('counter');
        return (await pipeline.exec()).at(-1);
    });
    await notes.use('automatic pipelines', async () => {
        const auto = open({ enableAutoPipelining: true });
        const replies = await Promise.all(Array.from({ length: 1000 }, (_, i) => i % 2 ? auto.get(`k${i - 1}`) : auto.set(`k${i}`, i)));
        return [replies.slice(0, 4), replies.at(-1), await auto.get('l').catch(message)];
    });
    await notes.use('transactions', async () => {
        const done = await client.multi().set('m', 1).incr('m').exec();
        const wrong = await client.multi().set('m', 'q').incr('m').exec();
        const aborted = await client.multi().set('m').exec().catch(message);
        await client.multi({ pipeline: false });
        client.set('m', 2);
        const discarded = [await client.discard(), await client.get('m'), await client.exec().catch(message)];
        await client.watch('m');
        await open().set('m', 3);
        return [done, wrong, aborted, discarded, await client.multi().set('m', 4).exec()];
    });
    await notes.use('scan streams', async () => {
        for (let i = 0; i < 150; i++) client.pipeline().sadd('it:s', `m${i}`).hset('it:h', `f${i}`, i).set(`it:k${i}`, i).exec();
        await client.ping();
        return [await sorted(client.scanStream({ match: 'it:*', count: 20 })), await sorted(client.scanStream({ type: 'set' })),
            (await sorted(client.sscanStream('it:s')))[0], (await sorted(client.hscanStream('it:h', { match: 'f1?' })))[0]];
    });
    await notes.use('workers share a queue', async () => {
        const taken = [];
        const workers = [open(), open(), open()].map(async (worker) => {
            for (let job; (job = await worker.blmove('jobs', 'active', 'RIGHT', 'LEFT', 0.5)) !== null;) {
                taken.push(job);
                await worker.lrem('active', 1, job);
            }
        });
        for (let i = 0; i < 100; i++) client.lpush('jobs', `j${i}`);
        await Promise.all(workers);
        return [taken.length, new Set(taken).size, await client.llen('active')];
    });
    await notes.use('subscriptions', async () => {
        const listener = open();
        const heard = [];
        listener.on('message', (channel, text) => heard.push([channel, text]));
        listener.on('pmessage', (pattern, channel, text) => heard.push([pattern, channel, text]));
        const counts = [await listener.subscribe('io1', 'io2'), await listener.psubscribe('io*')];
        const receivers = [await client.publish('io1', 'x'), await client.publish('io9', 'y')];
        await within(5000, () => heard.length === 3);
        const other = await listener.get('a').catch(message);
        return [counts, receivers, heard, other, await listener.unsubscribe('io1'), await listener.punsubscribe('io*')];
    });
    await notes.use('binary keys', async () => [await client.set(BINARY, BINARY), await client.getBuffer(BINARY),
        await client.restore('copy', 0, await client.dumpBuffer(BINARY)), await client.getBuffer('copy')]);
    await notes.use('a blocked connection that is killed waits again', async () => {
        const victim = open();
        const id = await victim.client('ID');
        const waiting = victim.blpop('late', 10);
        await client.client('KILL', 'ID', id);
        await within(5000, async () => / cmd=blpop /.test(await client.client('LIST')));
        await client.rpush('late', 'z');
        return waiting;
    });
    await notes.use('errors', async () => [await client.call('nonsense', 'x').catch(message), await client.set('a').catch(message),
        await client.lpush('a', 1).catch(message), await client.client('KILL', '127.0.0.1:1').catch(message)]);
    for (const each of opened) each.disconnect();
    return notes.found;
}

/** What must survive a restart: sessions that come again by themselves, their subscriptions, and the data in the file. */
async function restarts(server) {
    const notes = new Notes('restart');
    const url = `redis://app:Secret@127.0.0.1:${server.port}/5`;
    const node = createClient({ url });
    const io = new Redis(url);
    const listener = new Redis(url);
    const heard = [];
    for (const client of [node, io, listener]) client.on('error', () => {});
    await node.connect();
    await listener.subscribe('after');
    listener.on('message', (channel, text) => heard.push([channel, text]));
    await node.set('kept', '1');
    await server.restart();
    await notes.use('both libraries go on', async () => {
        await within(5000, () => node.isReady);
        return [await node.incr('kept'), await io.incr('kept'), (await node.clientInfo()).db];
    });
    await notes.use('subscriptions are there again', async () => {
        await within(5000, async () => (await io.publish('after', 'hello')) > 0);
        await within(5000, () => heard.length > 0);
        return heard[0];
    });
    node.destroy();
    io.disconnect();
    listener.disconnect();
    return notes.found;
}

async function usesOf(program, lines) {
    const server = await start(program, lines);
    const found = new Map();
    for (const uses of [nodeRedis(server, 2), ioredis(server, 2)]) for (const [name, gave] of await uses) found.set(name, gave);
    for (const uses of [nodeRedis(server, 3), ioredis(server, 3)]) for (const [name, gave] of await uses) found.set(name, gave);
    for (const [name, gave] of await restarts(server)) found.set(name, gave);
    return found;
}

let passed = 0;
let failed = 0;
try {
    const ours = process.env.REDOUBT_SERVER;
    const [real, redis, strict] = await Promise.all([
        usesOf('redis-server', []), usesOf(ours, ['security-profile redis']), usesOf(ours, ['security-profile strict']),
    ]);
    for (const [name, expected] of real) {
        const wrong = Object.entries({ redis, strict }).filter(([, found]) => found.get(name) !== expected);
        // Both sides failing alike by running out of time would prove nothing.
        if (wrong.length === 0 && !expected.includes('no answer within')) {
            passed++;
            console.log(`ok      ${name}`);
        } else {
            failed++;
            console.log(`FAILED  ${name}\n        redis-server: ${expected}`);
            for (const [profile, found] of wrong) console.log(`        ${profile}: ${found.get(name)}`);
        }
    }
} catch (error) {
    failed++;
    console.log(`FAILED  ${error.stack}`);
} finally {
    await stopAll();
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
