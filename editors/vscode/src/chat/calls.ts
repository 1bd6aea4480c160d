// The use of tools, as the parts of an answer have it.
//
// Owns what a call is named and what went in and came out. Never runs anything. The name of a call stays the same from its first
// version to its last.

import { at, list, number, object, text, type Json, type JsonObject } from '../read/json';
import { joined } from './output';

export interface Call {
  id: string;
  /** As the model knows it; the editor's internal name where that is not known. */
  name: string;
  toolId: string | undefined;
  arguments: Json | undefined;
  output: Json | undefined;
  isError: boolean | undefined;
  durationMs: number | undefined;
  /** It was not allowed to run. */
  denied: boolean;
  /** A sub-agent made it. */
  inner: boolean;
}

/** Ids shorter than this are counters, that begin again with each turn. */
const SHORT_ID = 12;
/** What VS Code puts behind the ids that a model gives. */
const SUFFIX = /__vscode-\d+$/;

export function callOf(part: JsonObject, place: number, request: string): Call {
  const own = text(part, 'toolCallId');
  const toolId = text(part, 'toolId');
  const details = detailsOf(part['resultDetails']);
  const confirmed = part['isConfirmed'];
  const denied = confirmed === false || at(confirmed, 'type') === 0;
  return {
    id: own === undefined ? `${request}/${place}` : callId(own, request),
    name: toolId === undefined ? 'tool' : modelName(toolId),
    toolId,
    arguments: details.input ?? inputOf(part['toolSpecificData']),
    output: details.output ?? text(part, 'toolSpecificData', 'terminalCommandOutput', 'text'),
    isError: denied ? true : details.isError,
    durationMs: number(part, 'toolSpecificData', 'terminalCommandState', 'duration'),
    denied,
    inner: isSet(part['fromSubAgent']) || isSet(part['subAgentInvocationId']),
  };
}

/** The name of a call in its chat. Counters get the request's name behind them. */
export function callId(id: string, request: string): string {
  const tail = id.split(/[:_\-.]/).at(-1) ?? '';
  const counts = /^\d{1,4}$/.test(tail);
  return id.length < SHORT_ID || counts ? `${id}@${request}` : id;
}

/** An id as the model gave it. */
export function stripped(id: string): string {
  return id.replace(SUFFIX, '');
}

/** Whether the editor's tool can be what the model calls by this name. */
export function mayBe(call: Call, name: string | undefined): boolean {
  if (call.toolId === undefined || name === undefined) return true;
  const known = MODEL_NAMES.get(call.toolId);
  if (known !== undefined) return known === name;
  const others = [...MODEL_NAMES.values()];
  return call.toolId === name || (call.toolId.startsWith('copilot_') && !others.includes(name));
}

function modelName(tool: string): string {
  return MODEL_NAMES.get(tool) ?? tool;
}

interface Details {
  input: Json | undefined;
  output: Json | undefined;
  isError: boolean | undefined;
}

/** What the editor shows of an outcome: a list of places, or an object with input and output. */
function detailsOf(details: Json | undefined): Details {
  const fields = object(details);
  const places = list(details);
  if (fields === undefined) {
    return { input: undefined, output: places.length > 0 ? places : undefined, isError: undefined };
  }
  const { input, output } = fields;
  return {
    input: input === undefined ? undefined : readArguments(input),
    output: Array.isArray(output) ? joined(output) : output,
    isError: typeof fields['isError'] === 'boolean' ? fields['isError'] : undefined,
  };
}

/** What the part itself says that went in. */
function inputOf(specific: Json | undefined): Json | undefined {
  const raw = at(specific, 'rawInput');
  if (raw !== undefined) return raw;
  const line = text(specific, 'commandLine', 'original') ?? text(specific, 'command');
  return line === undefined ? undefined : { command: line };
}

/** Models give arguments as the text of a JSON value. */
export function readArguments(value: Json): Json {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value) as Json;
  } catch {
    return value;
  }
}

function isSet(value: Json | undefined): boolean {
  return value !== undefined && value !== null && value !== false;
}

/** Tools that the editor and the model call by different names. */
const MODEL_NAMES = new Map([
  ['copilot_applyPatch', 'apply_patch'],
  ['copilot_createDirectory', 'create_directory'],
  ['copilot_createFile', 'create_file'],
  ['copilot_createNewJupyterNotebook', 'create_new_jupyter_notebook'],
  ['copilot_createNewWorkspace', 'create_new_workspace'],
  ['copilot_editNotebook', 'edit_notebook_file'],
  ['copilot_fetchWebPage', 'fetch_webpage'],
  ['copilot_findFiles', 'file_search'],
  ['copilot_findTestFiles', 'test_search'],
  ['copilot_findTextInFiles', 'grep_search'],
  ['copilot_getChangedFiles', 'get_changed_files'],
  ['copilot_getErrors', 'get_errors'],
  ['copilot_getVSCodeAPI', 'get_vscode_api'],
  ['copilot_githubRepo', 'github_repo'],
  ['copilot_insertEdit', 'insert_edit_into_file'],
  ['copilot_listCodeUsages', 'list_code_usages'],
  ['copilot_listDirectory', 'list_dir'],
  ['copilot_multiReplaceString', 'multi_replace_string_in_file'],
  ['copilot_readFile', 'read_file'],
  ['copilot_replaceString', 'replace_string_in_file'],
  ['copilot_searchCodebase', 'semantic_search'],
  ['copilot_searchWorkspaceSymbols', 'search_workspace_symbols'],
]);
