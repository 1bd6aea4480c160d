// Makes the types of the recorder's interface from its own description.
//
//   node scripts/api.mjs --from http://127.0.0.1:8787   takes the description from a running recorder (or a file), makes the types
//   node scripts/api.mjs                                makes the types anew from the description that is here
//   node scripts/api.mjs --check [--from …]             fails where types, description and recorder do not agree

import { readFile, writeFile } from 'node:fs/promises';
import openapiTS, { astToString } from 'openapi-typescript';
import { format } from 'prettier';

const folder = new URL('../src/lib/api/', import.meta.url);
const description = new URL('openapi.json', folder);
const types = new URL('schema.d.ts', folder);

const check = process.argv.includes('--check');
const at = process.argv.indexOf('--from');
const from = at > 0 ? process.argv[at + 1] : undefined;

async function told(source) {
    if (!/^https?:/.test(source)) return JSON.parse(await readFile(source, 'utf8'));
    const answer = await fetch(new URL('/api/openapi.json', source));
    if (!answer.ok) throw new Error(`${source} answers ${answer.status}`);
    return answer.json();
}

const here = await readFile(description, 'utf8').catch(() => '');
const document = from ? await told(from) : JSON.parse(here);
const text = await format(JSON.stringify(document), { parser: 'json', printWidth: 110 });
const made =
    '// Made by `npm run api` from openapi.json; not to be edited.\n\n' +
    astToString(await openapiTS(document));

if (check) {
    const drift = [];
    if (text !== here) drift.push('openapi.json is not what the recorder says');
    if ((await readFile(types, 'utf8').catch(() => '')) !== made)
        drift.push('schema.d.ts is not made from openapi.json');
    if (drift.length > 0) {
        console.error(`${drift.join('; ')}: run \`npm run api -w ui -- --from ADDRESS\``);
        process.exit(1);
    }
} else {
    await writeFile(description, text);
    await writeFile(types, made);
}
