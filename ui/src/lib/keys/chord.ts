// Chords: how a key press is written («Mod+K», «?», «g s»), whether a press is one, and how it is drawn.
//
// Never listens, never runs anything. «Mod» is Ctrl, and Command on a Mac. Two chords with a space between are pressed one after the
// other. A chord of one character without Mod or Alt is «bare»: it must not act while someone types.

export type Press = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>;

interface Chord {
  key: string;
  mod: boolean;
  alt: boolean;
  shift: boolean;
}

/** The steps of a sequence: `g s` has two. */
export function steps(text: string): string[] {
  return text.split(' ').filter((step) => step !== '');
}

function parse(step: string): Chord {
  const parts =
    step === '+' ? ['+'] : step.endsWith('++') ? [...step.slice(0, -2).split('+'), '+'] : step.split('+');
  const has = (name: string): boolean => parts.slice(0, -1).includes(name);
  return { key: (parts.at(-1) ?? '').toLowerCase(), mod: has('Mod'), alt: has('Alt'), shift: has('Shift') };
}

/** Whether a press is this one step. */
export function matches(step: string, press: Press, mac: boolean): boolean {
  const chord = parse(step);
  const [mod, other] = mac ? [press.metaKey, press.ctrlKey] : [press.ctrlKey, press.metaKey];
  // the other one of the two belongs to the system
  if (press.key.toLowerCase() !== chord.key || mod !== chord.mod || other || press.altKey !== chord.alt) {
    return false;
  }
  // «?» and the like need Shift on one keyboard and not on another
  const shiftIsPartOfKey = chord.key.length === 1 && !/[a-z]/.test(chord.key);
  return shiftIsPartOfKey || press.shiftKey === chord.shift;
}

/** One character alone: it would be typed in a field. */
export function isBare(text: string): boolean {
  return steps(text).some((step) => {
    const chord = parse(step);
    return chord.key.length === 1 && !chord.mod && !chord.alt;
  });
}

const NAMES: Record<string, string> = {
  arrowup: '↑',
  arrowdown: '↓',
  arrowleft: '←',
  arrowright: '→',
  escape: 'Esc',
  enter: '⏎',
  delete: 'Del',
  pageup: 'PgUp',
  pagedown: 'PgDn',
};

/** The caps to draw for each step: `Mod+K` gives `[["Ctrl", "K"]]`. */
export function caps(text: string, mac: boolean): string[][] {
  return steps(text).map((step) => {
    const chord = parse(step);
    return [
      ...(chord.mod ? [mac ? '⌘' : 'Ctrl'] : []),
      ...(chord.alt ? [mac ? '⌥' : 'Alt'] : []),
      ...(chord.shift ? ['⇧'] : []),
      NAMES[chord.key] ?? chord.key.slice(0, 1).toUpperCase() + chord.key.slice(1),
    ];
  });
}

const mac = /Mac|iPhone|iPad/.test(navigator.userAgent);

export function onMac(): boolean {
  return mac;
}
