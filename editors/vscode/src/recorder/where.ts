// Where the recorder is.
//
// Owns the order in which that is looked up: a setting, what the running recorder wrote down, the usual address. Never starts one.

import { readFile } from 'node:fs/promises';
import { homedir, platform } from 'node:os';
import { join } from 'node:path';
import { parse, text } from '../read/json';

export interface Where {
  server: string;
  token: string | undefined;
}

export const USUAL_SERVER = 'http://localhost:8787';

/** `server` is the user's own choice, `dataDir` the folder that the user named. A token is only shown to this machine. */
export async function findRecorder(server: string | undefined, dataDir: string): Promise<Where> {
  const folder = folderOf(dataDir);
  const told = text(parse(await readFile(join(folder, 'server.json'), 'utf8').catch(() => '')), 'address');
  const address = addressOf(server ?? told ?? USUAL_SERVER);
  const isTrusted = server === undefined || isLoopback(address);
  const token = isTrusted ? (await readFile(join(folder, 'token'), 'utf8').catch(() => '')).trim() : '';
  return { server: address, token: token === '' ? undefined : token };
}

/** With or without `http://`, as people write it. */
export function addressOf(written: string): string {
  const full = written.includes('://') ? written : `http://${written}`;
  return full.replace(/\/+$/, '');
}

function isLoopback(address: string): boolean {
  try {
    return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(address).hostname);
  } catch {
    return false;
  }
}

/** Where the recorder keeps everything. */
export function folderOf(
  dataDir: string,
  env: NodeJS.ProcessEnv = process.env,
  system: NodeJS.Platform = platform(),
): string {
  if (dataDir !== '') return dataDir.replace(/^~(?=[\\/]|$)/, homedir());
  const set = env['CHASM_DATA_DIR'];
  if (set) return set;
  const name = 'chasm-recorder';
  if (system === 'win32') return join(env['APPDATA'] ?? join(homedir(), 'AppData', 'Roaming'), name, 'data');
  if (system === 'darwin') return join(homedir(), 'Library', 'Application Support', name);
  return join(env['XDG_DATA_HOME'] || join(homedir(), '.local', 'share'), name);
}
