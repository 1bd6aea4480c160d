// How well typed letters fit a name, for the palette.
//
// Pure. Invariant: every typed word must be found, in any order; the beginning of a word counts more than its middle, and a run
// of letters more than scattered ones. No fit is `null`, never 0.

/** The higher, the better; `null` where a word of `typed` is not in `name`. */
export function fit(typed: string, name: string): number | null {
  const words = fold(typed).split(/\s+/).filter(Boolean);
  const text = fold(name);
  let total = 0;
  for (const word of words) {
    const score = fitWord(word, text);
    if (score === null) return null;
    total += score;
  }
  return total;
}

/** Those that fit, the best first; equal ones keep their order. */
export function ranked<T>(typed: string, items: readonly T[], name: (item: T) => string): T[] {
  return items
    .map((item) => ({ item, score: fit(typed, name(item)) }))
    .filter((one): one is { item: T; score: number } => one.score !== null)
    .sort((a, b) => b.score - a.score)
    .map((one) => one.item);
}

function fitWord(word: string, text: string): number | null {
  const at = text.indexOf(word);
  if (at >= 0) return 100 + (startsWord(text, at) ? 50 : 0) - Math.min(at, 40);
  return scattered(word, text);
}

/** First letters of words, and what follows them: «gts» is «Go to status». Letters out of the middle of words are no fit. */
function scattered(word: string, text: string): number | null {
  let score = 0;
  let from = 0;
  for (const letter of word) {
    let at = text.startsWith(letter, from) ? from : -1;
    for (let n = from; at < 0 && n < text.length; n += 1)
      if (startsWord(text, n) && text.startsWith(letter, n)) at = n;
    if (at < 0) return null;
    score += startsWord(text, at) ? 6 : 3;
    from = at + letter.length;
  }
  return score;
}

function startsWord(text: string, at: number): boolean {
  return at === 0 || /[\s\-_/.:]/.test(text.charAt(at - 1));
}

function fold(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}
