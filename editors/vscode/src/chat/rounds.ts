// The rounds with the model, which have the real input and output of the tools that an answer's parts show.
//
// Owns how the two are matched: by id, else by order from the end, since rounds are cut at the front when a long turn is summed up.
// Never names a call anew once its part is known. A call and its output stand once.

import { at, list, object, text, type Json } from '../read/json';
import { callId, callOf, mayBe, readArguments, stripped, type Call } from './calls';
import { joined } from './output';
import type { Part } from './parts';

interface Said {
  id: string;
  name: string | undefined;
  arguments: Json | undefined;
  output: Json | undefined;
}

/** Adds what the rounds say to the calls among `parts`; calls and texts that have no part are put behind them. */
export function addRounds(parts: Part[], metadata: Json | undefined, request: string): void {
  const results = object(at(metadata, 'toolCallResults')) ?? {};
  const rounds = list(at(metadata, 'toolCallRounds'));
  if (rounds.length === 0) return;
  const silent = !parts.some((part) => part.what === 'text' && part.text !== '');
  const free = parts.flatMap((part) => (part.what === 'call' ? [part.call] : []));
  const left = matched(
    free,
    rounds.map((round) => saidIn(round, results)),
  );
  const add = (part: (place: number) => Part) => parts.push(part((parts.at(-1)?.place ?? -1) + 1));
  rounds.forEach((round, nth) => {
    const said = text(round, 'response');
    if (silent && said?.trim()) add((place) => ({ what: 'text', place, text: said }));
    for (const call of left[nth] ?? []) {
      add((place) => ({ what: 'call', place, call: take(callOf({}, 0, request), call, request) }));
    }
  });
}

/** Gives each round's calls to their parts; those that have none are left. */
function matched(free: Call[], rounds: Said[][]): Said[][] {
  const left = rounds.map((round) => round.filter((said) => !byId(free, said)));
  const outer = free.filter((call) => !call.inner);
  for (let nth = left.length - 1; nth >= 0; nth -= 1) left[nth] = byOrder(outer, left[nth] ?? []);
  return left;
}

function byId(free: Call[], said: Said): boolean {
  const own = (call: Call) => stripped(call.id.split('@')[0] ?? call.id);
  const place = free.findIndex((call) => own(call) === stripped(said.id));
  const [call] = place < 0 ? [] : free.splice(place, 1);
  if (call !== undefined) take(call, said);
  return call !== undefined;
}

/** Gives calls, the last one first, to the last parts that can be theirs. */
function byOrder(free: Call[], round: Said[]): Said[] {
  const left: Said[] = [];
  for (const said of round.toReversed()) {
    const place = free.findLastIndex((call) => mayBe(call, said.name));
    const [call] = place < 0 ? [] : free.splice(place);
    if (call === undefined) left.push(said);
    else take(call, said);
  }
  return left.reverse();
}

function take(call: Call, said: Said, request?: string): Call {
  if (request !== undefined) call.id = callId(stripped(said.id), request);
  call.name = said.name ?? call.name;
  call.arguments = said.arguments ?? call.arguments;
  call.output = said.output ?? call.output;
  return call;
}

function saidIn(round: Json, results: { [id: string]: Json }): Said[] {
  return list(at(round, 'toolCalls')).flatMap((call) => {
    const id = text(call, 'id');
    if (id === undefined) return [];
    const key = Object.hasOwn(results, id)
      ? id
      : Object.keys(results).find((key) => stripped(key) === stripped(id));
    const given = at(call, 'arguments');
    return {
      id,
      name: text(call, 'name'),
      arguments: given === undefined ? undefined : readArguments(given),
      output: key === undefined ? undefined : outputOf(results[key]),
    };
  });
}

/** The texts of a result, and those of its trees; the list itself where it has more than text. */
function outputOf(result: Json | undefined): Json | undefined {
  const content = at(result, 'content');
  return Array.isArray(content) ? joined(content) : content;
}
