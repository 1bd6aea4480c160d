// How far the import of editors' files is that the recorder does by itself.
//
// Owns what the live stream said last. Never says that there is an import: the recorder's status does.

import { onLive } from './live.svelte';
import { refreshStatus, status } from './status.svelte';

export interface Share {
  done: number;
  total: number;
}

export class Importing {
  #told = $state.raw<Share>();
  readonly #ended: () => void;

  /** `ended` is called when an import is done, whoever asked for it. */
  constructor(ended: () => void = () => undefined) {
    this.#ended = ended;
  }

  listen(): () => void {
    return onLive({
      event: (event) => {
        if (event.type !== 'progress' || event.operation !== 'import') return;
        this.#told = { done: event.done, total: event.total };
        if (event.done < event.total) return;
        void refreshStatus();
        this.#ended();
      },
      // what was told before belongs to an import that may be over
      resync: () => (this.#told = undefined),
    });
  }

  /** Of what the recorder imports in the background; undefined where it imports nothing. */
  get share(): Share | undefined {
    const follow = status.current?.follow;
    if (follow?.state !== 'importing') return undefined;
    const told = this.#told;
    // a smaller one is another import, of one editor
    if (told !== undefined && told.total >= follow.importing) return told;
    return { done: 0, total: follow.importing };
  }

  /** What the live stream said last, of whichever import. */
  get told(): Share | undefined {
    return this.#told;
  }

  /** The next import begins with nothing. */
  forget(): void {
    this.#told = undefined;
  }
}
