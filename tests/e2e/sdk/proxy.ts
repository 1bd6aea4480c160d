// A bad network: what stands between a client and the recorder, and can be made worse.
//
// Owns its port and the connections through it. Cuts at a byte (`brittle`: always after as many as ever pass), goes half-open (both
// ends stay, nothing passes), or is slow.

import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Dice } from '../src/dice';

export type Weather = 'calm' | 'slow' | 'cutting' | 'brittle' | 'frozen' | 'down';

export const MOST_BEFORE_CUT = 12_000;
const SLOWEST_MS = 15;

export class Proxy {
  weather: Weather = 'calm';
  connections = 0;
  cuts = 0;
  /** Pieces that went nowhere. */
  stuck = 0;
  readonly #pairs = new Set<[Socket, Socket]>();

  private constructor(
    private readonly server: Server,
    private readonly target: () => number,
    private readonly dice: Dice,
  ) {
    server.on('connection', (client) => this.#join(client));
  }

  static async start(target: () => number, dice: Dice): Promise<Proxy> {
    const server = createServer({ allowHalfOpen: true });
    const proxy = new Proxy(server, target, dice);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
    return address.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** All that is open, at once, without a word. */
  cut(): void {
    for (const pair of this.#pairs) this.#destroy(pair);
  }

  async end(): Promise<void> {
    this.cut();
    this.server.close();
    await once(this.server, 'close');
  }

  #join(client: Socket): void {
    if (this.weather === 'down') return void client.destroy();
    this.connections += 1;
    const pair: [Socket, Socket] = [client, connect(this.target(), '127.0.0.1')];
    this.#pairs.add(pair);
    // what did not pass once never does: no TCP connection loses its middle
    let isStuck = false;
    let left = this.weather === 'brittle' ? MOST_BEFORE_CUT : 1 + this.dice.below(MOST_BEFORE_CUT);
    for (const [from, to] of [pair, [pair[1], pair[0]]] as [Socket, Socket][]) {
      from.on('error', () => this.#destroy(pair));
      from.on('close', () => this.#destroy(pair));
      from.on('end', () => to.end());
      from.on('data', (received) => {
        const bytes = from === client ? this.#readdressed(received) : received;
        isStuck ||= this.weather === 'frozen';
        if (isStuck) return void (this.stuck += 1);
        if (this.weather !== 'cutting' && this.weather !== 'brittle') return this.#pass(bytes, from, to);
        this.#pass(bytes.subarray(0, left), from, to);
        left -= bytes.length;
        if (left > 0) return;
        this.cuts += 1;
        this.#destroy(pair);
      });
    }
  }

  /** The recorder answers those alone that ask for its own port. */
  #readdressed(bytes: Buffer): Buffer {
    const asked = `127.0.0.1:${this.port}`;
    if (!bytes.includes(asked)) return bytes;
    return Buffer.from(bytes.toString('latin1').replaceAll(asked, `127.0.0.1:${this.target()}`), 'latin1');
  }

  #pass(bytes: Buffer, from: Socket, to: Socket): void {
    if (this.weather !== 'slow') return void to.write(bytes);
    from.pause();
    setTimeout(() => {
      to.write(bytes);
      from.resume();
    }, this.dice.below(SLOWEST_MS));
  }

  #destroy(pair: [Socket, Socket]): void {
    this.#pairs.delete(pair);
    for (const socket of pair) socket.destroy();
  }
}
