// Measures what redis-benchmark does not: the time from exec to the first PONG, and the longest stall.
//   node probe.mjs pong PROGRAM PORT        milliseconds from exec to the first +PONG; the server is stopped again
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

if (mode === 'pong') pong(words[0], words[1]);
else if (mode === 'stall') stall(words[0]);
else { console.error('usage: probe.mjs pong PROGRAM PORT | stall PORT'); process.exit(2); }
