// How the browser tests run: two files at a time, each with recorders and a browser of its own; what measures runs alone.
//
// Four runs of one harness: `tests` hold what the page must do, `sdk` what the TypeScript SDK must, `figures` measure, `screenshots`
// take the pictures.

import { defineConfig } from 'vitest/config';

const project = (name: string, include: string, testTimeout: number) => ({
  extends: true as const,
  test: { name, include: [include], testTimeout },
});

export default defineConfig({
  test: {
    environment: 'node',
    maxWorkers: 2,
    hookTimeout: 600_000,
    teardownTimeout: 20_000,
    // a test that looked at nothing has shown nothing
    expect: { requireAssertions: true, poll: { timeout: 30_000, interval: 50 } },
    globalSetup: ['src/needs.ts'],
    projects: [
      project('tests', 'tests/**/*.test.ts', 180_000),
      project('sdk', 'sdk/**/*.test.ts', 180_000),
      project('figures', 'figures/**/*.test.ts', 1_800_000),
      project('screenshots', 'screenshots/**/*.test.ts', 300_000),
    ],
  },
});
