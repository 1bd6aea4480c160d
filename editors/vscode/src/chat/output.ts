// What a tool gave back, as the model saw it.
//
// Owns the shapes of outputs. Never drops what is no text: then the output is a list.

import { at, list, object, text, type Json } from '../read/json';

/** One text where all items are texts, else a list. */
export function joined(items: Json[]): Json {
  const texts = items.map(textOf);
  if (texts.every((said) => said !== undefined)) return texts.join('\n');
  return items.map((item, nth) => {
    const said = texts[nth];
    return said === undefined ? item : { type: 'text', text: said };
  });
}

/** The text of an item; nothing where it is no text. */
function textOf(item: Json): string | undefined {
  if (typeof item === 'string') return item;
  const fields = object(item);
  const value = fields?.['value'];
  if (typeof value === 'string') return fields?.['isText'] === false ? undefined : value;
  const node = at(value, 'node');
  return node === undefined ? undefined : walk(node, '');
}

/** The texts of a tree of the editor's prompts, in their order. */
function walk(node: Json, before: string): string {
  let said = before;
  if (at(node, 'type') === 2) {
    if (at(node, 'lineBreakBefore') === true && said !== '' && !said.endsWith('\n')) said += '\n';
    said += text(node, 'text') ?? '';
  }
  for (const child of list(at(node, 'children'))) said = walk(child, said);
  return said;
}
