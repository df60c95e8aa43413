// Servers in folders of their own, with the same users, an append-only file, and a port that stays over a restart.
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const USERS = ['user app on >Secret ~* &* +@all', 'user limited on >Lim ~lim:* resetchannels +@all -@dangerous'];
const servers = [];

/** Waits until the condition holds; false when it does not within the time. */
export async function within(millis, condition) {
    for (const end = Date.now() + millis; Date.now() < end; await pause(10)) {
        if (await condition()) return true;
    }
    return false;
}

const freePort = () => new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
        const { port } = probe.address();
        probe.close(() => resolve(port));
    });
});

/** Whether a server that has loaded its data listens there. */
const answers = (port) => new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', (reply) => { socket.destroy(); resolve(reply.toString() === '+PONG\r\n'); });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
});

/** Starts a server with these lines in its redis.conf, besides what all have. */
export async function start(program, lines) {
    const folder = mkdtempSync(join(tmpdir(), 'redoubt-clients-'));
    const port = await freePort();
    const conf = join(folder, 'redis.conf');
    writeFileSync(conf, [`port ${port}`, 'bind 127.0.0.1', `dir ${folder}`, 'save ""', 'appendonly yes', ...USERS, ...lines, ''].join('\n'));
    const server = { port, folder };
    const begin = async () => {
        const log = openSync(join(folder, 'log'), 'a');
        server.child = spawn(program, [conf], { stdio: ['ignore', log, log] });
        closeSync(log);
        server.gone = new Promise((done) => server.child.once('exit', done).once('error', done));
        await within(20_000, async () => server.child.exitCode !== null || await answers(port));
        if (server.child.exitCode !== null || !await answers(port)) {
            throw new Error(`${program} did not start: ${readFileSync(join(folder, 'log'), 'utf8').slice(-600)}`);
        }
    };
    server.stop = async () => {
        server.child.kill('SIGTERM');
        const late = setTimeout(() => server.child.kill('SIGKILL'), 10_000);
        await server.gone;
        clearTimeout(late);
    };
    server.restart = async () => { await server.stop(); await begin(); };
    servers.push(server);
    await begin();
    return server;
}

export async function stopAll() {
    await Promise.all(servers.map((server) => server.stop()));
    for (const { folder } of servers) rmSync(folder, { recursive: true, force: true });
}
