// What jsdom lacks, for every test.

import '@testing-library/jest-dom/vitest';
import { configure } from '@testing-library/svelte';
import { startLocale } from '../src/lib/i18n';

// a machine that does other things, too, is no failure
configure({ asyncUtilTimeout: 10_000 });

globalThis.ResizeObserver ??= class {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
};
Object.assign(Element.prototype, { scrollIntoView: () => undefined });
Object.assign(HTMLDialogElement.prototype, {
  showModal(this: HTMLDialogElement) {
    this.open = true;
  },
  close(this: HTMLDialogElement) {
    this.open = false;
  },
});

await startLocale();
