// A recorder in a process of its own, on a folder of its own.
//
// Owns the process and the folder: both are gone after `end`. Never touches what the user has: home and data folder are temporary.

import { spawn, execFile, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Api } from './api';
import { binary } from './places';
import { until } from './wait';

export interface Options {
  /** Text of `config.toml`. */
  config?: string;
  /** A data folder to begin with; it is copied. */
  from?: string;
  /** Where its folders are to be made: a small disk, say. */
  within?: string;
  /** Puts into the user's home what is there before the start. */
  home?: (home: string) => Promise<unknown>;
}

const START_MS = 60_000;
const STOP_MS = 20_000;

/** What editors write into their own files comes only where it is asked for. */
export const UNFOLLOWED = '[editors]\nfollow = false\n';

/** A session whose client is gone is interrupted at once, as far as the recorder lets that be set. */
export const QUICK = '[recording]\ngrace_secs = 1\n';

const running = new Set<ChildProcess>();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

export class Recorder {
  address = '';
  #child: ChildProcess | undefined;
  #token: string | undefined;

  private constructor(
    /** Holds the data folder, the log, and what stands in for the user's home. */
    readonly root: string,
    private readonly wantsToken: boolean,
  ) {}

  static async start(options: Options = {}): Promise<Recorder> {
    const recorder = new Recorder(
      await mkdtemp(join(options.within ?? tmpdir(), 'chasm-e2e-')),
      /^auth *= *"token"/m.test(options.config ?? ''),
    );
    if (options.from === undefined) await mkdir(recorder.folder);
    // one after the other on a disk that can share what is the same
    else await promisify(execFile)('cp', ['-r', '--reflink=auto', options.from, recorder.folder]);
    await mkdir(recorder.home);
    await options.home?.(recorder.home);
    if (options.config !== undefined)
      await writeFile(join(recorder.folder, 'config.toml'), options.config, { mode: 0o600 });
    await recorder.#launch(0);
    return recorder;
  }

  get folder(): string {
    return join(this.root, 'data');
  }

  get home(): string {
    return join(this.root, 'home');
  }

  get api(): Api {
    return new Api(this.address, this.#token);
  }

  /** What callers have to show, where this recorder wants it. */
  async token(): Promise<string> {
    return (await readFile(join(this.folder, 'token'), 'utf8')).trim();
  }

  /** From now on its requests show what the file says now. */
  async takeToken(): Promise<void> {
    this.#token = await this.token();
  }

  get port(): number {
    return Number(new URL(this.address).port);
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('the recorder does not run');
    return pid;
  }

  /** Whether it runs; where it does not, that was asked for. */
  get runs(): boolean {
    return this.#child !== undefined;
  }

  async log(): Promise<string> {
    return readFile(join(this.root, 'log'), 'utf8').catch(() => '');
  }

  /** A clean stop, which has to end with 0. */
  async stop(): Promise<void> {
    const code = await this.#signal('SIGTERM');
    if (code !== 0) throw new Error(`the recorder ended with ${code}\n${await this.log()}`);
  }

  /** As a crash or a power cut would. */
  async kill(): Promise<void> {
    await this.#signal('SIGKILL');
  }

  /** Starts again on the same folder and the same port: what was open there finds it. */
  async restart(): Promise<void> {
    if (this.#child) throw new Error('the recorder still runs');
    await this.#launch(this.port);
  }

  /** `chasm` with these arguments, on this folder. */
  async command(...args: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(binary(), [...args, '--data-dir', this.folder], {
      env: this.#environment(),
      maxBuffer: 1 << 26,
    });
    return stdout;
  }

  /** Puts the data folder, which nobody may be writing, to another place. */
  async copyTo(folder: string): Promise<void> {
    if (this.#child) throw new Error('the recorder still runs');
    await cp(this.folder, folder, { recursive: true });
  }

  /** Whether a file of the data folder has these bytes; which. */
  async filesWith(text: string): Promise<string[]> {
    const found: string[] = [];
    for (const entry of await readdir(this.folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const bytes = await readFile(path).catch(() => Buffer.alloc(0));
      if (bytes.includes(text)) found.push(path.slice(this.folder.length + 1));
    }
    return found;
  }

  async end(): Promise<void> {
    if (this.#child) await this.#signal('SIGKILL');
    await rm(this.root, { recursive: true, force: true });
  }

  async #launch(port: number): Promise<void> {
    const log = openSync(join(this.root, 'log'), 'a');
    const args = ['serve', '--port', String(port), '--data-dir', this.folder];
    const child = spawn(binary(), args, { env: this.#environment(), stdio: ['ignore', log, log] });
    closeSync(log);
    running.add(child);
    child.once('exit', () => running.delete(child));
    this.#child = child;
    this.address = await until(
      async () => {
        if (child.exitCode !== null) throw new Error(`the recorder did not start\n${await this.log()}`);
        const text = await readFile(join(this.folder, 'server.json'), 'utf8').catch(() => '{}');
        const told = JSON.parse(text || '{}') as { address?: string; pid?: number };
        return told.pid === child.pid ? told.address : undefined;
      },
      'the recorder to say where it listens',
      START_MS,
    );
    if (this.wantsToken) await this.takeToken();
    await until(() => this.api.answers(), 'the recorder to answer', START_MS);
  }

  async #signal(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (!child) throw new Error('the recorder does not run');
    this.#child = undefined;
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit', { signal: AbortSignal.timeout(STOP_MS) });
      child.kill(signal);
      await ended;
    }
    return child.exitCode;
  }

  #environment(): NodeJS.ProcessEnv {
    const own = /^(CHASM_(SERVER|DATA_DIR|LOG)|DISPLAY|WAYLAND_DISPLAY)$/;
    // these lead editors to folders outside of the home
    const elsewhere = /^XDG_|_(HOME|CONFIG_DIR)$/;
    const rest = Object.entries(process.env).filter(([name]) => !own.test(name) && !elsewhere.test(name));
    return {
      ...Object.fromEntries(rest),
      HOME: this.home,
      XDG_DATA_HOME: join(this.root, 'xdg'),
      NO_COLOR: '1',
    };
  }
}
