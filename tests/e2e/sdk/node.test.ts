// The SDK in Node, and everything that can go wrong at once: the recorder is killed, the network cuts, freezes and slows, the client is
// killed. What the client had in its outbox is in the session afterwards, once and in order.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Dice } from '../src/dice';
import { Recorder, UNFOLLOWED } from '../src/recorder';
import { until } from '../src/wait';
import { Bundle } from './bundle';
import { expectKept } from './kept';
import { Proxy, type Weather } from './proxy';

const ROUNDS = process.env['CHASM_SOAK'] === '1' ? 30 : 8;
const SEED = Number(process.env['CHASM_SEED'] ?? 20_240_601);
const SESSION = 'chaos';
/** An attempt that fell into bad weather takes its time to end. */
const PATIENCE_MS = 90_000;
const WEATHERS: Weather[] = ['frozen', 'cutting', 'slow', 'down', 'calm'];
/** So many may be on their way into the outbox when a client is killed. */
const MOST_AT_ONCE = 8;

let bundle: Bundle;
beforeAll(async () => (bundle = await Bundle.make('node')));
afterAll(() => bundle.end());

class Writer {
  #child: ChildProcess | undefined;
  lives = 0;

  constructor(
    private readonly folder: string,
    private readonly server: string,
  ) {}

  get log(): string {
    return join(this.folder, 'log');
  }

  async lines(): Promise<string[]> {
    const text = await readFile(this.log, 'utf8').catch(() => '');
    return text.split('\n').slice(0, -1);
  }

  start(): void {
    this.lives += 1;
    const args = [bundle.path, this.folder, this.server, SESSION, this.log, String(this.lives)];
    this.#child = spawn(process.execPath, [join(import.meta.dirname, 'writer.js'), ...args], {
      stdio: ['pipe', 'inherit', 'inherit'],
    });
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`the client ended with ${child.exitCode}`);
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async end(): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) throw new Error('the client does not run');
    child.stdin?.write('end\n');
    if (child.exitCode === null) await once(child, 'exit', { signal: AbortSignal.timeout(60_000) });
    this.#child = undefined;
    return child.exitCode;
  }

  /** Has written so many more. */
  async wrote(more: number): Promise<void> {
    const before = (await this.lines()).length;
    await until(async () => (await this.lines()).length >= before + more, `${more} more lines of the client`);
  }
}

test(
  `every event is recorded once and in order, through ${ROUNDS} ends of the recorder and of the client`,
  { timeout: 120_000 + ROUNDS * 20_000 },
  async () => {
    const dice = new Dice(SEED);
    const recorder = await Recorder.start({ config: `${UNFOLLOWED}[recording]\nheartbeat_secs = 1\n` });
    const proxy = await Proxy.start(() => recorder.port, dice);
    const folder = await mkdtemp(join(tmpdir(), 'chasm-sdk-client-'));
    const writer = new Writer(folder, proxy.url);
    try {
      writer.start();
      await writer.wrote(20);
      for (let round = 0; round < ROUNDS; round++) {
        proxy.weather = WEATHERS[round % WEATHERS.length] ?? 'calm';
        const { stuck } = proxy;
        if (proxy.weather === 'frozen') await until(() => proxy.stuck > stuck, 'something to go nowhere');
        await writer.wrote(20 + dice.below(80));
        await recorder.kill();
        await writer.wrote(dice.below(40));
        // in every second round the client goes before the recorder is back
        if (round % 2 === 0) await again(writer);
        await recorder.restart();
        proxy.weather = dice.one<Weather>(['calm', 'slow', 'cutting']);
        await grown(recorder);
        if (round % 2 === 1) await again(writer);
        if (dice.below(3) === 0) proxy.cut();
      }
      proxy.weather = 'calm';
      proxy.cut();
      expect(await writer.end()).toBe(0);
      const log = await writer.lines();
      expect(log.length).toBeGreaterThan(ROUNDS * 40);
      await expectKept(recorder, SESSION, log, writer.lives * MOST_AT_ONCE);
      // nothing waits any more: no file is left, and nothing was set aside
      expect(await readdir(join(folder, 'outbox'))).toEqual([]);
      expect(proxy.connections).toBeGreaterThan(ROUNDS);
      const { connections, cuts, stuck } = proxy;
      expect(cuts).toBeGreaterThan(0);
      expect(stuck).toBeGreaterThan(0);
      console.log(
        `${log.length} events, ${connections} connections, ${cuts} cut at a byte, ${stuck} pieces stuck`,
      );
    } finally {
      await writer.kill().catch(() => undefined);
      await proxy.end();
      await recorder.end();
      if (existsSync(folder)) await rm(folder, { recursive: true });
    }
  },
);

/** The recorder has more of the session than it had. */
async function grown(recorder: Recorder): Promise<void> {
  const count = async () => {
    const listing = await recorder.api.list();
    return listing.sessions.find(({ session_id }) => session_id === SESSION)?.event_count ?? 0;
  };
  const before = await count();
  await until(async () => (await count()) > before, 'the recorder to have more of the session', PATIENCE_MS);
}

async function again(writer: Writer): Promise<void> {
  await writer.kill();
  writer.start();
  await writer.wrote(5);
}
