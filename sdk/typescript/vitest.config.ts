// How the package's own tests run: in Node, against recorders that the tests play themselves. Those that need the real recorder are
// in tests/e2e/sdk, because these here run before it is built.

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'node',
    include: ['tests/**/*.test.ts'],
    maxWorkers: 2,
    testTimeout: 60_000,
    expect: { requireAssertions: true },
  },
});
