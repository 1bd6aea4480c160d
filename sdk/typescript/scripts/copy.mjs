// Puts beside the compiled files what the compiler leaves where it is: the types of the wire, which are written as declarations, and
// the licences.

import { copyFile } from 'node:fs/promises';

const at = (path) => new URL(path, import.meta.url);
await copyFile(at('../src/wire.d.ts'), at('../dist/wire.d.ts'));
for (const name of ['LICENSE-MIT', 'LICENSE-APACHE'])
    await copyFile(at(`../../../${name}`), at(`../dist/${name}`));
