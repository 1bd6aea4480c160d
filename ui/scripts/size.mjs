// How large the page is, gzipped: all of it but the grammars for highlighting, and what the first view needs.
//
// Fails over the limit.

import { readdir, readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';

const LIMIT = 300_000;
const dist = new URL('../dist/', import.meta.url);
const names = (await readdir(dist, { recursive: true })).filter((name) => /\.(js|css|html|svg)$/.test(name));
const sizes = new Map();
for (const name of names) sizes.set(name, gzipSync(await readFile(new URL(name, dist))).length);

const grammar = (name) => name.includes('grammar-');
const sum = (list) => list.reduce((total, name) => total + sizes.get(name), 0);
const html = await readFile(new URL('index.html', dist), 'utf8');
const first = names.filter((name) => name === 'index.html' || html.includes(name));
const rest = names.filter((name) => !grammar(name));
const kb = (n) => `${(n / 1000).toFixed(1)} kB`;
console.log(
    `first view ${kb(sum(first))}, everything ${kb(sum(rest))} (limit ${kb(LIMIT)}), grammars ${kb(sum(names.filter(grammar)))} in ${names.filter(grammar).length} files`,
);
for (const name of rest.sort((a, b) => sizes.get(b) - sizes.get(a)).slice(0, 12))
    console.log(`  ${kb(sizes.get(name)).padStart(9)}  ${name}`);
if (sum(rest) > LIMIT) process.exit(1);
