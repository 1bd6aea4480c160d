// The TypeScript SDK as an application would have it: one file, made from its sources.
//
// Owns the bundles of this run, in a folder that goes with it.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';
import { ROOT } from '../src/places';

const SOURCES = join(ROOT, 'sdk/typescript/src');

export class Bundle {
  private constructor(private readonly folder: string) {}

  static async make(entry: 'node' | 'browser' | 'wrap/index'): Promise<Bundle> {
    const folder = await mkdtemp(join(tmpdir(), 'chasm-sdk-'));
    await build({
      root: folder,
      configFile: false,
      logLevel: 'error',
      build: {
        outDir: join(folder, 'out'),
        target: 'es2022',
        minify: false,
        ssr: entry === 'node',
        ...(entry === 'node' ? {} : { lib: { entry: join(SOURCES, 'browser.ts'), formats: ['es'] } }),
        rollupOptions: { input: join(SOURCES, `${entry}.ts`), output: { entryFileNames: 'sdk.mjs' } },
      },
    });
    return new Bundle(folder);
  }

  get path(): string {
    return join(this.folder, 'out', 'sdk.mjs');
  }

  async end(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
