// Puts beside the compiled files what the compiler leaves where it is: the types of the wire are written as declarations.

import { copyFile } from 'node:fs/promises';

const from = new URL('../src/wire.d.ts', import.meta.url);
await copyFile(from, new URL('../dist/wire.d.ts', import.meta.url));
