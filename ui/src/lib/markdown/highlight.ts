// Colours for code, by grammars that are fetched when their language first appears.
//
// Owns which names of a language lead to which grammar. Never guesses a language; what has no grammar stays plain.

import type { HLJSApi, LanguageFn } from 'highlight.js';
import { codeElements } from './render';

type Grammar = () => Promise<{ default: LanguageFn }>;

const GRAMMARS: Record<string, Grammar> = {
  bash: () => import('highlight.js/lib/languages/bash'),
  c: () => import('highlight.js/lib/languages/c'),
  cpp: () => import('highlight.js/lib/languages/cpp'),
  csharp: () => import('highlight.js/lib/languages/csharp'),
  css: () => import('highlight.js/lib/languages/css'),
  dart: () => import('highlight.js/lib/languages/dart'),
  diff: () => import('highlight.js/lib/languages/diff'),
  dockerfile: () => import('highlight.js/lib/languages/dockerfile'),
  elixir: () => import('highlight.js/lib/languages/elixir'),
  go: () => import('highlight.js/lib/languages/go'),
  graphql: () => import('highlight.js/lib/languages/graphql'),
  haskell: () => import('highlight.js/lib/languages/haskell'),
  ini: () => import('highlight.js/lib/languages/ini'),
  java: () => import('highlight.js/lib/languages/java'),
  javascript: () => import('highlight.js/lib/languages/javascript'),
  json: () => import('highlight.js/lib/languages/json'),
  kotlin: () => import('highlight.js/lib/languages/kotlin'),
  lua: () => import('highlight.js/lib/languages/lua'),
  makefile: () => import('highlight.js/lib/languages/makefile'),
  markdown: () => import('highlight.js/lib/languages/markdown'),
  perl: () => import('highlight.js/lib/languages/perl'),
  php: () => import('highlight.js/lib/languages/php'),
  powershell: () => import('highlight.js/lib/languages/powershell'),
  python: () => import('highlight.js/lib/languages/python'),
  r: () => import('highlight.js/lib/languages/r'),
  ruby: () => import('highlight.js/lib/languages/ruby'),
  rust: () => import('highlight.js/lib/languages/rust'),
  scala: () => import('highlight.js/lib/languages/scala'),
  scss: () => import('highlight.js/lib/languages/scss'),
  shell: () => import('highlight.js/lib/languages/shell'),
  sql: () => import('highlight.js/lib/languages/sql'),
  swift: () => import('highlight.js/lib/languages/swift'),
  typescript: () => import('highlight.js/lib/languages/typescript'),
  xml: () => import('highlight.js/lib/languages/xml'),
  yaml: () => import('highlight.js/lib/languages/yaml'),
};

const OTHER_NAMES: Record<string, string> = {
  'c++': 'cpp',
  'c#': 'csharp',
  cc: 'cpp',
  cjs: 'javascript',
  console: 'shell',
  cs: 'csharp',
  docker: 'dockerfile',
  golang: 'go',
  h: 'c',
  hpp: 'cpp',
  hs: 'haskell',
  html: 'xml',
  js: 'javascript',
  json5: 'json',
  jsonc: 'json',
  jsonl: 'json',
  jsx: 'javascript',
  kt: 'kotlin',
  make: 'makefile',
  md: 'markdown',
  mjs: 'javascript',
  patch: 'diff',
  pl: 'perl',
  ps1: 'powershell',
  py: 'python',
  rb: 'ruby',
  rs: 'rust',
  sh: 'bash',
  svelte: 'xml',
  svg: 'xml',
  toml: 'ini',
  ts: 'typescript',
  tsx: 'typescript',
  vue: 'xml',
  yml: 'yaml',
  zsh: 'bash',
};

/** Code longer than this stays plain: colouring it would stall the page. */
const LONGEST = 60_000;

let engine: Promise<HLJSApi> | undefined;
const loaded = new Map<string, Promise<void>>();

export function grammarOf(language: string): string | undefined {
  const name = language.toLowerCase();
  const found = Object.hasOwn(OTHER_NAMES, name) ? OTHER_NAMES[name] : name;
  return found !== undefined && Object.hasOwn(GRAMMARS, found) ? found : undefined;
}

/** Colours one block in place, once its grammar is there. */
export async function highlight(code: HTMLElement, language: string): Promise<void> {
  const name = grammarOf(language);
  const text = code.textContent;
  if (name === undefined || text.length > LONGEST) return;
  const grammar = GRAMMARS[name];
  if (!grammar) return;
  engine ??= import('highlight.js/lib/core').then((module) => module.default);
  try {
    const hljs = await engine;
    let ready = loaded.get(name);
    if (!ready) {
      ready = grammar().then((module) => hljs.registerLanguage(name, module.default));
      loaded.set(name, ready);
    }
    await ready;
    if (code.textContent !== text) return;
    const { value } = hljs.highlight(text, { language: name, ignoreIllegals: true });
    code.replaceChildren(codeElements(value));
  } catch {
    // it stays plain
  }
}
