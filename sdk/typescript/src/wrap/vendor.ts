// What a vendor's way of asking and answering has to be read for.
//
// Owns the words alone.

import type { Answer } from './answer.js';
import type { Asked } from './turn.js';

export interface Vendor {
  provider: string;
  asked(body: Record<string, unknown>): Asked;
  /** Reads one stream: is called with each of its events. */
  stream(answer: Answer): (event: Record<string, unknown> | string) => void;
  whole(body: Record<string, unknown>, answer: Answer): void;
}
