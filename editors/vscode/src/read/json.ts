// JSON of files that someone else writes.
//
// Owns looking into values without trusting their types. Never throws. A field of another type is as good as absent.

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

export function object(value: Json | undefined): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}

export function list(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

/** The value at a way of names, where each of them is there. */
export function at(value: Json | undefined, ...names: string[]): Json | undefined {
  let here = value;
  for (const name of names) {
    const fields = object(here);
    if (fields === undefined || !Object.hasOwn(fields, name)) return undefined;
    here = fields[name];
  }
  return here;
}

/** The text at a way of names; an empty one is none. */
export function text(value: Json | undefined, ...names: string[]): string | undefined {
  const found = at(value, ...names);
  return typeof found === 'string' && found !== '' ? found : undefined;
}

export function number(value: Json | undefined, ...names: string[]): number | undefined {
  const found = at(value, ...names);
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined;
}

/** Reads a text; nothing where it is no JSON. */
export function parse(source: string): Json | undefined {
  try {
    return JSON.parse(source) as Json;
  } catch {
    return undefined;
  }
}
