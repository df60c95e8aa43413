// The promises of docs/guide.md, section by section. Names, passwords and rules are the guide's own, word for word.
import { networkInterfaces } from 'node:os';
import { readFileSync } from 'node:fs';
import { LEAKS, ALLOWED, OTHER_DATABASES } from './write-only.mjs';
import {
    REAL, SUBJECT, ask, broken, cli, finish, ioredis, isError, notThere, ok, promise, show, start, stop, stopAll, within,
} from './servers.mjs';

const APPUSER = 'user appuser on >SuperSecretPass ~* +@all';
const asApp = { username: 'appuser', password: 'SuperSecretPass' };

/** Names, in lower case, of the commands that a server has; those that it lacks are no leak yet. */
async function commandNames(client) {
    const rows = await client.call('COMMAND');
    return rows.map((row) => ({ name: row[0], arity: Math.abs(row[1]) }));
}

async function everyCommandIsRefused(server, known) {
    const stranger = ioredis(server);
    const free = new Set(['auth', 'hello', 'quit', 'reset']);
    const open = [];
    for (const { name, arity } of known) {
        if (free.has(name)) continue;
        const words = Array.from({ length: Math.max(arity, 1) - 1 }, () => '1');
        const reply = await ask(stranger, name, ...words);
        // Redis judges the shape of a command before it asks who sent it; that runs nothing and tells nothing.
        const shut = isError(reply) && /NOAUTH|^-ERR (unknown subcommand|wrong number|DEBUG command not allowed)/.test(reply);
        if (!shut) open.push(`${name}: ${show(reply)}`);
        if (open.length > 5) break;
    }
    stranger.disconnect();
    if (known.length < 20) return `the server lists only ${known.length} commands`;
    return open.length > 0 ? open.join('; ') : undefined;
}

async function onePassword() {
    const server = await start(SUBJECT, { conf: ['requirepass YourStrongPassword'] });
    const known = await commandNames(ioredis(server, { password: 'YourStrongPassword' }));
    await promise('1   a client that has not authenticated may run no command', () => everyCommandIsRefused(server, known));
    await promise('1   redis-cli -a with the password works', async () => {
        const said = await cli(server, ['-a', 'YourStrongPassword', 'ping']);
        return said === 'PONG' ? undefined : said;
    });
    await promise('1   auth with the password, then ping', async () => {
        const said = await cli(server, [], 'ping\nauth YourStrongPassword\nping');
        return /^\(?(error\) )?NOAUTH[^\n]*\n+OK\nPONG$/.test(said) ? undefined : said;
    });
    await promise('1   a wrong password is refused', async () => {
        const said = await cli(server, [], 'auth YourWeakPassword\nping');
        return said.includes('WRONGPASS') && said.includes('NOAUTH') && !said.includes('PONG') ? undefined : said;
    });
    await stop(server);
}

async function aclUsers() {
    const setup = { conf: ['requirepass YourStrongPassword'], acl: [APPUSER] };
    let server = await start(SUBJECT, setup);
    await promise('2   auth appuser SuperSecretPass, ping: PONG', async () => {
        const said = await cli(server, [], 'auth appuser SuperSecretPass\nping');
        return said === 'OK\nPONG' ? undefined : said;
    });
    const known = await commandNames(ioredis(server, asApp));
    await promise('2   whoever has no password stays out', () => everyCommandIsRefused(server, known));
    await promise('2   whoever has no password reads no password', async () => {
        const said = await cli(server, [], 'config get requirepass\nacl list\ninfo\nkeys *');
        return /YourStrongPassword|appuser|redis_version/.test(said) ? said.slice(0, 200) : undefined;
    });
    await promise('2   whoever holds the password of requirepass gets in', async () => {
        const said = await cli(server, [], 'auth YourStrongPassword\nping');
        return said === 'OK\nPONG' ? undefined : said;
    });
    for (const [who, words] of [['appuser with another password', 'appuser YourStrongPassword'],
        ['an unknown user', 'nobody SuperSecretPass'], ['a wrong password', 'SuperSecretPass']]) {
        await promise(`2   ${who} stays out`, async () => {
            const said = await cli(server, [], `auth ${words}\nping`);
            return said.includes('WRONGPASS') && !said.includes('PONG') ? undefined : said;
        });
    }
    await promise('2   after ACL LOAD it is as before', async () => {
        const loaded = await cli(server, ['--user', 'appuser', '--pass', 'SuperSecretPass', 'acl', 'load']);
        if (loaded !== 'OK') return loaded;
        return everyCommandIsRefused(server, known);
    });
    await promise('2   after ACL SAVE and a restart it is as before', async () => {
        const saved = await cli(server, ['--user', 'appuser', '--pass', 'SuperSecretPass', 'acl', 'save']);
        if (saved !== 'OK') return saved;
        await stop(server);
        const acl = readFileSync(`${server.folder}/users.acl`, 'utf8').trim().split('\n');
        server = await start(SUBJECT, { ...setup, acl, keep: server });
        const said = await cli(server, [], 'auth YourStrongPassword\nping\nauth appuser SuperSecretPass\nping');
        if (said !== 'OK\nPONG\nOK\nPONG') return said;
        return everyCommandIsRefused(server, known);
    });
    await stop(server);

    const outside = Object.values(networkInterfaces()).flat().find((a) => a.family === 'IPv4' && !a.internal)?.address;
    if (!outside) {
        notThere('2   from another machine', 'this machine has no address but loopback');
        return;
    }
    server = await start(SUBJECT, { ...setup, conf: [...setup.conf, 'protected-mode yes'], bind: '0.0.0.0' });
    await promise('2   appuser gets in from another machine, protected-mode yes', async () => {
        const said = await cli(server, [], 'auth appuser SuperSecretPass\nping', outside);
        return said === 'OK\nPONG' ? undefined : said;
    });
    await promise('2   a stranger on another machine stays out', async () => {
        const said = await cli(server, [], 'ping\nget mykey\nconfig get requirepass', outside);
        return /PONG|YourStrongPassword/.test(said) || said === '' ? said || 'no answer' : undefined;
    });
    await stop(server);
}

async function databases() {
    const rules = 'user readonlyuser on >ReadOnlyPass ~* +get +info -select';
    const server = await start(SUBJECT, { conf: ['requirepass YourStrongPassword'], acl: [APPUSER, rules] });
    await cli(server, ['--user', 'appuser', '--pass', 'SuperSecretPass'], 'set mykey zero\nselect 1\nset mykey one');
    const as = ['--user', 'readonlyuser', '--pass', 'ReadOnlyPass'];
    await promise('2a  readonlyuser works in database 0', async () => {
        const said = await cli(server, [...as, 'get', 'mykey']);
        return said === 'zero' ? undefined : said;
    });
    await promise('2a  readonlyuser cannot select another database', async () => {
        const said = await cli(server, as, 'select 1\nget mykey');
        return said.includes('NOPERM') && !said.includes('one') ? undefined : said;
    });
    await promise('2a  nor be in another database after auth', async () => {
        const said = await cli(server, ['--user', 'appuser', '--pass', 'SuperSecretPass'],
            'select 1\nauth readonlyuser ReadOnlyPass\nget mykey');
        return said.split('\n').includes('one') ? `reads the value of database 1: ${show(said)}` : undefined;
    });
    await stop(server);
}

async function readOnlyUser() {
    const rules = 'user readonlyuser on >ReadOnlyPass ~* +get +exists +ttl +info -@write -select';
    const server = await start(SUBJECT, { conf: ['requirepass YourStrongPassword'], acl: [APPUSER, rules] });
    const app = ioredis(server, asApp);
    await ask(app, 'SET', 'mykey', 'value');
    await ask(app, 'SET', 'timed', 'value', 'EX', 1000);
    const reader = ioredis(server, { username: 'readonlyuser', password: 'ReadOnlyPass' });
    const reads = [[['GET', 'mykey'], (r) => r === 'value'], [['EXISTS', 'mykey'], (r) => Number(r) === 1],
        [['TTL', 'timed'], (r) => Number(r) > 900], [['INFO'], (r) => String(r).includes('redis_version')]];
    for (const [words, right] of reads) {
        await promise(`2b  readonlyuser may run ${words[0].toLowerCase()}`, async () => {
            const reply = await ask(reader, ...words);
            return right(reply) ? undefined : show(reply);
        });
    }
    const writes = [['SET', 'mykey', 'x'], ['DEL', 'mykey'], ['INCR', 'counter'], ['APPEND', 'mykey', 'x'],
        ['GETDEL', 'mykey'], ['GETEX', 'mykey', 'EX', 1], ['GETSET', 'mykey', 'x'], ['MSET', 'mykey', 'x'],
        ['SETRANGE', 'mykey', 0, 'x'], ['EXPIRE', 'mykey', 1], ['PERSIST', 'timed'], ['RENAME', 'mykey', 'other'],
        ['COPY', 'mykey', 'other'], ['MOVE', 'mykey', 1], ['UNLINK', 'mykey'], ['FLUSHALL'], ['FLUSHDB'], ['SWAPDB', 0, 1],
        ['SELECT', 1], ['CONFIG', 'SET', 'requirepass', 'x'], ['ACL', 'SETUSER', 'readonlyuser', 'allcommands'],
        ['LPUSH', 'list', 'x'], ['SADD', 'set', 'x'], ['ZADD', 'zset', 1, 'x'], ['HSET', 'hash', 'f', 'x'],
        ['XADD', 'stream', '*', 'f', 'x'], ['EVAL', "return redis.call('SET', KEYS[1], 'x')", 1, 'mykey']];
    for (const words of writes) await refused(`2b  readonlyuser may not run ${words[0].toLowerCase()}`, reader, words);
    await promise('2b  and nothing has changed', async () => {
        const now = [await ask(app, 'GET', 'mykey'), await ask(app, 'DBSIZE'), Number(await ask(app, 'TTL', 'timed')) > 900];
        return now[0] === 'value' && Number(now[1]) === 2 && now[2] ? undefined : show(now);
    });
    await stop(server);
}

/** A command that must be answered by NOPERM; one that the server does not have is reported as absent. */
async function refused(text, client, words) {
    const reply = await ask(client, ...words);
    if (isError(reply) && reply.startsWith('-NOPERM')) ok(text);
    else if (isError(reply) && /unknown (sub)?command/i.test(reply)) notThere(text, reply.slice(1, 60));
    else broken(text, `answered ${show(reply)}`);
}

async function writeOnlyUser() {
    const rules = 'user writeuser on >WritePass ~* +set +del +incr +@write -@read -select';
    const server = await start(SUBJECT, { conf: ['requirepass YourStrongPassword'], acl: [APPUSER, rules] });
    const app = ioredis(server, asApp);
    const writer = ioredis(server, { username: 'writeuser', password: 'WritePass' });
    for (const words of ALLOWED) {
        await ask(app, 'FLUSHALL');
        const text = `2c  writeuser may run ${words.join(' ')}`;
        const reply = await ask(writer, ...words);
        if (!isError(reply)) ok(text);
        else if (/unknown command/i.test(reply)) notThere(text, reply.slice(1, 60));
        else broken(text, reply);
    }
    for (const { prepare, words } of LEAKS) {
        await ask(app, 'FLUSHALL');
        for (const step of prepare) await ask(app, ...step);
        await refused(`2c  writeuser reads nothing by ${words.join(' ')}`, writer, words);
    }
    for (const { prepare, words } of OTHER_DATABASES) {
        await ask(app, 'FLUSHALL');
        for (const step of prepare) await ask(app, ...step);
        await refused(`2c  writeuser reaches no other database by ${words.join(' ')}`, writer, words);
    }
    await promise('2c  writeuser reads nothing from inside a transaction', async () => {
        await ask(app, 'FLUSHALL');
        await ask(app, 'SET', 'secret', 'TopSecretValue');
        const said = await cli(server, ['--user', 'writeuser', '--pass', 'WritePass'],
            'multi\ngetdel secret\ngetex secret\nset secret x get\nexec');
        return said.includes('TopSecretValue') ? show(said) : undefined;
    });
    await stop(server);
}

const MASTER = ['requirepass MasterSecret123'];

/** A replica as the guide configures it, and what it says about its link. */
const replica = (program, master, lines) =>
    start(program, { conf: [`replicaof 127.0.0.1 ${master.port}`, ...lines, 'requirepass SlaveSecret456'] });
const link = (server) => cli(server, ['-a', 'SlaveSecret456', 'info', 'replication']);
const isUp = async (server) => /role:slave[^]*master_link_status:up/.test(await link(server));

async function replication(title, masterProgram, replicaProgram) {
    let master = await start(masterProgram, { conf: MASTER });
    const onMaster = (...words) => cli(master, ['-a', 'MasterSecret123', ...words]);
    await onMaster('set', 'before', 'sync');
    let copy = await replica(replicaProgram, master, ['masterauth MasterSecret123']);
    await promise(`3   ${title}: role:slave and master_link_status:up`, async () =>
        await within(15000, () => isUp(copy)) ? undefined : show(await link(copy)));
    await promise(`3   ${title}: what was written before and after arrives`, async () => {
        await onMaster('set', 'after', 'link');
        const arrived = () => cli(copy, ['-a', 'SlaveSecret456', 'mget', 'before', 'after']);
        return await within(8000, async () => (await arrived()) === 'sync\nlink') ? undefined : show(await arrived());
    });
    await promise(`3   ${title}: clients enter the replica with its own password only`, async () => {
        const said = await cli(copy, [], 'ping\nauth MasterSecret123\nping');
        return said.includes('NOAUTH') && said.includes('WRONGPASS') && !said.includes('PONG') ? undefined : said;
    });
    await stop(copy);
    copy = await replica(replicaProgram, master, ['masterauth SomethingElse']);
    await promise(`3   ${title}: with a wrong masterauth, master_link_status:down`, async () => {
        if (await within(2500, () => isUp(copy))) return 'the link is up';
        return (await link(copy)).includes('master_link_status:down') ? undefined : show(await link(copy));
    });
    await stop(copy);
    await stop(master);

    // A least-privilege replication user beside the guide's own, and the master's requirepass beside its ACL file.
    master = await start(masterProgram, { conf: MASTER,
        acl: [APPUSER, 'user replicator on >ReplicaPass +psync +replconf +ping'] });
    if (masterProgram === SUBJECT) {
        copy = await replica(replicaProgram, master, ['masterauth MasterSecret123']);
        await promise(`3   ${title}: it comes up although the master has the ACL file of section 2`, async () =>
            await within(8000, () => isUp(copy)) ? undefined : show(await link(copy)));
        await stop(copy);
    }
    copy = await replica(replicaProgram, master, ['masteruser replicator', 'masterauth ReplicaPass']);
    await promise(`3   ${title}: masteruser with +psync +replconf +ping is enough`, async () =>
        await within(15000, () => isUp(copy)) ? undefined : show(await link(copy)));
    if (masterProgram === SUBJECT) {
        await promise(`3   ${title}: a replication user that is switched off receives no more writes`, async () => {
            const as = ['--user', 'appuser', '--pass', 'SuperSecretPass'];
            const value = () => cli(copy, ['-a', 'SlaveSecret456', 'get', 'later']);
            await cli(master, [...as, 'set', 'later', 'first']);
            if (!await within(8000, async () => (await value()) === 'first')) return 'not even the first write arrived';
            await cli(master, [...as, 'acl', 'setuser', 'replicator', 'off']);
            await cli(master, [...as, 'set', 'later', 'second']);
            if (await within(2500, async () => (await value()) === 'second')) return 'the write arrived all the same';
            return await within(8000, async () => !await isUp(copy)) ? undefined : 'the link still says up';
        });
    }
    await stop(copy);
    await stop(master);
}

async function application() {
    let server = await start(SUBJECT, { conf: ['requirepass YourStrongPassword'], acl: [APPUSER] });
    await promise('4   ioredis with username and password: get mykey', async () => {
        const client = ioredis(server, { ...asApp, enableReadyCheck: true });
        await client.set('mykey', 'value');
        const value = await client.get('mykey');
        return value === 'value' ? undefined : show(value);
    });
    await promise('4   ioredis without credentials stays out', async () => {
        const reply = await ask(ioredis(server), 'GET', 'mykey');
        return isError(reply) ? undefined : show(reply);
    });
    await promise('4   ioredis pipelines hold their order', async () => {
        const client = ioredis(server, asApp);
        const batch = client.pipeline();
        for (let i = 0; i < 1000; i++) batch.incr('counter');
        const replies = (await batch.exec()).map(([error, value]) => error ?? value);
        return replies.every((value, i) => value === i + 1) ? undefined : show(replies.slice(0, 5));
    });
    await stop(server);
    server = await start(SUBJECT, { conf: ['requirepass YourStrongPassword'] });
    await promise('4   ioredis with only requirepass: the username is left out', async () => {
        const client = ioredis(server, { password: 'YourStrongPassword', enableReadyCheck: true });
        await client.set('mykey', 'value');
        const value = await client.get('mykey');
        return value === 'value' ? undefined : show(value);
    });
    await stop(server);
}

const sections = [
    ['1', onePassword], ['2', aclUsers], ['2a', databases], ['2b', readOnlyUser], ['2c', writeOnlyUser],
    ['3', async () => {
        await replication('ours to redis-server', SUBJECT, REAL);
        await replication('redis-server to ours', REAL, SUBJECT);
        await replication('ours to ours', SUBJECT, SUBJECT);
    }],
    ['4', application],
];
process.on('SIGINT', () => stopAll().then(() => process.exit(130)));
process.on('SIGTERM', () => stopAll().then(() => process.exit(143)));
for (const [name, section] of sections) {
    try {
        await section();
    } catch (error) {
        broken(`${name.padEnd(3)} the section can be played to its end`, String(error?.message ?? error));
    }
}
await stopAll();
process.exitCode = finish();
