// A middleware for the Vercel AI SDK (`wrapLanguageModel`) that records what is said to a model and by it.
//
// Owns as much of that SDK's types as is read, so that nothing has to be installed for it. What passes is not changed.

import { Answer } from './answer.js';
import { Conversations } from './conversation.js';
import { spied } from './spied.js';
import {
  content,
  isObject,
  objects,
  parsed,
  text,
  type Asked,
  type Recorder,
  type Turn,
  type WrapOptions,
} from './turn.js';

interface Model {
  readonly provider: string;
  readonly modelId: string;
}

interface Ask {
  params: { prompt: readonly unknown[] };
  model: Model;
}

export interface RecordingMiddleware {
  readonly specificationVersion: 'v3';
  wrapGenerate<R extends { content: readonly unknown[] }>(
    asked: Ask & { doGenerate: () => PromiseLike<R> },
  ): Promise<R>;
  wrapStream<P extends { type: string }, R extends { stream: ReadableStream<P> }>(
    asked: Ask & { doStream: () => PromiseLike<R & { stream: ReadableStream<P> }> },
  ): Promise<R>;
}

export function recordModel(recorder: Recorder, options: WrapOptions = {}): RecordingMiddleware {
  const known = new Map<string, Conversations>();
  const failed = options.onError ?? (() => undefined);
  const begin = ({ params, model }: Ask): Answer | undefined => {
    try {
      const conversations = known.get(model.provider) ?? new Conversations(recorder, options, model.provider);
      known.set(model.provider, conversations);
      const answer = new Answer(conversations.begin(askedIn(params.prompt, model)), failed);
      answer.model = model.modelId;
      return answer;
    } catch (error) {
      failed(error);
      return undefined;
    }
  };
  return {
    specificationVersion: 'v3',
    async wrapGenerate(asked) {
      const answer = begin(asked);
      const result = await watched(asked.doGenerate(), answer);
      guarded(failed, () => {
        for (const part of objects(result.content)) hear(part, answer);
        if (answer) answer.isWhole = true;
        answer?.end();
      });
      return result;
    },
    async wrapStream(asked) {
      const answer = begin(asked);
      const result = await watched(asked.doStream(), answer);
      let broken: unknown;
      const stream = spied(result.stream, {
        piece(part) {
          if (part.type === 'error') broken ??= 'error' in part ? part.error : new Error('the model failed');
          hear(part, answer);
          answer?.flush();
        },
        end: (error) => answer?.end(broken ?? (answer.isWhole ? undefined : error)),
      });
      return { ...result, stream };
    },
  };
}

async function watched<R>(result: PromiseLike<R>, answer: Answer | undefined): Promise<R> {
  try {
    return await result;
  } catch (error) {
    answer?.end(error);
    throw error;
  }
}

function guarded(failed: (error: unknown) => void, work: () => void): void {
  try {
    work();
  } catch (error) {
    failed(error);
  }
}

/** A part of an answer, or a piece of one that streams in. */
function hear(part: unknown, answer: Answer | undefined): void {
  if (answer === undefined || !isObject(part)) return;
  const { type, toolCallId, toolName } = part;
  const call_id = text(toolCallId) ?? '';
  const name = text(toolName) ?? 'tool';
  if (type === 'text') answer.text(text(part['text']) ?? '');
  else if (type === 'text-delta') answer.text(text(part['delta']) ?? '');
  else if (type === 'reasoning') answer.reasoning(text(part['text']) ?? '');
  else if (type === 'reasoning-delta') answer.reasoning(text(part['delta']) ?? '');
  else if (type === 'tool-call') answer.call({ name, call_id, arguments: parsed(part['input']) });
  else if (type === 'tool-result')
    answer.result({
      name,
      call_id,
      output: part['result'],
      ...(part['isError'] === true ? { is_error: true } : {}),
    });
  else if (type === 'finish') answer.isWhole = true;
}

function askedIn(prompt: readonly unknown[], model: Model): Asked {
  return { model: model.modelId, turns: objects(prompt).map(turn) };
}

function turn(message: Record<string, unknown>): Turn {
  const role = message['role'] as Turn['role'];
  const parts = objects(message['content']);
  const calls = parts.filter(({ type }) => type === 'tool-call');
  const results = parts.filter(({ type }) => type === 'tool-result');
  const rest = parts.filter(({ type }) => type !== 'tool-call' && type !== 'tool-result');
  return {
    role,
    content: role === 'tool' ? '' : content(Array.isArray(message['content']) ? rest : message['content']),
    calls: calls.map((part) => ({
      name: text(part['toolName']) ?? 'tool',
      call_id: text(part['toolCallId']) ?? '',
      arguments: parsed(part['input']),
    })),
    results: results.map((part) => ({
      name: text(part['toolName']) ?? 'tool',
      call_id: text(part['toolCallId']) ?? '',
      output:
        isObject(part['output']) && 'value' in part['output'] ? part['output']['value'] : part['output'],
    })),
  };
}
