// How the extension is tested: `unit` without an editor; `host` in a real one, with a real recorder and a real browser.
//
// `screenshots` takes the picture for the documentation, with the same harness.

import { defineConfig } from 'vitest/config';

const inEditor = (name: string, include: string) => ({
    extends: true as const,
    test: {
        name,
        include: [include],
        // one editor at a time: each of them has several processes
        fileParallelism: false,
        testTimeout: 240_000,
        hookTimeout: 240_000,
        globalSetup: ['tests/host/src/needs.ts'],
    },
});

export default defineConfig({
    resolve: {
        alias: { '@chasm/recorder': new URL('../../sdk/typescript/src/node.ts', import.meta.url).pathname },
    },
    test: {
        environment: 'node',
        teardownTimeout: 30_000,
        // a test that looked at nothing has shown nothing
        expect: { requireAssertions: true, poll: { timeout: 30_000, interval: 50 } },
        projects: [
            { extends: true, test: { name: 'unit', include: ['tests/unit/**/*.test.ts'] } },
            inEditor('host', 'tests/host/*.test.ts'),
            inEditor('screenshots', 'tests/host/screenshots/*.test.ts'),
        ],
    },
});
