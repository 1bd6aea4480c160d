// What a run in a real editor cannot do without: the editor, the browser, the recorder, the packed extension.
//
// A run without them fails here, with what to do about it; it never skips.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { binary, browserPath } from '../../../../../tests/e2e/src/places';
import { EDITOR, EXTENSION, PARTICIPANT, ROOT, VSCE } from './places';

export default function setup(): void {
  if (!existsSync(EDITOR)) throw new Error('the editor is not installed: run editors/vscode/scripts/host.sh');
  if (!existsSync(VSCE)) throw new Error('vsce is not installed: run editors/vscode/scripts/vsce.sh');
  if (!existsSync(browserPath())) {
    throw new Error(`there is no ${browserPath()}: install Debian's «chromium», or set CHASM_CHROMIUM`);
  }
  if (!existsSync(binary())) {
    throw new Error(`there is no ${binary()}: \`cargo build -p chasm-cli --bin chasm\`, or set CHASM_BIN`);
  }
  execFileSync(process.execPath, ['scripts/package.mjs', EXTENSION], { cwd: ROOT, stdio: 'inherit' });
  const pack = [
    'package',
    '--no-dependencies',
    '--allow-missing-repository',
    '--skip-license',
    '-o',
    PARTICIPANT,
  ];
  execFileSync(process.execPath, [VSCE, ...pack], {
    cwd: `${ROOT}/tests/host/participant`,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
