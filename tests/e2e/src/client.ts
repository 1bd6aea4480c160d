// An editor's connection: a WebSocket that records, and can be cut.
//
// Owns the socket and which frames are acknowledged. `drop` is how an editor crashes: the socket is gone without a word.

import { WebSocket } from 'ws';
import type { ChatEvent } from './api';
import { until } from './wait';

interface Frame {
  type: string;
  through?: number;
  message?: string;
  frame?: number;
}

export class Client {
  #sent = 0;
  #through = 0;
  #refused: Frame[] = [];

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as Frame;
      if (frame.type === 'ack') this.#through = frame.through ?? 0;
      if (frame.type === 'error') this.#refused.push(frame);
    });
    socket.on('error', () => undefined);
  }

  static async connect(address: string, name: string, sessions: string[] = []): Promise<Client> {
    const socket = new WebSocket(`${address.replace('http', 'ws')}/ws/recording`);
    const client = new Client(socket);
    await until(() => socket.readyState === WebSocket.OPEN, 'the WebSocket to open');
    socket.send(JSON.stringify({ type: 'hello', client: name, sessions }));
    return client;
  }

  /** Sends without waiting. */
  push(event: ChatEvent): void {
    this.#sent += 1;
    this.socket.send(JSON.stringify(event));
  }

  /** Sends, and waits until it is on disk. */
  async send(...events: ChatEvent[]): Promise<void> {
    for (const event of events) this.push(event);
    const wanted = this.#sent;
    await until(() => this.#through >= wanted, `the ack of frame ${wanted}`);
    if (this.#refused.length > 0) throw new Error(`refused: ${JSON.stringify(this.#refused)}`);
  }

  /** Gone without a word. */
  async drop(): Promise<void> {
    this.socket.terminate();
    await until(() => this.socket.readyState === WebSocket.CLOSED, 'the socket to be gone');
  }

  async close(): Promise<void> {
    this.socket.close();
    await until(() => this.socket.readyState === WebSocket.CLOSED, 'the socket to close');
  }
}
