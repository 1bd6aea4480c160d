// How Anthropic asks and answers: messages.
//
// Owns that shape.

import type { Answer } from './answer.js';
import { content, isObject, objects, parsed, text, type Call, type Result, type Turn } from './turn.js';
import type { Vendor } from './vendor.js';

type Fields = Record<string, unknown>;

export const messages: Vendor = {
  provider: 'anthropic',
  asked(body) {
    const system = content(body['system']);
    const name = text(body['model']);
    const turns = objects(body['messages']).flatMap(turn);
    if (system.length > 0) turns.unshift({ role: 'system', content: system });
    return { turns, ...(name === undefined ? {} : { model: name }) };
  },
  stream(answer) {
    const calls = new Map<unknown, { block: Fields; json: string }>();
    return (event) => {
      if (typeof event === 'string') return;
      const { type, index, error, message } = event;
      if (isObject(error)) throw new Error(text(error['message']) ?? 'the model failed');
      if (isObject(message)) answer.model = text(message['model']);
      const block = event['content_block'];
      if (type === 'content_block_start' && isObject(block)) {
        if (block['type'] === 'tool_use') calls.set(index, { block, json: '' });
        answer.text(text(block['text']) ?? '');
      }
      const { delta } = event;
      if (type === 'content_block_delta' && isObject(delta)) {
        answer.text(text(delta['text']) ?? '');
        answer.reasoning(text(delta['thinking']) ?? '');
        const known = calls.get(index);
        if (known) known.json += text(delta['partial_json']) ?? '';
      }
      const done = calls.get(index);
      if (type === 'content_block_stop' && done) answer.call(call(done.block, done.json));
      if (type === 'message_stop') answer.isWhole = true;
    };
  },
  whole(body, answer) {
    const { error } = body;
    if (isObject(error)) throw new Error(text(error['message']) ?? 'the model failed');
    answer.model = text(body['model']);
    for (const block of objects(body['content'])) said(block, answer);
    answer.isWhole = true;
  },
};

function said(block: Fields, answer: Answer): void {
  if (block['type'] === 'text') answer.text(text(block['text']) ?? '');
  if (block['type'] === 'thinking') answer.reasoning(text(block['thinking']) ?? '');
  if (block['type'] === 'tool_use') answer.call(call(block, ''));
}

/** Results of tools come within what the user says. */
function turn(message: Fields): Turn[] {
  const role = message['role'] === 'assistant' ? 'assistant' : 'user';
  if (!Array.isArray(message['content'])) return [{ role, content: content(message['content']) }];
  const blocks = objects(message['content']);
  const results = blocks.filter(({ type }) => type === 'tool_result').map(result);
  const calls = blocks.filter(({ type }) => type === 'tool_use').map((block) => call(block, ''));
  const rest = blocks.filter(({ type }) => type !== 'tool_result' && type !== 'tool_use');
  const turns: Turn[] = results.length > 0 ? [{ role: 'tool', content: '', results }] : [];
  if (rest.length > 0 || calls.length > 0 || turns.length === 0)
    turns.push({ role, content: content(rest), ...(calls.length > 0 ? { calls } : {}) });
  return turns;
}

function result(block: Fields): Result {
  const call_id = text(block['tool_use_id']);
  return {
    output: content(block['content']),
    ...(call_id === undefined ? {} : { call_id }),
    ...(block['is_error'] === true ? { is_error: true } : {}),
  };
}

function call(block: Fields, json: string): Call {
  const call_id = text(block['id']);
  return {
    name: text(block['name']) ?? 'tool',
    arguments: json === '' ? block['input'] : parsed(json),
    ...(call_id === undefined ? {} : { call_id }),
  };
}
