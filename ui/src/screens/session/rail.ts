// The rail: a session's life from top to bottom, as shapes on a strip.
//
// Pure geometry. The strip is a map of the transcript, so a place on it is a place among the entries; equal neighbours are one shape.
// Invariant: the pieces cover the whole height, in order, without overlap.

import type { Origin } from '../../lib/api';
import type { Entry } from './transcript';

export type Piece = {
  /** What was recorded as it happened, what was not read yet, a time without the client, or a hole in `seq`. */
  kind: 'recorded' | 'pending' | 'gone' | 'missing';
  origin: Origin;
  replayed: boolean;
  /** Entries `first..=last`. */
  first: number;
  last: number;
  top: number;
  height: number;
};

/** Gaps are seen, however long the session is. */
const LEAST_GAP = 9;

interface Run {
  kind: Piece['kind'];
  origin: Origin;
  replayed: boolean;
  first: number;
  last: number;
}

export function rail(entries: readonly Entry[], height: number): Piece[] {
  const found = runs(entries);
  if (found.length === 0 || height <= 0) return [];
  const gaps = found.filter((run) => isGap(run.kind)).length;
  const least = Math.min(LEAST_GAP, height / (2 * Math.max(gaps, 1)));
  const recorded = found.reduce((sum, run) => sum + (isGap(run.kind) ? 0 : run.last - run.first + 1), 0);
  const left = height - (recorded === 0 ? 0 : gaps * least);
  let top = 0;
  return found.map((run) => {
    const share = run.last - run.first + 1;
    const size = !isGap(run.kind) ? (left * share) / recorded : recorded === 0 ? height / gaps : least;
    const piece = { ...run, top, height: size };
    top += size;
    return piece;
  });
}

/** A place where something is lacking. */
export function isGap(kind: Piece['kind']): boolean {
  return kind === 'gone' || kind === 'missing';
}

function runs(entries: readonly Entry[]): Run[] {
  const list: Run[] = [];
  entries.forEach((entry, index) => {
    const run = what(entry);
    const last = list.at(-1);
    if (last && !isGap(run.kind) && same(last, run)) last.last = index;
    else if (last && !isGap(last.kind) && (entry.kind === 'other' || entry.kind === 'day')) last.last = index;
    else list.push({ ...run, first: index, last: index });
  });
  return list;
}

function what(entry: Entry): Pick<Run, 'kind' | 'origin' | 'replayed'> {
  switch (entry.kind) {
    case 'gap':
      return { kind: 'gone', origin: 'event', replayed: false };
    case 'missing':
      return { kind: 'missing', origin: 'event', replayed: false };
    case 'message':
      return {
        kind: 'recorded',
        origin: entry.message.completed_by ?? entry.message.origin,
        replayed: entry.replayed,
      };
    case 'tool':
      return { kind: 'recorded', origin: entry.call.origin, replayed: entry.replayed };
    case 'pending':
      return { kind: 'pending', origin: 'event', replayed: false };
    case 'other':
    case 'recovery':
    case 'day':
      return { kind: 'recorded', origin: 'event', replayed: false };
  }
}

function same(a: Run, b: Pick<Run, 'kind' | 'origin' | 'replayed'>): boolean {
  return a.kind === b.kind && a.origin === b.origin && a.replayed === b.replayed;
}

/** The entry that stands at this height. */
export function entryAt(pieces: readonly Piece[], y: number): number {
  const piece = pieces.findLast((candidate) => candidate.top <= y) ?? pieces[0];
  if (!piece) return 0;
  const share = piece.height === 0 ? 0 : (y - piece.top) / piece.height;
  const count = piece.last - piece.first + 1;
  return piece.first + Math.min(count - 1, Math.max(0, Math.floor(share * count)));
}

/** The height at which this entry begins; `share` of the way through it. */
export function heightOf(pieces: readonly Piece[], entry: number, share = 0): number {
  const piece = pieces.find((candidate) => entry <= candidate.last);
  if (!piece) {
    const last = pieces.at(-1);
    return last ? last.top + last.height : 0;
  }
  const count = piece.last - piece.first + 1;
  return piece.top + (piece.height * (Math.max(0, entry - piece.first) + share)) / count;
}
