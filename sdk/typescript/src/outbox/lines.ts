// What an outbox file is made of: lines with a checksum each, of events that wait and of events that are done.
//
// Owns the format, and no file. `<crc32> + <number> <event>` adds, `<crc32> - <number>,<number>…` removes; the checksum is over all
// behind it. Reading stops at nothing: a line that is no line is given apart, and where it is the last one, it is a torn tail.

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});
const NEWLINE = 10;
const SPACE = 32;
const CRC_LENGTH = 8;

export interface Read {
  /** What waits, by its number, in order. */
  live: Map<number, string>;
  /** Bytes up to the end of the last whole line. */
  whole: number;
  /** Lines that are none, in the middle of the file. */
  damaged: Buffer[];
}

export function addLine(n: number, text: string): string {
  return line(`+ ${n} ${text}`);
}

export function removeLine(numbers: number[]): string {
  return line(`- ${numbers.join(',')}`);
}

export function read(bytes: Buffer): Read {
  const found: Read = { live: new Map(), whole: 0, damaged: [] };
  let doubtful: Buffer[] = [];
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(NEWLINE, from);
    const row = bytes.subarray(from, end < 0 ? bytes.length : end);
    from += row.length + 1;
    if (row.length === 0) continue;
    const said = checked(row);
    // without its newline a line may be the beginning of a longer one only where its checksum is wrong
    if (said === undefined || !apply(said, found.live)) {
      doubtful.push(row);
      continue;
    }
    found.damaged.push(...doubtful);
    doubtful = [];
    found.whole = Math.min(from, bytes.length);
  }
  // a torn tail is one line; what is more was not torn by the end of a process
  if (doubtful.length > 1 || (doubtful.length === 1 && bytes.at(-1) === NEWLINE))
    found.damaged.push(...doubtful);
  return found;
}

function apply(said: string, live: Map<number, string>): boolean {
  if (said.startsWith('- ')) {
    for (const n of said.slice(2).split(',')) live.delete(Number(n));
    return true;
  }
  const gap = said.indexOf(' ', 2);
  if (!said.startsWith('+ ') || gap < 0) return false;
  live.set(Number(said.slice(2, gap)), said.slice(gap + 1));
  return true;
}

function line(said: string): string {
  return `${crc32(Buffer.from(said)).toString(16).padStart(CRC_LENGTH, '0')} ${said}\n`;
}

function checked(row: Buffer): string | undefined {
  if (row[CRC_LENGTH] !== SPACE) return undefined;
  const said = row.subarray(CRC_LENGTH + 1);
  const sum = row.toString('latin1', 0, CRC_LENGTH);
  return Number.parseInt(sum, 16) === crc32(said) && /^[0-9a-f]{8}$/.test(sum) ? said.toString() : undefined;
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
