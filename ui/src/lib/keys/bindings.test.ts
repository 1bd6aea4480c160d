import { afterEach, describe, expect, it, vi } from 'vitest';
import { bindings, isTyping, onKeyDown, type Binding } from './bindings.svelte';
import type { Press } from './chord';

const undo: (() => void)[] = [];
afterEach(() => {
  while (undo.length > 0) undo.pop()?.();
  bindings.bare = true;
  document.body.replaceChildren();
});

function bind(chord: string, more: Partial<Binding> = {}): ReturnType<typeof vi.fn> {
  const run = vi.fn();
  undo.push(bindings.bind([{ chord, says: 'keys.title', group: 'list', run, ...more }]));
  return run;
}

function press(key: string, held: Partial<Press> = {}, typing = false, at = 0): boolean {
  const plain = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false };
  return bindings.press({ key, ...plain, ...held }, typing, at);
}

describe('bindings', () => {
  it('run what was bound last, and the one before once that is gone', () => {
    const first = bind('j');
    const second = bind('j');
    expect(press('j')).toBe(true);
    undo.pop()?.();
    press('j');
    expect([first, second].map((run) => run.mock.calls.length)).toEqual([1, 1]);
  });

  it('never act on bare keys while someone types, whatever they ask for', () => {
    const bare = bind('j', { inFields: true });
    const find = bind('Mod+F', { inFields: true });
    const save = bind('Mod+S');
    expect(press('j', {}, true)).toBe(false);
    expect(press('f', { ctrlKey: true }, true)).toBe(true);
    expect(press('s', { ctrlKey: true }, true)).toBe(false);
    expect([bare, find, save].map((run) => run.mock.calls.length)).toEqual([0, 1, 0]);
  });

  it('can have all bare keys switched off', () => {
    const bare = bind('?');
    const held = bind('Mod+K');
    bindings.bare = false;
    expect(press('?', { shiftKey: true })).toBe(false);
    expect(press('k', { ctrlKey: true })).toBe(true);
    expect([bare, held].map((run) => run.mock.calls.length)).toEqual([0, 1]);
    expect(localStorage.getItem('chasm.bareKeys')).toBe('off');
  });

  it('take the keys of a sequence in time, and no longer', () => {
    const go = bind('g s');
    expect(press('g', {}, false, 0)).toBe(true);
    expect(press('s', {}, false, 1_000)).toBe(true);
    press('g', {}, false, 10_000);
    expect(press('s', {}, false, 12_000)).toBe(false);
    expect(go).toHaveBeenCalledTimes(1);
  });

  it('let a sequence that broke off begin another', () => {
    const status = bind('g t');
    const next = bind('n');
    press('g', {}, false, 0);
    press('n', {}, false, 100);
    press('g', {}, false, 200);
    press('g', {}, false, 300);
    press('t', {}, false, 400);
    expect(next).toHaveBeenCalledTimes(1);
    expect(status).toHaveBeenCalledTimes(1);
  });

  it('ask whether they may act now', () => {
    const run = bind('e', { when: () => false });
    const below = bind('e', { when: () => true });
    undo.unshift(undo.pop() as () => void);
    press('e');
    expect(run).not.toHaveBeenCalled();
    expect(below).toHaveBeenCalledTimes(1);
  });

  it('leave the keys to an open dialog', () => {
    const run = bind('j');
    const dialog = document.createElement('dialog');
    document.body.append(dialog);
    dialog.showModal();
    onKeyDown(new KeyboardEvent('keydown', { key: 'j' }));
    expect(run).not.toHaveBeenCalled();
    dialog.remove();
    onKeyDown(new KeyboardEvent('keydown', { key: 'j' }));
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('know what takes text', () => {
    const made = (tag: string, type?: string): HTMLElement => {
      const element = document.createElement(tag);
      if (type !== undefined) element.setAttribute('type', type);
      return element;
    };
    expect([made('input'), made('input', 'search'), made('textarea'), made('select')].every(isTyping)).toBe(
      true,
    );
    expect([made('input', 'checkbox'), made('button'), made('div'), null].some(isTyping)).toBe(false);
  });
});
