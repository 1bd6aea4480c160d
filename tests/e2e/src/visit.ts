// A reader's visit to the page, in a browser of its own profile.
//
// Owns what is watched meanwhile: script errors, complaints on the console, dialogs, and requests that leave this machine. A visit ends
// with all of them empty, or the test has failed.

import { chromium, type Browser, type BrowserContext, type Locator, type Page } from 'playwright-core';
import { afterAll, expect, test as base } from 'vitest';
import { browserPath } from './places';
import type { Recorder } from './recorder';

export const THEMES = ['light', 'dark', 'contrast'] as const;
export type Theme = (typeof THEMES)[number];
export type Locale = 'en' | 'de' | 'zh-Hans';

export interface Look {
  theme?: Theme;
  locale?: Locale;
  width?: number;
  height?: number;
  reducedMotion?: boolean;
  forcedColors?: boolean;
  /** As if the page had never been open. */
  first?: boolean;
  /** Opens nothing yet. */
  blank?: boolean;
  /** Complaints of the console, with their address, that belong to what is tried, such as a request that finds nobody. */
  expected?: RegExp;
}

/** A machine that does other work, too, is slow; what is not there by then does not come. */
const PATIENCE_MS = 30_000;

let launched: Promise<Browser> | undefined;

export function browser(): Promise<Browser> {
  launched ??= chromium.launch({
    executablePath: browserPath(),
    // no name is ever looked up: a request that leaves would be seen, and would fail
    args: ['--no-sandbox', '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1'],
  });
  return launched;
}

afterAll(async () => {
  await (await launched)?.close();
  launched = undefined;
});

export class Visit {
  readonly errors: string[] = [];
  readonly outside: string[] = [];
  readonly dialogs: string[] = [];

  constructor(
    readonly context: BrowserContext,
    readonly page: Page,
    private readonly recorder: Recorder,
    private readonly look: Look,
  ) {
    this.watch(page);
    context.on('page', (other) => this.watch(other));
    context.on('request', (request) => {
      const url = new URL(request.url());
      const here = url.hostname === '127.0.0.1' || ['blob:', 'data:', 'about:'].includes(url.protocol);
      if (!here) this.outside.push(request.url());
    });
  }

  watch(page: Page): void {
    page.on('pageerror', (error) => this.errors.push(`script: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() !== 'error' && message.type() !== 'warning') return;
      if (this.isExpected(message.text(), message.location().url)) return;
      this.errors.push(`${message.text()} ${message.location().url}`);
    });
    page.on('dialog', (dialog) => {
      this.dialogs.push(`${dialog.type()}: ${dialog.message()}`);
      void dialog.dismiss();
    });
  }

  private isExpected(text: string, url: string): boolean {
    if (text.startsWith('Failed to load resource: net::') && !this.recorder.runs) return true;
    // only the desktop app has it: the page asks, and is told so
    if (/ 409 /.test(text) && /\/api\/app$/.test(url)) return true;
    return this.look.expected?.test(`${text} ${url}`) === true;
  }

  /** Goes to a place of the page, such as `#/status`, as typing the address does. */
  async go(hash: string): Promise<void> {
    if (this.page.url() === 'about:blank') await this.page.goto(`${this.recorder.address}/${hash}`);
    else await this.page.evaluate((to) => (window.location.hash = to), hash);
  }

  get hash(): string {
    return new URL(this.page.url()).hash;
  }

  get query(): URLSearchParams {
    return new URLSearchParams(this.hash.split('?')[1] ?? '');
  }

  /** By what it is and what it is called, as whoever cannot see finds it. */
  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  /** The notices at the foot of the page. */
  get toasts(): Locator {
    return this.page.locator('.toast');
  }

  clean(): void {
    expect(this.errors, 'errors of the page').toEqual([]);
    expect(this.outside, 'requests that leave this machine').toEqual([]);
    expect(this.dialogs, 'dialogs').toEqual([]);
  }
}

export async function visit(recorder: Recorder, hash = '#/', look: Look = {}): Promise<Visit> {
  const { theme = 'light', locale = 'en', width = 1280, height = 800 } = look;
  const context = await (
    await browser()
  ).newContext({
    viewport: { width, height },
    locale: locale === 'zh-Hans' ? 'zh-CN' : locale,
    timezoneId: 'Europe/Berlin',
    colorScheme: theme === 'dark' ? 'dark' : 'light',
    reducedMotion: look.reducedMotion ? 'reduce' : 'no-preference',
    forcedColors: look.forcedColors ? 'active' : 'none',
    permissions: ['clipboard-read', 'clipboard-write'],
    acceptDownloads: true,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  await context.addInitScript(
    ({ theme, seen }) => {
      // a complaint says where it comes from
      for (const level of ['warn', 'error'] as const) {
        const plain = console[level].bind(console);
        console[level] = (...said: unknown[]) => plain(...said, new Error().stack);
      }
      if (window.location.protocol !== 'http:') return;
      if (localStorage.getItem('chasm.theme') === null) localStorage.setItem('chasm.theme', theme);
      if (seen) localStorage.setItem('chasm.welcomed', 'yes');
    },
    { theme, seen: look.first !== true },
  );
  const made = new Visit(context, await context.newPage(), recorder, look);
  if (!look.blank) await made.go(hash);
  return made;
}

/** A test that visits: what it opened is looked through and closed at its end. */
export const test = base.extend<{
  open: (recorder: Recorder, hash?: string, look?: Look) => Promise<Visit>;
}>({
  // eslint-disable-next-line no-empty-pattern
  open: async ({}, use) => {
    const visits: Visit[] = [];
    try {
      await use(async (...asked) => {
        const made = await visit(...asked);
        visits.push(made);
        return made;
      });
      for (const made of visits) made.clean();
    } finally {
      for (const made of visits) await made.context.close();
    }
  },
});

/** Is seen, at once or soon. */
export async function seen(locator: Locator, timeout = PATIENCE_MS): Promise<Locator> {
  // that it was: what is seen may change the next moment
  const was = await locator
    .first()
    .waitFor({ state: 'visible', timeout })
    .then(() => true);
  expect(was).toBe(true);
  return locator.first();
}

/** Is not seen, or soon no more. */
export async function unseen(locator: Locator, timeout = PATIENCE_MS): Promise<void> {
  const gone = await locator
    .first()
    .waitFor({ state: 'hidden', timeout })
    .then(() => true);
  expect(gone).toBe(true);
}
