// Bundles the extension into one file, dist/extension.cjs: the SDK and the WebSocket library are in it, the editor's API is not.
//
// The SDK is taken from its sources, so that it need not be built first. `--watch` builds again at each change.

import { copyFile, mkdir } from 'node:fs/promises';
import { context } from 'esbuild';

const at = (path) => new URL(path, import.meta.url).pathname;

const made = await context({
    entryPoints: [at('../src/extension.ts')],
    outfile: at('../dist/extension.cjs'),
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    external: ['vscode', 'bufferutil', 'utf-8-validate'],
    alias: { '@chasm/recorder': process.env.CHASM_SDK ?? at('../../../sdk/typescript/src/node.ts') },
    // what the workspace's own tsconfig says is for the checker
    tsconfigRaw: {},
    sourcemap: process.argv.includes('--watch'),
    minify: !process.argv.includes('--watch'),
    legalComments: 'linked',
    logLevel: 'warning',
});
await mkdir(at('../media'), { recursive: true });
await copyFile(at('../../../icons/128x128.png'), at('../media/icon.png'));
if (process.argv.includes('--watch')) await made.watch();
else {
    await made.rebuild();
    await made.dispose();
}
