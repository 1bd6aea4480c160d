// Where things are on this machine: the program under test, the browser, real transcripts, what is kept between runs.
//
// Owns the names of the environment. Never looks for anything twice.

import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../../..');

/** The cache folder that all of this project's tools share. */
export const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'chasm-recorder');

export function binary(): string {
  const target = process.env['CARGO_TARGET_DIR'] ?? join(CACHE, 'target');
  return process.env['CHASM_BIN'] ?? join(target, 'debug', 'chasm');
}

export function browserPath(): string {
  return process.env['CHASM_CHROMIUM'] ?? '/usr/bin/chromium';
}

/** Real transcripts, where they are; undefined where they are not. */
export function transcripts(): string | undefined {
  const folder = process.env['CHASM_TEST_DATA'] ?? resolve(ROOT, '../shared/data');
  return existsSync(join(folder, 'claude')) ? folder : undefined;
}

export function pictures(): string {
  return resolve(process.env['CHASM_SCREENSHOTS'] ?? join(ROOT, 'docs/screenshots'));
}
