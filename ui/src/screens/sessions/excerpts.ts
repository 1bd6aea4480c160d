// What a search found, cut into what is marked and what is not.
//
// Pure. The recorder gives marks as byte ranges of UTF-8; here they become pieces of text, never markup.

import type { Hit } from '../../lib/api';

export interface Piece {
  text: string;
  marked: boolean;
}

export function pieces(hit: Pick<Hit, 'excerpt' | 'marks'>): Piece[] {
  const bytes = new TextEncoder().encode(hit.excerpt);
  const decoder = new TextDecoder();
  const list: Piece[] = [];
  let at = 0;
  const take = (to: number, marked: boolean): void => {
    if (to > at) list.push({ text: decoder.decode(bytes.subarray(at, to)), marked });
    at = Math.max(at, to);
  };
  for (const [from, to] of [...hit.marks].sort((a, b) => a[0] - b[0])) {
    take(Math.min(from, bytes.length), false);
    take(Math.min(to, bytes.length), true);
  }
  take(bytes.length, false);
  return list;
}

/** The words of a search, marked where they stand in a text. */
export function markWords(text: string, q: string): Piece[] {
  const words = q
    .split(/[^\p{L}\p{N}_]+/u)
    .filter((word) => word !== '')
    .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  if (words.length === 0) return [{ text, marked: false }];
  const found = new RegExp(`(${words.join('|')})`, 'giu');
  return text
    .split(found)
    .map((piece, n) => ({ text: piece, marked: n % 2 === 1 }))
    .filter((piece) => piece.text !== '');
}
