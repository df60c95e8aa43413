// Measures what redis-benchmark does not: the time from exec to the first PONG, and the longest stall.
//   node probe.mjs pong PROGRAM PORT        milliseconds from exec to the first +PONG; the server is stopped again
//   node probe.mjs listen PORT COUNT CHANNEL    COUNT subscribers, until SIGTERM
//   node probe.mjs transactions PORT DEPTH COUNT    COUNT times MULTI, ten SETs and EXEC from 50 connections, DEPTH at once
//                                               on each; prints rate, and p50, p99, p99.9 in ms of what is sent at once
//   node probe.mjs stall PORT               until SIGTERM: sends PING and GET each millisecond; prints the worst
import { spawn } from 'node:child_process';
import { connect } from 'node:net';

const [mode, ...words] = process.argv.slice(2);

// What this program compiles for its own sake would take the core from the server that starts.
async function warmUp(port) {
    for (let i = 0; i < 100; i++) {
        await new Promise((tried) => connect({ host: '127.0.0.1', port: Number(port) }).on('error', () => {})
            .on('close', tried));
    }
}

async function pong(program, port) {
    await warmUp(port);
    const begin = process.hrtime.bigint();
    const child = spawn(program, ['--port', port, '--save', '', '--bind', '127.0.0.1', '--dir', process.cwd()],
        { stdio: 'ignore' });
    child.on('exit', () => process.exit(process.exitCode ?? 1));
    const attempt = () => {
        const socket = connect({ host: '127.0.0.1', port: Number(port), noDelay: true });
        let answered = false;
        socket.on('connect', () => socket.write('PING\r\n'));
        socket.on('data', () => {
            if (answered) return;
            answered = true;
            console.log((Number(process.hrtime.bigint() - begin) / 1e6).toFixed(1));
            process.exitCode = 0;
            socket.destroy();
            child.kill('SIGTERM');
        });
        socket.on('error', () => {});
        socket.on('close', () => { if (!answered) setTimeout(attempt, 2); });
    };
    attempt();
    setTimeout(() => { child.kill('SIGKILL'); console.error('no PONG within 30 seconds'); process.exit(1); }, 30000);
}

function stall(port) {
    const socket = connect({ host: '127.0.0.1', port: Number(port), noDelay: true });
    const request = Buffer.from('PING\r\n*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000001\r\n');
    let sent = 0;
    let worst = 0;
    let answers = 0;
    let timer; // The loop of this program may stall as well: only the time from sending to the answer counts.
    const send = () => { sent = performance.now(); socket.write(request); };
    socket.on('connect', send);
    let seen = Buffer.alloc(0);
    socket.on('data', (bytes) => {
        seen = Buffer.concat([seen, bytes]);
        // +PONG, then a bulk string or nil.
        const text = seen.toString('latin1');
        if (!/^\+PONG\r\n(\$-1\r\n|\$\d+\r\n[^\r]*\r\n)$/.test(text)) return;
        seen = Buffer.alloc(0);
        answers++;
        worst = Math.max(worst, performance.now() - sent);
        timer = setTimeout(send, 1);
    });
    const end = () => {
        clearTimeout(timer);
        console.log(`${worst.toFixed(2)} ${answers}`);
        process.exit(answers > 0 ? 0 : 1);
    };
    process.on('SIGTERM', end);
    socket.on('error', (error) => { console.error(error.message); process.exit(1); });
}

function listen(port, count, channel) {
    for (let i = 0; i < count; i++) {
        const socket = connect({ host: '127.0.0.1', port: Number(port) });
        socket.on('connect', () => socket.write(`SUBSCRIBE ${channel}\r\n`));
        socket.on('data', () => {});
        socket.on('error', () => process.exit(1));
        socket.on('close', () => process.exit(0));
    }
    process.on('SIGTERM', () => process.exit(0));
}

async function transactions(port, depth, count) {
    const connections = 50;
    const value = 'x'.repeat(64);
    const one = (i) => {
        let text = '*1\r\n$5\r\nMULTI\r\n';
        for (let j = 0; j < 10; j++) {
            text += `*3\r\n$3\r\nSET\r\n$10\r\nkey:${String(100000 + i * 10 + j)}\r\n$64\r\n${value}\r\n`;
        }
        return text + '*1\r\n$4\r\nEXEC\r\n';
    };
    const answer = ('+OK\r\n' + '+QUEUED\r\n'.repeat(10) + '*10\r\n' + '+OK\r\n'.repeat(10)).length;
    const times = [];
    let begun = 0;
    const run = (number) => new Promise((done, failed) => {
        const request = Buffer.from(Array.from({ length: depth }, (_, i) => one(number * depth + i)).join(''));
        const socket = connect({ host: '127.0.0.1', port: Number(port), noDelay: true });
        let sent;
        let seen = 0;
        const send = () => {
            if (begun >= count) {
                socket.destroy();
                done();
                return;
            }
            begun += depth;
            seen = 0;
            sent = performance.now();
            socket.write(request);
        };
        socket.on('connect', send);
        socket.on('data', (bytes) => {
            seen += bytes.length;
            if (seen < answer * depth) return;
            if (seen > answer * depth) failed(new Error(`unexpected: ${bytes.toString('latin1', 0, 200)}`));
            times.push(performance.now() - sent);
            send();
        });
        socket.on('error', failed);
    });
    const begin = performance.now();
    await Promise.all(Array.from({ length: connections }, (_, i) => run(i)));
    const seconds = (performance.now() - begin) / 1000;
    times.sort((a, b) => a - b);
    const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))].toFixed(3);
    console.log((begun / seconds).toFixed(1), at(0.5), at(0.99), at(0.999));
}

if (mode === 'listen') listen(words[0], Number(words[1]), words[2]);
else if (mode === 'transactions') await transactions(words[0], Number(words[1]), Number(words[2]));
else if (mode === 'pong') pong(words[0], words[1]);
else if (mode === 'stall') stall(words[0]);
else { console.error('usage: probe.mjs pong PROGRAM PORT | stall PORT | listen ... | transactions ...'); process.exit(2); }
