// Sends chats to the recorder through its SDK, whose outbox keeps what the recorder does not have yet.
//
// Owns the connection and the numbers of events. Never waits for the recorder: what is kept on this machine's disk is as good as sent.

import { FileOutbox, Recorder, type SnapshotBody } from '@chasm/recorder';
import { WebSocket } from 'ws';
import type { Draft } from '../chat/drafts';
import type { Snapshot } from '../chat/snapshot';
import { toText } from '../chat/time';
import type { Log, Outlet } from '../follow/outlet';
import { AskError, type Ask } from './ask';
import { folderOf } from './where';

export interface SenderOptions {
  client: string;
  /** The user's own choice; without it the running recorder's address is looked up. */
  server: string | undefined;
  dataDir: string;
  /** Where events wait. */
  outbox: string;
}

export type State = Recorder['state'];

/** Events that are handed to the outbox at a time. */
const AT_ONCE = 200;
const CLOSE_MS = 2_500;

export class Sender implements Outlet {
  private constructor(
    private readonly connection: Recorder,
    private readonly ask: Ask,
    private readonly log: Log,
  ) {}

  static async open(options: SenderOptions, ask: Ask, log: Log, changed: () => void): Promise<Sender> {
    const { client, server, dataDir, outbox } = options;
    const connection = await Recorder.connect({
      client,
      ...(server === undefined ? {} : { server }),
      dataDir: folderOf(dataDir),
      outbox: new FileOutbox(outbox),
      // snapshots are made of the editor's own files, not of what was sent
      snapshotEvery: 0,
      WebSocket: WebSocket,
      onState: changed,
    });
    connection.on('refused', ({ code, message, session_id }) => {
      log.warn(`session ${session_id ?? '?'}: an event was refused (${code}): ${message}`);
    });
    connection.on('warning', ({ code, message }) => log.warn(`${code}: ${message}`));
    return new Sender(connection, ask, log);
  }

  get state(): State {
    return this.connection.state;
  }

  async send(id: string, drafts: Draft[], after: number): Promise<number> {
    const session = this.connection.session({ id });
    let seq = Math.max(after, session.seq);
    for (let from = 0; from < drafts.length; from += AT_ONCE) {
      const some = drafts.slice(from, from + AT_ONCE);
      await Promise.all(
        some.map(({ type, at, data }) =>
          session.event(type, data, { timestamp: toText(at), seq: (seq += 1) }),
        ),
      );
    }
    return seq;
  }

  async snapshot(id: string, snapshot: Snapshot): Promise<boolean> {
    if (this.connection.state.connection !== 'connected') return false;
    try {
      await this.connection.session({ id }).snapshot({ ...snapshot } as SnapshotBody);
      return true;
    } catch (error) {
      this.log.info(error instanceof Error ? error.message : String(error));
      return false;
    }
  }

  async end(id: string, reason: string, after: number): Promise<number> {
    const session = this.connection.session({ id });
    const seq = Math.max(after, session.seq) + 1;
    await session.event('session_end', { reason }, { seq });
    return seq;
  }

  async knows(id: string): Promise<boolean | undefined> {
    try {
      return await this.ask.knows(id);
    } catch (error) {
      if (error instanceof AskError) return undefined;
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.connection.close({ timeout: CLOSE_MS });
  }
}
