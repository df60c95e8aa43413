// Servers in folders of their own, redis-cli, and the counting of promises.
import { execFile, spawn, execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync, openSync, closeSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Redis from 'ioredis';

export const REAL = execFileSync('sh', ['-c', 'command -v redis-server'], { encoding: 'utf8' }).trim();
export const SUBJECT = process.env.REDOUBT_SERVER;

const running = new Set();
const clients = new Set();
const folders = new Set();
let passed = 0;
let failed = 0;
let absent = 0;

export const ok = (promise) => { passed++; console.log(`ok      ${promise}`); };
export const broken = (promise, why) => { failed++; console.log(`FAILED  ${promise}\n        ${why}`); };
export const notThere = (promise, why) => { absent++; console.log(`absent  ${promise} (${why})`); };

/** Counts one promise: the check throws, or returns a text, when it does not hold. */
export async function promise(text, check) {
    try {
        const why = await check();
        if (typeof why === 'string') broken(text, why); else ok(text);
    } catch (error) {
        broken(text, String(error?.message ?? error));
    }
}

export function finish() {
    if (absent > 0) console.log(`${absent} commands are not there yet`);
    console.log(`${passed} passed, ${failed} failed`);
    return failed > 0 || passed === 0 ? 1 : 0;
}

async function freePort() {
    for (;;) {
        const port = 20000 + Math.floor(Math.random() * 12000);
        const free = await new Promise((resolve) => {
            const probe = createServer();
            probe.once('error', () => resolve(false));
            probe.listen(port, '0.0.0.0', () => probe.close(() => resolve(true)));
        });
        if (free) return port;
    }
}

/** Waits until the condition holds; false when it does not within the time. */
export async function within(millis, condition) {
    const end = Date.now() + millis;
    for (;;) {
        if (await condition()) return true;
        if (Date.now() > end) return false;
        await new Promise((wake) => setTimeout(wake, 50));
    }
}

/** Starts a server with the lines of a redis.conf and of a users.acl, in a new folder or in the one given. */
export async function start(program, { conf = [], acl, bind = '127.0.0.1', keep } = {}) {
    const folder = keep?.folder ?? mkdtempSync(join(tmpdir(), 'redoubt-guide-'));
    folders.add(folder);
    const port = keep?.port ?? await freePort();
    const lines = [`port ${port}`, `bind ${bind}`, `dir ${folder}`, 'save ""', ...conf];
    if (acl) {
        writeFileSync(join(folder, 'users.acl'), acl.join('\n') + '\n');
        lines.push(`aclfile ${join(folder, 'users.acl')}`);
    }
    const file = join(folder, 'redis.conf');
    writeFileSync(file, lines.join('\n') + '\n');
    const log = join(folder, 'log');
    const out = openSync(log, 'a');
    const child = spawn(program, [file], { stdio: ['ignore', out, out] });
    closeSync(out);
    const server = { port, folder, child, program, log, gone: new Promise((done) => child.once('exit', done)) };
    child.once('error', () => {});
    running.add(server);
    const up = await within(20000, async () => child.exitCode !== null || (await cli(server, [], 'PING')) !== '');
    if (!up || child.exitCode !== null) {
        throw new Error(`${program} did not start: ${readFileSync(log, 'utf8').slice(-600)}`);
    }
    return server;
}

export async function stop(server) {
    server.child.kill('SIGTERM');
    const late = setTimeout(() => server.child.kill('SIGKILL'), 10000);
    await server.gone;
    clearTimeout(late);
    running.delete(server);
}

export async function stopAll() {
    for (const client of clients) client.disconnect();
    for (const server of [...running]) {
        if (server.child.exitCode === null) await stop(server);
    }
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

/** What redis-cli prints: with arguments that stand before the command, and lines typed into it. */
export function cli(server, options, typed, host = '127.0.0.1') {
    return new Promise((resolve) => {
        const child = execFile('redis-cli', ['-h', host, '-p', String(server.port), ...options],
            { encoding: 'utf8', timeout: 10000 },
            (error, stdout) => resolve(stdout.startsWith('Could not connect') ? '' : stdout.trim()));
        child.stdin.on('error', () => {});
        child.stdin.end(typed === undefined ? '' : typed + '\n');
    });
}

/** An ioredis connection that tries once and hides nothing. */
export function ioredis(server, options = {}) {
    const client = new Redis({
        host: '127.0.0.1', port: server.port, retryStrategy: null, enableReadyCheck: false,
        maxRetriesPerRequest: 0, connectTimeout: 5000, commandTimeout: 10000, ...options,
    });
    client.on('error', () => {});
    clients.add(client);
    return client;
}

/** The reply, or the error's text behind a minus sign, as it stood on the wire. */
export async function ask(client, ...words) {
    try {
        return await client.call(...words.map(String));
    } catch (error) {
        return `-${error.message}`;
    }
}

export const isError = (reply) => typeof reply === 'string' && reply.startsWith('-');
export const show = (reply) => JSON.stringify(reply)?.slice(0, 200);
