// What a message consists of: text to read, thinking to fold, and everything else, which is named and never lost.
//
// Pure. Contents come in the shapes of many clients; what is not known is shown raw.

import type { Message } from '../../lib/api';

export type Part =
  | { kind: 'text'; text: string }
  | { kind: 'thinking'; text: string }
  | { kind: 'image'; type: string }
  | { kind: 'raw'; name: string; value: unknown };

type Content = Message['content'];

function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

export function parts(content: Content): Part[] {
  if (typeof content === 'string') return content === '' ? [] : [{ kind: 'text', text: content }];
  if (!Array.isArray(content)) return [{ kind: 'raw', name: 'content', value: content }];
  return content.map(part).filter((part) => part.kind !== 'text' || part.text !== '');
}

function part(value: unknown): Part {
  if (typeof value === 'string') return { kind: 'text', text: value };
  const fields = record(value);
  if (!fields) return { kind: 'raw', name: 'part', value };
  const type = typeof fields['type'] === 'string' ? fields['type'] : '';
  const string = (name: string): string | undefined =>
    typeof fields[name] === 'string' ? fields[name] : undefined;
  if (/^(thinking|reasoning)/.test(type)) {
    return { kind: 'thinking', text: string('thinking') ?? string('text') ?? string('reasoning') ?? '' };
  }
  if (/image/.test(type)) return { kind: 'image', type: imageType(fields) };
  const text = string('text');
  if (text !== undefined && (type === '' || /text$/.test(type))) return { kind: 'text', text };
  return { kind: 'raw', name: type || 'part', value };
}

function imageType(fields: Record<string, unknown>): string {
  const source = record(fields['source']) ?? record(fields['image_url']) ?? fields;
  const type = source['media_type'] ?? source['mime_type'];
  return typeof type === 'string' ? type : '';
}

/** The readable text, for copying and for finding. */
export function textOf(content: Content): string {
  return parts(content)
    .map((part) => (part.kind === 'text' || part.kind === 'thinking' ? part.text : ''))
    .filter((text) => text !== '')
    .join('\n\n');
}

/** A value as people read it: text as it is, the rest as indented JSON. */
export function readable(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  if (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((item) => typeof record(item)?.['text'] === 'string')
  ) {
    return value.map((item) => record(item)?.['text'] as string).join('\n');
  }
  return JSON.stringify(value, null, 2);
}

/** The one line that says what a tool was asked: its most telling argument. */
export function gist(args: unknown): string {
  const fields = record(args);
  if (!fields) return oneLine(readable(args));
  const telling = [
    'command',
    'cmd',
    'file_path',
    'path',
    'file',
    'pattern',
    'query',
    'url',
    'prompt',
    'description',
  ];
  for (const name of telling) if (typeof fields[name] === 'string') return oneLine(fields[name]);
  const first = Object.values(fields).find((value) => typeof value === 'string');
  return oneLine(typeof first === 'string' ? first : JSON.stringify(fields));
}

function oneLine(text: string): string {
  return text.slice(0, 300).replace(/\s+/g, ' ').trim();
}
