// Light, dark or high contrast: what the system says, or what the user chose here.
//
// Owns `data-theme` on the document and its place in local storage. The colours themselves are in styles/tokens.css.

export const THEMES = ['system', 'light', 'dark', 'contrast'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'chasm.theme';

function stored(): Theme {
  const value = read();
  return THEMES.find((theme) => theme === value) ?? 'system';
}

function read(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

let chosen = $state<Theme>(stored());

function apply(): void {
  document.documentElement.dataset['theme'] = chosen;
}
apply();

export const theme = {
  get chosen(): Theme {
    return chosen;
  },
  set chosen(value: Theme) {
    chosen = value;
    apply();
    try {
      localStorage.setItem(KEY, value);
    } catch {
      // it holds for this page then
    }
  },
};
