// Which of the two overlays is open: the palette (Ctrl+K) or the key map (?).

type Overlay = 'palette' | 'keymap';

let open = $state<Overlay | undefined>();

export const overlay = {
  get open(): Overlay | undefined {
    return open;
  },
};

export function openPalette(): void {
  open = 'palette';
}

export function openKeyMap(): void {
  open = 'keymap';
}

export function closeOverlay(): void {
  open = undefined;
}
