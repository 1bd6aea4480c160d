// Why the server refused a setting, as it stands beside the field.
//
// Pure. The server says «`port` = 99999: a whole number from 0 to 65535 is needed»; key and value stand beside the field already.

const SHAPE = /^`([^`]+)` = ("(?:[^"\\]|\\.)*"|\[.*?\]|[^:\s]+): (.+)$/s;

/** The rule alone, with a capital; the whole message where it has another shape. */
export function reasonOf(message: string, key: string, value: unknown): string {
  const exact = `\`${key}\` = ${JSON.stringify(value)}: `;
  const rest = message.startsWith(exact)
    ? message.slice(exact.length)
    : (SHAPE.exec(message)?.[3] ?? message);
  return rest.slice(0, 1).toLocaleUpperCase() + rest.slice(1);
}

/** Which setting a refusal is about: another one than the changed one, where a rule binds two. */
export function refusedKey(message: string, changed: string): string {
  return /^`([^`]+)` = /.exec(message)?.[1] ?? changed;
}
