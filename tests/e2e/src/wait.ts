// Waiting for a state, never for a time.
//
// Owns how often one looks and when one gives up.

const EVERY_MS = 20;

/** What `look` gives as soon as it gives something. */
export async function until<T>(
  look: () => Promise<T | undefined | false> | T | undefined | false,
  what: string,
  longestMs = 40_000,
): Promise<T> {
  const end = Date.now() + longestMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > end) throw new Error(`waited ${longestMs} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}
