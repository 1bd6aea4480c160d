// UUIDv7: ids that sort by when they were made.
//
// Owns the counter behind the milliseconds. Within one process no two are the same, and each is greater than the one before, also
// where the clock goes back.

/** Asked for many at once: each call for chance costs more than all the rest. */
const POOL_BYTES = 1024;
const BYTES = 16;

let last = 0;
let counter = 0;
let pool = new Uint8Array(0);

export function uuidv7(now: number = Date.now()): string {
  if (pool.length === 0) pool = crypto.getRandomValues(new Uint8Array(POOL_BYTES));
  const bytes = pool.subarray(0, BYTES);
  pool = pool.subarray(BYTES);
  if (now > last) {
    last = now;
    counter = ((bytes[6] ?? 0) & 0x07) * 256 + (bytes[7] ?? 0);
  } else {
    counter += 1;
    // 4096 ids in a millisecond: the next one begins early
    if (counter > 0xfff) {
      last += 1;
      counter = 0;
    }
  }
  for (let i = 0; i < 6; i++) bytes[i] = Math.floor(last / 2 ** (8 * (5 - i))) % 256;
  bytes[6] = 0x70 | (counter >> 8);
  bytes[7] = counter & 0xff;
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
