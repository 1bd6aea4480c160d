// What the TypeScript SDK costs, in Node and in Chromium: handed over to acknowledged, beside the bare WebSocket of the same place, on the
// same recorder in the same minutes.
//
// Prints one table. Asserts that something was measured, never a clock: machines differ.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { Bundle } from '../sdk/bundle';
import { ROOT } from '../src/places';
import { Recorder, UNFOLLOWED } from '../src/recorder';
import { browser } from '../src/visit';

const ROUNDS = 3;
const MS = Number(process.env['CHASM_SDK_MS'] ?? 1_200);
const WINDOW = 64;

interface Measured {
  round: number;
  kind: 'bare' | 'withOutbox' | 'ownWindow';
  window: number;
  ms: number;
  latencies?: number[];
  /** Until the last one was in the outbox. */
  kept?: number;
  events?: number;
}

const table: string[] = [];
let bundle: Bundle;
let site: Server;
let origin: string;
let recorder: Recorder;

beforeEach(async () => {
  site = createServer(
    (request, response) =>
      void page(request.url ?? '/').then(([type, text]) => {
        response.writeHead(200, { 'content-type': type }).end(text);
      }),
  );
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  recorder = await Recorder.start({ config: `allowed_origins = ["${origin}"]\n${UNFOLLOWED}` });
});

afterEach(async () => {
  site.closeAllConnections();
  site.close();
  await recorder.end();
  await bundle.end();
});

afterAll(() => console.log(['', ...table, ''].join('\n')));

async function page(path: string): Promise<[type: string, text: string]> {
  if (path === '/load.js')
    return ['text/javascript', await readFile(join(import.meta.dirname, 'load.js'), 'utf8')];
  if (path === '/sdk.mjs') return ['text/javascript', await readFile(bundle.path, 'utf8')];
  return ['text/html', '<!doctype html><meta charset="utf-8"><title>figures</title>'];
}

/** The value that this share of all is not above. */
function share(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN;
}

const middle = (values: readonly number[]): number => share(values, 0.5);

function eventsOf({ latencies, events }: Measured): number {
  return events ?? latencies?.length ?? 0;
}

/** A value of each round, for a kind and for the bare one beside it, and what they are to each other. */
function beside(
  found: Measured[],
  kind: Measured['kind'],
  window: number,
  value: (one: Measured) => number,
): { ours: number; bare: number; ratio: number; added: number } {
  const of = (wanted: Measured['kind']) =>
    found.filter((one) => one.kind === wanted && one.window === window).map(value);
  const [ours, bare] = [of(kind), of('bare')];
  const pairs = ours.map((mine, round) => [mine, bare[round] ?? Number.NaN] as const);
  return {
    ours: middle(ours),
    bare: middle(bare),
    ratio: middle(pairs.map(([mine, other]) => mine / other)),
    added: middle(pairs.map(([mine, other]) => mine - other)),
  };
}

function tell(place: string, found: Measured[]): void {
  const rate = (one: Measured): number => eventsOf(one) / (one.ms / 1000);
  const line = (name: string, text: string) => table.push(`${`${place}, ${name}`.padEnd(44)}  ${text}`);
  const perSecond = (name: string, kind: Measured['kind']): void => {
    const { ours, bare, ratio } = beside(found, kind, WINDOW, rate);
    line(name, `${Math.round(ours)}/s, bare ${Math.round(bare)}/s, SDK / bare ${ratio.toFixed(2)}`);
  };
  perSecond(`${WINDOW} in flight`, 'withOutbox');
  perSecond(`${WINDOW} calls at once, its own window`, 'ownWindow');
  for (const part of [0.5, 0.95]) {
    const { ours, bare, ratio, added } = beside(found, 'withOutbox', 1, ({ latencies = [] }) =>
      share(latencies, part),
    );
    line(
      `one at a time, call to ack, p${part * 100}`,
      `${ours.toFixed(2)} ms, bare ${bare.toFixed(2)} ms, added ${added.toFixed(2)} ms, SDK / bare ${ratio.toFixed(2)}`,
    );
  }
}

function expectMeasured(found: Measured[]): void {
  expect(found.length).toBe(ROUNDS * 5);
  for (const one of found) expect(eventsOf(one), `${one.kind}, ${one.window}`).toBeGreaterThan(0);
}

test('in Node, with the outbox in a file', async () => {
  bundle = await Bundle.make('node');
  const args = [bundle.path, recorder.folder, recorder.address, String(ROUNDS), String(MS)];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(import.meta.dirname, 'nodeload.js'), ...args],
    { maxBuffer: 1 << 28 },
  );
  const found = JSON.parse(stdout) as Measured[];
  expectMeasured(found);
  tell('Node', found);
});

test('in Chromium, with the outbox in IndexedDB', async () => {
  bundle = await Bundle.make('browser');
  const context = await (await browser()).newContext();
  const page = await context.newPage();
  await page.goto(origin);
  const plan = { server: recorder.address, count: ROUNDS, ms: MS };
  const script = `(async ({ server, count, ms }) => {
    const { rounds } = await import('/load.js');
    const { Recorder, IndexedDbOutbox } = await import('/sdk.mjs');
    return rounds({
      name: 'page', count, ms,
      open: () => new WebSocket(server.replace('http', 'ws') + '/ws/recording'),
      sdk: { Recorder, outbox: () => new IndexedDbOutbox(), options: { server } },
    });
  })(${JSON.stringify(plan)})`;
  const found = await page.evaluate<Measured[]>(script);
  await context.close();
  expectMeasured(found);
  tell('Chromium', found);
});

test('the bundle', async () => {
  bundle = await Bundle.make('browser');
  const { stdout } = await promisify(execFile)('node', [join(ROOT, 'sdk/typescript/scripts/size.mjs')]);
  expect(stdout).toContain('browser entry');
  table.push(stdout.trim());
});
