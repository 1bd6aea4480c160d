// Build, development server and tests of the page.
//
// The development server passes /api and /metrics on to a running recorder (CHASM_SERVER, else 127.0.0.1:8787), and serves the
// same content security policy as the recorder does, so that nothing works here that will not work there.

import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import type { ProxyOptions } from 'vite';
import { defineConfig } from 'vitest/config';

const recorder = process.env['CHASM_SERVER'] ?? 'http://127.0.0.1:8787';

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self' http://127.0.0.1:* http://localhost:* ws://127.0.0.1:* ws://localhost:*",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const pass: ProxyOptions = {
  target: recorder,
  changeOrigin: true,
  // the recorder lets its own page in only: to it, this is a client without an origin
  headers: { origin: recorder },
};
const proxy = { '/api': pass, '/metrics': pass };

export default defineConfig(({ mode }) => ({
  plugins: [svelte(), svelteTesting()],
  base: './',
  build: {
    target: ['chrome123', 'firefox125', 'safari17.5'],
    assetsInlineLimit: 0,
    // of what is bundled: goes into the package's notices
    license: true,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000,
    rollupOptions: {
      checks: { pluginTimings: false },
      output: {
        // grammars are told apart by their names: the size of the page is counted without them
        chunkFileNames: ({ moduleIds }) =>
          moduleIds.every((id) => id.includes('highlight.js/') && id.includes('/languages/'))
            ? 'assets/grammar-[name]-[hash].js'
            : 'assets/[name]-[hash].js',
      },
    },
  },
  server: { proxy },
  preview: { proxy, headers: { 'content-security-policy': policy } },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.ts', 'tests/**/*.test.ts'],
    setupFiles: ['./tests/setup.ts'],
    restoreMocks: true,
    testTimeout: 30_000,
    css: true,
  },
  ...(mode === 'test' ? { resolve: { conditions: ['browser'] } } : {}),
}));
