// Makes the types of the wire from the recorder's own description (`ui/src/lib/api/openapi.json`): the calls that record, and what
// they need, nothing else.
//
//   node scripts/wire.mjs           makes src/wire.d.ts anew
//   node scripts/wire.mjs --check   fails where it is not what the description makes

import { readFile, writeFile } from 'node:fs/promises';
import openapiTS, { astToString } from 'openapi-typescript';

const source = new URL('../../../ui/src/lib/api/openapi.json', import.meta.url);
const target = new URL('../src/wire.d.ts', import.meta.url);
const CALLS = ['/api/recording/events', '/api/recording/snapshot'];
/** Not named by these calls, and said over the WebSocket. */
const WORDS = ['ErrorCode', 'WarningCode', 'Role', 'Content'];

const whole = JSON.parse(await readFile(source, 'utf8'));
const made =
    '// Made by `npm run wire` from the recorder’s OpenAPI description; not to be edited.\n\n' +
    astToString(await openapiTS(trimmed(whole)));

if (process.argv.includes('--check')) {
    if ((await readFile(target, 'utf8').catch(() => '')) !== made) {
        console.error('src/wire.d.ts is not made from openapi.json: run `npm run wire -w sdk/typescript`');
        process.exit(1);
    }
} else {
    await writeFile(target, made);
}

function trimmed(document) {
    const paths = Object.fromEntries(CALLS.map((call) => [call, document.paths[call]]));
    const kept = new Map();
    const wanted = [...WORDS, ...named(paths)];
    for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
        if (kept.has(name)) continue;
        const schema = document.components.schemas[name];
        if (schema === undefined) throw new Error(`the description has no ${name}`);
        kept.set(name, schema);
        wanted.push(...named(schema));
    }
    const schemas = Object.fromEntries([...kept].sort(([a], [b]) => (a < b ? -1 : 1)));
    return { openapi: document.openapi, info: document.info, paths, components: { schemas } };
}

function named(value) {
    return [...JSON.stringify(value).matchAll(/#\/components\/schemas\/(\w+)/g)].map((match) => match[1]);
}
