// A fetch that records what an application says to a model, and what it answers.
//
// Owns which requests are looked at. The application's request goes out as it is and at once; its answer is the same, read at its own
// pace. Whatever goes wrong with recording is told to `onError` alone.

import { messages } from './anthropic.js';
import { Answer } from './answer.js';
import { Conversations } from './conversation.js';
import { chat, responses } from './openai.js';
import { spied, type Spy } from './spied.js';
import { SseReader } from './sse.js';
import { isObject, parsed, type Recorder, type WrapOptions } from './turn.js';
import type { Vendor } from './vendor.js';

export type Kind = 'chat' | 'responses' | 'messages';

export interface FetchOptions extends WrapOptions {
  /** Says what a request is, where its address does not end in `/chat/completions`, `/responses` or `/messages`. */
  kind?: (url: URL) => Kind | undefined;
}

type Fetch = typeof globalThis.fetch;

const VENDORS: Record<Kind, Vendor> = { chat, responses, messages };
/** An answer that does not stream is read up to here. */
const MOST_BYTES = 16 << 20;

export function recordFetch(fetch: Fetch, recorder: Recorder, options: FetchOptions = {}): Fetch {
  const known = new Map<Kind, Conversations>();
  const failed = options.onError ?? (() => undefined);
  return async (input, init) => {
    const kind = kindOf(input, init, options);
    if (kind === undefined) return fetch(input, init);
    const vendor = VENDORS[kind];
    const conversations = known.get(kind) ?? new Conversations(recorder, options, vendor.provider);
    known.set(kind, conversations);
    // the body is read beside the request, which does not wait for it
    const answer = bodyOf(input, init)
      .then((body) => (body === undefined ? undefined : begin(conversations, vendor, body, failed)))
      .catch((error: unknown) => void failed(error));
    let response: Response;
    try {
      response = await fetch(input, init);
    } catch (error) {
      void answer.then((one) => one?.end(error));
      throw error;
    }
    return recorded(response, vendor, answer, failed);
  };
}

function begin(
  conversations: Conversations,
  vendor: Vendor,
  body: unknown,
  failed: (error: unknown) => void,
): Answer | undefined {
  if (!isObject(body)) return undefined;
  return new Answer(conversations.begin(vendor.asked(body)), failed);
}

function recorded(
  response: Response,
  vendor: Vendor,
  answer: Promise<Answer | undefined>,
  failed: (error: unknown) => void,
): Response {
  const { body } = response;
  if (!response.ok || body === null) {
    void answer.then((one) => one?.end(new Error(`the model's server answered ${response.status}`)));
    return response;
  }
  const isStream = response.headers.get('content-type')?.includes('text/event-stream') === true;
  const spy = isStream ? streamSpy(vendor) : wholeSpy(vendor);
  // in the order in which they came, though the request's own body may be read later
  const then = (work: (one: Answer) => void): void =>
    void answer.then((one) => one && work(one)).catch((error: unknown) => failed(error));
  const copy = new Response(
    spied(body, {
      piece: (bytes: Uint8Array) => then((one) => spy(one).piece(bytes)),
      end: (error) => then((one) => spy(one).end(error)),
    }),
    { status: response.status, statusText: response.statusText, headers: response.headers },
  );
  for (const name of ['url', 'redirected', 'type'] as const)
    Object.defineProperty(copy, name, { value: response[name] });
  return copy;
}

/** One spy for one answer. */
function streamSpy(vendor: Vendor): (answer: Answer) => Spy<Uint8Array> {
  let made: Spy<Uint8Array> | undefined;
  return (answer) => (made ??= make(answer));
  function make(answer: Answer): Spy<Uint8Array> {
    const read = vendor.stream(answer);
    let broken: unknown;
    const sse = new SseReader((data) => {
      const event = parsed(data);
      try {
        read(isObject(event) ? event : data);
      } catch (error) {
        broken ??= error;
      }
    });
    return {
      piece(bytes) {
        sse.push(bytes);
        answer.flush();
      },
      end(error) {
        sse.end();
        // all was said: an application may leave then, without reading on
        answer.end(broken ?? (answer.isWhole ? undefined : error));
      },
    };
  }
}

function wholeSpy(vendor: Vendor): (answer: Answer) => Spy<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  return (answer) => ({
    piece(piece) {
      bytes += piece.length;
      // a copy: what was handed on belongs to the application
      if (bytes <= MOST_BYTES) pieces.push(piece.slice());
    },
    end(error) {
      if (error !== undefined) return answer.end(error);
      const decoder = new TextDecoder();
      const body = parsed(
        pieces.map((piece) => decoder.decode(piece, { stream: true })).join('') + decoder.decode(),
      );
      try {
        if (isObject(body)) vendor.whole(body, answer);
        answer.end();
      } catch (broken) {
        answer.end(broken);
      }
    },
  });
}

function kindOf(
  input: RequestInfo | URL,
  init: RequestInit | undefined,
  options: FetchOptions,
): Kind | undefined {
  try {
    const request = input instanceof Request ? input : undefined;
    if ((init?.method ?? request?.method ?? 'GET').toUpperCase() !== 'POST') return undefined;
    const url = new URL(input instanceof Request ? input.url : input, globalThis.location?.href);
    if (options.kind) return options.kind(url);
    const path = url.pathname.replace(/\/$/, '');
    if (path.endsWith('/chat/completions')) return 'chat';
    if (path.endsWith('/responses')) return 'responses';
    return path.endsWith('/messages') ? 'messages' : undefined;
  } catch {
    return undefined;
  }
}

/** What was asked; nothing where it cannot be read without taking it from the application. */
async function bodyOf(input: RequestInfo | URL, init: RequestInit | undefined): Promise<unknown> {
  const body = init?.body;
  if (typeof body === 'string') return parsed(body);
  if (body instanceof Uint8Array) return parsed(new TextDecoder().decode(body));
  if (body === undefined && input instanceof Request) return parsed(await input.clone().text());
  return undefined;
}
