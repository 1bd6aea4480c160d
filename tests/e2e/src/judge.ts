// What can be held against a screen without knowing it: what axe finds, and what does not fit into the window.
//
// Owns the rules that are asked for. Never says which screens are looked at.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults, RunOptions } from 'axe-core';
import { expect } from 'vitest';
import type { Visit } from './visit';

let axe: string | undefined;

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** What axe finds, as lines that say where. */
export async function findings(v: Visit): Promise<string[]> {
  // whatever still moves is not judged by its colours
  await v.page.evaluate(() =>
    Promise.all(
      document
        .getAnimations()
        .filter((one) => one.effect?.getComputedTiming().iterations !== Infinity)
        .map((one) => one.finished.catch(() => undefined)),
    ),
  );
  // by way of the debugger: the page's own policy lets no script in
  axe ??= await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  await v.page.evaluate(axe);
  const options: RunOptions = { runOnly: { type: 'tag', values: TAGS }, resultTypes: ['violations'] };
  const results = await v.page.evaluate(
    (options) =>
      (window as unknown as { axe: { run(root: Document, options: unknown): Promise<AxeResults> } }).axe.run(
        document,
        options,
      ),
    options,
  );
  expect(results.passes.length).toBeGreaterThan(5);
  return results.violations.flatMap((one) =>
    one.nodes.map(
      (node) =>
        `${one.id} (${one.impact ?? ''}): ${node.target.join(' ')} — ${node.failureSummary?.split('\n')[1]?.trim() ?? ''}`,
    ),
  );
}

/** What reaches over the edge of the window. */
export function beyond(v: Visit): Promise<{ page: number; main: number | undefined; beyond: string[] }> {
  return v.page.evaluate(() => {
    const over = [...document.querySelectorAll('body *')].filter((e) => {
      const box = e.getBoundingClientRect();
      if (box.width === 0 || box.right <= window.innerWidth + 1) return false;
      // inside of something that scrolls by itself, or is cut on purpose
      for (let up = e.parentElement; up && up !== document.body; up = up.parentElement) {
        if (getComputedStyle(up).overflowX !== 'visible') return false;
      }
      return getComputedStyle(e).position !== 'fixed';
    });
    return {
      page: document.documentElement.scrollWidth,
      main: document.querySelector('main')?.scrollWidth,
      beyond: over.map((e) => `${e.tagName} ${e.className.toString()}`),
    };
  });
}
