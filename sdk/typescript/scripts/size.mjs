// How large the browser entry is, minified and gzipped, bundled as an application's build would do it.
//
// Fails over the limit.

import { gzipSync } from 'node:zlib';
import { build } from 'vite';

const LIMIT = 12_000;
const root = new URL('..', import.meta.url).pathname;

async function size(entry) {
    const made = await build({
        root,
        configFile: false,
        logLevel: 'error',
        build: { write: false, target: 'es2022', minify: true, lib: { entry, formats: ['es'] } },
    });
    const chunks = [made].flat().flatMap(({ output }) => output);
    return gzipSync(chunks.map((chunk) => chunk.code ?? '').join('\n')).length;
}

const kb = (n) => `${(n / 1000).toFixed(1)} kB`;
const browser = await size('src/browser.ts');
const wrap = await size('src/wrap/index.ts');
console.log(`browser entry ${kb(browser)} gzipped (limit ${kb(LIMIT)}), wrappers ${kb(wrap)}`);
if (browser > LIMIT) process.exit(1);
