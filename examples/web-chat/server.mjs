// Serves the example: its page, the SDK as it was built, and a model that talks slowly. Loopback only, nothing to install.
//
//   node examples/web-chat/server.mjs [PORT]

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const SDK = fileURLToPath(new URL('../../sdk/typescript/dist/', import.meta.url));
const TYPES = {
    '.html': 'text/html',
    '.js': 'text/javascript',
    '.css': 'text/css',
    '.map': 'application/json',
};
const PAGE = ['/index.html', '/chat.js', '/style.css'];
/** Between two words, in milliseconds. */
const PACE = 60;
const LONGEST_BODY = 1 << 20;

const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://page');
    const answer = pathname === '/v1/chat/completions' ? talk(request, response) : file(pathname, response);
    answer.catch((error) => {
        if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
        response.end(String(error));
    });
});

const port = Number(process.argv[2] ?? 5173);

server.on('error', (error) => {
    const taken = `port ${port} is in use: give another one, node examples/web-chat/server.mjs ${port + 1}`;
    console.error(error.code === 'EADDRINUSE' ? taken : error.message);
    process.exit(1);
});

server.listen(port, '127.0.0.1', () => {
    console.log(`http://127.0.0.1:${server.address().port}`);
});

/** One of the page's three files, or one of the SDK's. */
async function file(pathname, response) {
    const wanted = pathname === '/' ? '/index.html' : pathname;
    const path = wanted.startsWith('/sdk/')
        ? inside(SDK, wanted.slice(5))
        : PAGE.includes(wanted) && join(HERE, wanted);
    const found = path && (await stat(path).catch(() => undefined))?.isFile();
    if (!found) {
        const hint = wanted.startsWith('/sdk/')
            ? 'the SDK is not built: npm run build -w sdk/typescript'
            : 'not here';
        return void response.writeHead(404, { 'content-type': 'text/plain' }).end(hint);
    }
    const type = TYPES[path.slice(path.lastIndexOf('.'))] ?? 'application/octet-stream';
    response.writeHead(200, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' });
    createReadStream(path).pipe(response);
}

function inside(folder, name) {
    const path = normalize(join(folder, name));
    return path.startsWith(folder) ? path : undefined;
}

/** Streams an answer word by word, in the form of OpenAI's chat completions. */
async function talk(request, response) {
    const { messages } = JSON.parse(await body(request));
    const asked = String(messages.at(-1)?.content ?? '');
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    for (const word of answerTo(asked).split(/(?<= )/)) {
        if (response.destroyed) return;
        response.write(`data: ${JSON.stringify({ choices: [{ delta: { content: word } }] })}\n\n`);
        await new Promise((resolve) => setTimeout(resolve, PACE));
    }
    response.end('data: [DONE]\n\n');
}

function answerTo(asked) {
    const said = `You asked: "${asked}". I am a small server that repeats what it hears, word by word, so that there is time to`;
    return `${said} reload this page, close it, or stop the recorder while I speak. Nothing that you have seen is lost.`;
}

async function body(request) {
    let text = '';
    for await (const piece of request) {
        text += piece;
        if (text.length > LONGEST_BODY) throw new Error('the request is too long');
    }
    return text;
}
