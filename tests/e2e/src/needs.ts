// What a run cannot do without: the program, with the page in it, and the browser.
//
// A run without them fails here, with what to do about it; it never skips.

import { existsSync } from 'node:fs';
import { binary, browserPath } from './places';
import { Recorder } from './recorder';

export default async function setup(): Promise<void> {
  if (!existsSync(binary())) {
    throw new Error(
      `there is no ${binary()}: build it with \`cargo build -p chasm-cli --bin chasm\`, or set CHASM_BIN`,
    );
  }
  if (!existsSync(browserPath())) {
    throw new Error(`there is no ${browserPath()}: install Debian's «chromium», or set CHASM_CHROMIUM`);
  }
  const recorder = await Recorder.start();
  try {
    const page = await (await fetch(recorder.address)).text();
    if (!page.includes('assets/')) {
      throw new Error(
        `${binary()} was built without the page: \`npm run build --workspace ui\` comes before \`cargo build\``,
      );
    }
  } finally {
    await recorder.end();
  }
}
