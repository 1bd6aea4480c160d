// Finding words within a session.
//
// Pure, but for a cache of lower-case texts and the page's marks. Looks at everything that the transcript can show, folded parts too.

import { readable, textOf } from './content';
import type { Entry } from './transcript';

const texts = new WeakMap<object, string>();

function made(owner: object, make: () => string): string {
  let text = texts.get(owner);
  if (text === undefined) texts.set(owner, (text = make().toLowerCase()));
  return text;
}

export function textOfEntry(entry: Entry): string {
  switch (entry.kind) {
    case 'message':
      return made(entry.message, () => textOf(entry.message.content));
    case 'tool':
      return made(entry.call, () =>
        [entry.call.name, readable(entry.call.arguments), readable(entry.call.output)].join('\n'),
      );
    case 'other':
      return entry.events.map((stored) => made(stored, () => JSON.stringify(stored.event))).join('\n');
    case 'pending':
    case 'gap':
    case 'missing':
    case 'recovery':
    case 'day':
      return '';
  }
}

/** The entries that have these words, in order. */
export function find(entries: readonly Entry[], words: string): number[] {
  const wanted = words.trim().toLowerCase();
  if (wanted === '') return [];
  const found: number[] = [];
  entries.forEach((entry, index) => {
    if (textOfEntry(entry).includes(wanted)) found.push(index);
  });
  return found;
}

/** The ranges of these words in what is on show. */
export function ranges(root: Node, words: string, most = 2_000): Range[] {
  const wanted = words.trim().toLowerCase();
  if (wanted === '') return [];
  const list: Range[] = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node && list.length < most; node = walker.nextNode()) {
    const text = (node.nodeValue ?? '').toLowerCase();
    for (
      let at = text.indexOf(wanted);
      at >= 0 && list.length < most;
      at = text.indexOf(wanted, at + wanted.length)
    ) {
      const range = document.createRange();
      range.setStart(node, at);
      range.setEnd(node, at + wanted.length);
      list.push(range);
    }
  }
  return list;
}

/** Marks what is looked for in what is on show, without touching it, until the returned function is called. */
export function markFound(root: HTMLElement, words: string): (() => void) | undefined {
  if (words.trim() === '' || !('highlights' in CSS)) return undefined;
  let due = 0;
  const mark = (): void => {
    due = 0;
    CSS.highlights.set('found', new Highlight(...ranges(root, words)));
    const entry = root.querySelector('.entry.here');
    if (entry) CSS.highlights.set('found-here', new Highlight(...ranges(entry, words)));
  };
  const soon = (): void => {
    due ||= requestAnimationFrame(mark);
  };
  soon();
  const observer = new MutationObserver(soon);
  observer.observe(root, { childList: true, subtree: true, characterData: true });
  return () => {
    observer.disconnect();
    cancelAnimationFrame(due);
    CSS.highlights.delete('found');
    CSS.highlights.delete('found-here');
  };
}
