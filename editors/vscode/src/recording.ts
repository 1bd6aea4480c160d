// Recording of one workspace, from when it is switched on to when it is switched off.
//
// Owns the follower, the sender and the claim on the workspace's chats. Never shows anything. What is followed is followed by one
// window; the others wait until it is gone.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { Claim } from './follow/claim';
import { Follower, type About, type Wanted } from './follow/follower';
import { Memory } from './follow/memory';
import type { Log } from './follow/outlet';
import type { Place } from './follow/places';
import type { Ask } from './recorder/ask';
import { Sender, type SenderOptions } from './recorder/sender';
import type { Standing } from './view/status';

export interface RecordingOptions {
  place: Place;
  about: About;
  /** The folder that all windows have. */
  shared: string;
  sender: Omit<SenderOptions, 'outbox'>;
  wanted: () => Wanted;
}

const CLAIM_MS = 2_000;

export class Recording {
  #sender: Sender | undefined;
  #follower: Follower | undefined;
  #claiming: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();
  #stopped = false;
  readonly #claim: Claim;

  constructor(
    private readonly options: RecordingOptions,
    private readonly ask: Ask,
    private readonly log: Log,
    private readonly changed: () => void,
  ) {
    const name = createHash('sha256')
      .update(options.place.sessions[0] ?? '')
      .digest('hex')
      .slice(0, 24);
    this.#claim = new Claim(join(options.shared, 'following', name));
  }

  async start(): Promise<void> {
    const { shared, sender } = this.options;
    await mkdir(join(shared, 'following'), { recursive: true, mode: 0o700 });
    this.#sender = await Sender.open(
      { ...sender, outbox: join(shared, 'outbox') },
      this.ask,
      this.log,
      this.changed,
    );
    this.#claiming = setInterval(() => this.#hold(), CLAIM_MS);
    this.#hold();
  }

  /** Ends; what waits stays on disk for the next window. */
  async stop(reason: string): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#claiming);
    await this.#work;
    await this.#follower?.stop(reason);
    await this.#sender?.close();
    await this.#claim.release();
  }

  get standing(): Omit<Standing, 'enabled'> {
    const state = this.#sender?.state;
    return {
      elsewhere: this.#follower === undefined,
      connection: state?.connection ?? 'waiting',
      waiting: state?.waiting ?? 0,
      refused: state?.refused ?? 0,
      live: this.#follower?.live ?? 0,
      lastError: state?.lastError,
    };
  }

  /** Follows as soon as no other window does. */
  #hold(): void {
    this.#work = this.#work.then(async () => {
      if (this.#stopped || this.#sender === undefined) return;
      const held = await this.#claim.hold();
      if (held && this.#follower === undefined) await this.#follow(this.#sender);
      else if (!held && this.#follower !== undefined) await this.#leave();
      this.changed();
    });
    this.#work = this.#work.catch((error: unknown) => this.log.warn(`following chats: ${String(error)}`));
  }

  async #follow(sender: Sender): Promise<void> {
    const { place, about, shared, wanted } = this.options;
    this.#follower = new Follower(place, about, sender, new Memory(join(shared, 'handed')), this.log, wanted);
    await this.#follower.start();
    this.log.info(`following ${[...place.sessions, ...place.transcripts].join(', ')}`);
  }

  /** Another window took over while this one was asleep. */
  async #leave(): Promise<void> {
    const follower = this.#follower;
    this.#follower = undefined;
    this.log.info('another window follows this workspace now');
    await follower?.drop();
  }
}
