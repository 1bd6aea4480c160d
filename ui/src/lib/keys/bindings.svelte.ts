// Which keys do what right now: screens bind theirs while they are shown, the key map lists what is bound.
//
// Owns the list and the page's one keydown listener. Never knows a screen. Invariant: the binding made last wins, a bare key never acts
// while someone types, and bare keys can be switched off (WCAG 2.1.4). A dialog has the keys to itself.

import { untrack } from 'svelte';
import type { MessageKey } from '../i18n';
import { isBare, matches, onMac, steps, type Press } from './chord';

export type KeyGroup = 'everywhere' | 'go' | 'list' | 'session';

export interface Binding {
  /** `Mod+K`, `?`, `Escape`, `Shift+d`, or two keys one after the other: `g s`. */
  chord: string;
  /** What it does. */
  says: MessageKey;
  group: KeyGroup;
  run: () => void;
  /** Not now, where it says false. */
  when?: () => boolean;
  /** Acts in a text field too; never for bare keys. */
  inFields?: boolean;
}

/** Time that the second key of a sequence may take. */
const SEQUENCE_MS = 1_200;
const BARE = 'chasm.bareKeys';

class Bindings {
  #all = $state.raw<readonly Binding[]>([]);
  #bare = $state(storedBare());
  /** Steps pressed so far, and until when they count. */
  #begun: { steps: string[]; until: number } | undefined;

  get all(): readonly Binding[] {
    return this.#all;
  }

  /** Whether keys without Ctrl or Alt act. */
  get bare(): boolean {
    return this.#bare;
  }

  set bare(on: boolean) {
    this.#bare = on;
    try {
      localStorage.setItem(BARE, on ? 'on' : 'off');
    } catch {
      // it holds for this page then
    }
  }

  /** Binds keys until the returned function is called: `$effect(() => bindings.bind([…]))`. */
  bind(list: readonly Binding[]): () => void {
    // untracked: an effect that binds must not run again because something was bound
    this.#all = [...untrack(() => this.#all), ...list];
    return () => {
      this.#all = untrack(() => this.#all).filter((binding) => !list.includes(binding));
    };
  }

  /** Runs what a press is bound to. True where something ran, or a sequence goes on. */
  press(press: Press, typing: boolean, now: number = Date.now()): boolean {
    const begun = this.#begun !== undefined && this.#begun.until > now ? this.#begun.steps : [];
    this.#begun = undefined;
    if (this.#attempt(begun, press, typing, now)) return true;
    // a sequence that broke off may be the beginning of another
    return begun.length > 0 && this.#attempt([], press, typing, now);
  }

  #attempt(begun: string[], press: Press, typing: boolean, now: number): boolean {
    for (const binding of this.#all.toReversed()) {
      const all = steps(binding.chord);
      const step = all[begun.length];
      if (step === undefined || !begun.every((done, n) => all[n] === done)) continue;
      if (!matches(step, press, onMac()) || !this.#mayAct(binding, typing)) continue;
      if (all.length > begun.length + 1) this.#begun = { steps: [...begun, step], until: now + SEQUENCE_MS };
      else binding.run();
      return true;
    }
    return false;
  }

  #mayAct(binding: Binding, typing: boolean): boolean {
    if (isBare(binding.chord) && (typing || !this.#bare)) return false;
    if (typing && binding.inFields !== true) return false;
    return binding.when?.() ?? true;
  }
}

function storedBare(): boolean {
  try {
    return localStorage.getItem(BARE) !== 'off';
  } catch {
    return true;
  }
}

export const bindings = new Bindings();

/** Whether what has the focus takes text. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement) return true;
  if (target instanceof HTMLSelectElement) return true;
  const pressable = ['button', 'checkbox', 'radio', 'range', 'submit', 'reset'];
  return target instanceof HTMLInputElement && !pressable.includes(target.type);
}

/** The page's one listener; `Overlays` puts it on the window. */
export function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  if (document.querySelector('dialog[open]') !== null) return;
  if (bindings.press(event, isTyping(event.target))) event.preventDefault();
}
