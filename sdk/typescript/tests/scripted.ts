// A recorder that a test plays: says what the test wants, and shows what it was told.
//
// Owns its port and what it heard. Knows the protocol's frames, and keeps nothing of its rules.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { WebSocketServer, type WebSocket } from 'ws';

export interface Heard {
  session_id: string;
  event_id: string;
  event_type: string;
  seq: number;
  timestamp: number;
  data: Record<string, unknown>;
}

export interface Posted {
  path: string;
  body: unknown;
  authorization: string | undefined;
}

type Answer = { status: number; body: unknown; headers?: Record<string, string> };

export class Scripted {
  /** Events by connection, by frame. */
  readonly connections: Heard[][][] = [];
  readonly hellos: { client: string; sessions: string[] }[] = [];
  readonly posted: Posted[] = [];
  readonly protocols: (string | undefined)[] = [];
  readonly authorizations: (string | undefined)[] = [];
  socket: WebSocket | undefined;
  /** What happens with a frame; an ack where nothing else is said. */
  onFrame: (socket: WebSocket, frame: number, events: Heard[]) => void = (socket, frame) =>
    this.say({ type: 'ack', through: frame, recorded: 0, duplicates: 0 }, socket);
  onPost: (posted: Posted) => Answer = ({ body }) => ({ status: 200, body: results(body as Heard[]) });
  welcome: Record<string, unknown> = { max_frame_bytes: 1 << 20, heartbeat_secs: 20, paused: false };
  resume: Record<string, unknown> = {};
  answersPings = true;
  refusesSockets = false;

  private constructor(private readonly server: Server) {
    const sockets = new WebSocketServer({ noServer: true });
    server.on('upgrade', (request: IncomingMessage, socket, head) => {
      if (this.refusesSockets) return void socket.destroy();
      sockets.handleUpgrade(request, socket, head, (made) => this.#join(made, request));
    });
    server.on('request', (request: IncomingMessage, response) => {
      let text = '';
      request.on('data', (piece: Buffer) => (text += piece.toString()));
      request.on('end', () => {
        const posted = {
          path: request.url ?? '',
          body: JSON.parse(text) as unknown,
          authorization: request.headers.authorization,
        };
        this.posted.push(posted);
        const { status, body, headers } = this.onPost(posted);
        response.writeHead(status, { 'content-type': 'application/json', ...headers });
        response.end(JSON.stringify(body));
      });
    });
  }

  static async start(): Promise<Scripted> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Scripted(server);
  }

  get url(): string {
    const address = this.server.address();
    return typeof address === 'object' && address ? `http://127.0.0.1:${address.port}` : '';
  }

  get events(): Heard[] {
    return this.connections.flat(2);
  }

  say(frame: object, socket = this.socket): void {
    socket?.send(JSON.stringify(frame));
  }

  async end(): Promise<void> {
    this.socket?.terminate();
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  #join(socket: WebSocket, request: IncomingMessage): void {
    this.socket = socket;
    this.protocols.push(request.headers['sec-websocket-protocol']);
    this.authorizations.push(request.headers.authorization);
    const frames: Heard[][] = [];
    this.connections.push(frames);
    this.say({ type: 'welcome', protocol: 1, ...this.welcome }, socket);
    socket.on('error', () => undefined);
    socket.on('message', (data: Buffer) => {
      const said = JSON.parse(data.toString()) as Heard | Heard[] | { type: string };
      if (!Array.isArray(said) && 'type' in said) return this.#control(socket, said);
      const heard = Array.isArray(said) ? said : [said];
      frames.push(heard);
      this.onFrame(socket, frames.length, heard);
    });
  }

  #control(socket: WebSocket, said: { type: string }): void {
    if (said.type === 'hello') {
      this.hellos.push(said as unknown as { client: string; sessions: string[] });
      this.say({ type: 'resume', sessions: this.resume }, socket);
    }
    if (said.type === 'ping' && this.answersPings) this.say({ type: 'pong' }, socket);
  }
}

export function results(events: Heard[]): unknown {
  if (!Array.isArray(events)) return { session_id: '', stored: true, messages: 1, added: 0 };
  const said = events.map(({ event_id }) => ({ event_id, status: 'recorded' }));
  return { recorded: said.length, duplicates: 0, rejected: 0, results: said };
}

/** What `look` gives as soon as it gives something true. */
export async function until<T>(look: () => T, what: string): Promise<T> {
  const end = Date.now() + 30_000;
  for (;;) {
    const seen = look();
    if (seen) return seen;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
