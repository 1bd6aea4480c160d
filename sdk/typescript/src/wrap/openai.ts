// How OpenAI asks and answers, and all who do it in the same way: chat completions, and responses.
//
// Owns these two shapes. Of several choices, the first is recorded.

import type { Answer } from './answer.js';
import { content, isObject, objects, parsed, text, type Call, type Turn } from './turn.js';
import type { Vendor } from './vendor.js';

type Fields = Record<string, unknown>;

export const chat: Vendor = {
  provider: 'openai',
  asked: (body) => ({ ...model(body), turns: objects(body['messages']).map(chatTurn) }),
  stream(answer) {
    const calls = new Map<number, { id: string; name: string; text: string }>();
    let isTold = false;
    const tell = (): void => {
      answer.isWhole = true;
      if (isTold) return;
      isTold = true;
      for (const { id, name, text } of calls.values()) answer.call(called(name, id, text));
    };
    return (event) => {
      if (event === '[DONE]') return tell();
      if (typeof event === 'string') return;
      failIn(event);
      answer.model ??= text(event['model']);
      const [choice] = objects(event['choices']).filter(({ index }) => index === 0 || index === undefined);
      const delta = isObject(choice?.['delta']) ? choice['delta'] : {};
      answer.text(text(delta['content']) ?? text(delta['refusal']) ?? '');
      answer.reasoning(text(delta['reasoning_content']) ?? text(delta['reasoning']) ?? '');
      for (const call of objects(delta['tool_calls'])) gather(calls, call);
      if (text(choice?.['finish_reason'])) tell();
    };
  },
  whole(body, answer) {
    failIn(body);
    answer.model = text(body['model']);
    const message = objects(body['choices'])[0]?.['message'];
    if (!isObject(message)) return;
    answer.text(text(message['content']) ?? text(message['refusal']) ?? '');
    answer.reasoning(text(message['reasoning_content']) ?? '');
    for (const call of toolCalls(message)) answer.call(call);
    answer.isWhole = true;
  },
};

export const responses: Vendor = {
  provider: 'openai',
  asked(body) {
    const { input, instructions, previous_response_id: previous } = body;
    const turns =
      typeof input === 'string' ? [{ role: 'user' as const, content: input }] : objects(input).map(item);
    const system = text(instructions);
    if (system !== undefined && previous === undefined) turns.unshift({ role: 'system', content: system });
    return { ...model(body), turns, ...(text(previous) === undefined ? {} : { previous: String(previous) }) };
  },
  stream: (answer) => (event) => {
    if (typeof event === 'string') return;
    const { type, response } = event;
    failIn(type === 'error' ? { error: event } : isObject(response) ? response : {});
    if (isObject(response)) about(response, answer);
    if (type === 'response.output_text.delta' || type === 'response.refusal.delta')
      answer.text(text(event['delta']) ?? '');
    if (type === 'response.reasoning_summary_text.delta') answer.reasoning(text(event['delta']) ?? '');
    if (type === 'response.output_item.done' && isObject(event['item'])) functionCall(event['item'], answer);
    if (type === 'response.completed' || type === 'response.incomplete') answer.isWhole = true;
  },
  whole(body, answer) {
    failIn(body);
    about(body, answer);
    for (const output of objects(body['output'])) {
      functionCall(output, answer);
      if (output['type'] !== 'message') continue;
      for (const part of objects(output['content']))
        answer.text(text(part['text']) ?? text(part['refusal']) ?? '');
    }
    answer.isWhole = true;
  },
};

function chatTurn(message: Fields): Turn {
  const role = message['role'];
  if (role === 'tool' || role === 'function') {
    const call_id = text(message['tool_call_id']);
    const result = { output: parsed(message['content']), ...(call_id === undefined ? {} : { call_id }) };
    return { role: 'tool', content: '', results: [result] };
  }
  const said = content(message['content']);
  if (role === 'assistant') return { role, content: said, calls: toolCalls(message) };
  return { role: role === 'system' || role === 'developer' ? 'system' : 'user', content: said };
}

function item(one: Fields): Turn {
  const call_id = text(one['call_id']) ?? '';
  if (one['type'] === 'function_call')
    return {
      role: 'assistant',
      content: '',
      calls: [called(text(one['name']) ?? '', call_id, one['arguments'])],
    };
  if (one['type'] === 'function_call_output')
    return { role: 'tool', content: '', results: [{ call_id, output: parsed(one['output']) }] };
  return chatTurn(one);
}

function model(body: Fields): { model?: string } {
  const name = text(body['model']);
  return name === undefined ? {} : { model: name };
}

function about(response: Fields, answer: Answer): void {
  answer.model = text(response['model']) ?? answer.model;
  answer.id = text(response['id']) ?? answer.id;
}

function functionCall(output: Fields, answer: Answer): void {
  if (output['type'] !== 'function_call') return;
  answer.call(called(text(output['name']) ?? '', text(output['call_id']) ?? '', output['arguments']));
}

function toolCalls(message: Fields): Call[] {
  return objects(message['tool_calls']).map((call) => {
    const asked = isObject(call['function']) ? call['function'] : {};
    return called(text(asked['name']) ?? '', text(call['id']) ?? '', asked['arguments']);
  });
}

function gather(calls: Map<number, { id: string; name: string; text: string }>, call: Fields): void {
  const at = Number(call['index'] ?? 0);
  const known = calls.get(at) ?? { id: '', name: '', text: '' };
  const asked = isObject(call['function']) ? call['function'] : {};
  calls.set(at, {
    id: text(call['id']) || known.id,
    name: text(asked['name']) || known.name,
    text: known.text + (text(asked['arguments']) ?? ''),
  });
}

function called(name: string, call_id: string, input: unknown): Call {
  return { name: name || 'tool', ...(call_id === '' ? {} : { call_id }), arguments: parsed(input) };
}

/** An answer may be an error, in the middle of a stream too. */
function failIn(body: Fields): void {
  const { error } = body;
  if (isObject(error)) throw new Error(text(error['message']) ?? 'the model failed');
}
