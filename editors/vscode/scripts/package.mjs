// Makes the .vsix: bundles, puts the licences beside it, and packs with vsce.
//
//   node scripts/package.mjs [FILE]     default: dist/chasm-recorder-VERSION.vsix
// vsce is what scripts/vsce.sh installs into the cache.

import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

const at = (path) => new URL(path, import.meta.url).pathname;
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'chasm-recorder');
const { version } = JSON.parse(await readFile(at('../package.json'), 'utf8'));
const file = process.argv[2] ?? at(`../dist/chasm-recorder-${version}.vsix`);

await import('./build.mjs');
const [mit, apache] = await Promise.all(
    ['MIT', 'APACHE'].map((name) => readFile(at(`../../../LICENSE-${name}`), 'utf8')),
);
const choice = 'Licensed under either of the MIT licence or the Apache License 2.0, at your choice.';
const { resolve } = createRequire(import.meta.url);
const ws = await readFile(join(dirname(resolve('ws/package.json')), 'LICENSE'), 'utf8');
const others = `The extension contains the package ws, under this licence:\n\n${ws}`;
await writeFile(at('../LICENSE.txt'), [choice, mit, apache, others].join('\n\n'));
execFileSync(
    process.execPath,
    [
        join(cache, 'vsce/node_modules/@vscode/vsce/vsce'),
        ...[
            'package',
            '--no-dependencies',
            '--allow-missing-repository',
            '--no-update-package-json',
            '-o',
            file,
        ],
    ],
    { cwd: at('..'), stdio: ['ignore', 'ignore', 'inherit'] },
);
console.log(file);
