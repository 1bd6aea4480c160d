// Markdown of recorded chats, made into elements that can do no harm.
//
// What was recorded is hostile. Two walls: markdown-it knows no raw HTML here, and DOMPurify lets only the tags below through, without
// `style`, `src`, `id` or any handler. Links carry their address as `data-address` and lead nowhere by themselves: who shows them asks
// first. Images are named, never loaded. Never takes anything but text; gives a fragment, never a string of HTML.

import DOMPurify from 'dompurify';
import MarkdownIt from 'markdown-it';

// prettier-ignore
const TAGS = [
  'a', 'blockquote', 'br', 'code', 'del', 'em', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'hr', 'li', 'ol', 'p', 'pre', 's', 'span',
  'strong', 'table', 'tbody', 'td', 'th', 'thead', 'tr', 'ul',
];
const ATTRIBUTES = ['class', 'data-address', 'data-language', 'role', 'start', 'tabindex', 'title'];

const CLASSES = new Set(['link', 'image', 'to-left', 'to-center', 'to-right']);
const ROLES = new Set(['link']);

/** Addresses that may be shown as links; everything else stays text. */
export function allowedAddress(address: string): boolean {
  try {
    const url = new URL(address);
    return url.protocol === 'http:' || url.protocol === 'https:' || url.protocol === 'mailto:';
  } catch {
    return false;
  }
}

const markdown = new MarkdownIt({ html: false, linkify: true, breaks: true, typographer: false });
// «readme.md» or «main.rs» are files, not sites
markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: false });
// nothing is loaded or opened without a question, and what may not be opened is text: the rules below see every address
markdown.validateLink = () => true;
markdown.normalizeLink = (address) => address;

const { escapeHtml } = markdown.utils;

type Tokens = Parameters<typeof markdown.renderer.render>[0];
type Rule = (tokens: Tokens, at: number) => string;

function attribute(tokens: Tokens, at: number, name: string): string {
  return String(tokens[at]?.attrGet(name) ?? '');
}

/** The tag that the link ending here began with: links do not nest. */
function began(tokens: Tokens, at: number): number {
  let back = at;
  while (back > 0 && tokens[back]?.type !== 'link_open') back -= 1;
  return back;
}

const own: Record<string, Rule> = {
  link_open(tokens, at) {
    const address = attribute(tokens, at, 'href');
    const safe = escapeHtml(address);
    if (!allowedAddress(address)) return `<span title="${safe}">`;
    return `<a class="link" role="link" tabindex="0" data-address="${safe}" title="${safe}">`;
  },

  link_close(tokens, at) {
    return allowedAddress(attribute(tokens, began(tokens, at), 'href')) ? '</a>' : '</span>';
  },

  image(tokens, at) {
    const address = attribute(tokens, at, 'src');
    const name = tokens[at]?.content || address.slice(0, 80);
    return `<span class="image" title="${escapeHtml(address.slice(0, 400))}">${escapeHtml(name)}</span>`;
  },

  fence(tokens, at) {
    const language = /^[\w+#.-]{1,40}/.exec(tokens[at]?.info.trim() ?? '')?.[0] ?? '';
    const code = escapeHtml(tokens[at]?.content ?? '');
    return `<pre data-language="${escapeHtml(language)}"><code>${code}</code></pre>\n`;
  },

  code_block(tokens, at) {
    return `<pre data-language=""><code>${escapeHtml(tokens[at]?.content ?? '')}</code></pre>\n`;
  },

  th_open: (tokens, at) => cell('th', attribute(tokens, at, 'style')),
  td_open: (tokens, at) => cell('td', attribute(tokens, at, 'style')),
};
Object.assign(markdown.renderer.rules, own);

function cell(tag: string, style: string): string {
  const side = /text-align:(left|center|right)/.exec(style)?.[1];
  return side ? `<${tag} class="to-${side}">` : `<${tag}>`;
}

const purifier = DOMPurify(window);
purifier.addHook('uponSanitizeAttribute', (_node, attribute) => {
  const { attrName, attrValue } = attribute;
  if (attrName === 'class') attribute.keepAttr = attrValue.split(/\s+/).every((name) => CLASSES.has(name));
  if (attrName === 'role') attribute.keepAttr = ROLES.has(attrValue);
  if (attrName === 'tabindex') attribute.keepAttr = attrValue === '0';
  if (attrName === 'data-address') attribute.keepAttr = allowedAddress(attrValue);
});

function purify(html: string): DocumentFragment {
  return purifier.sanitize(html, {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ATTRIBUTES,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    KEEP_CONTENT: true,
    RETURN_DOM_FRAGMENT: true,
  });
}

/** Texts this long are shown as they are: nobody reads them, and making them into elements would stall the page. */
export const LONGEST = 400_000;

const KEPT = 300;
const made = new Map<string, string>();

/** The elements of this Markdown. */
export function render(text: string): DocumentFragment {
  if (text.length > LONGEST) return plain(text);
  let html = made.get(text);
  if (html === undefined) {
    html = markdown.render(text);
    if (made.size >= KEPT) made.delete(made.keys().next().value ?? '');
    made.set(text, html);
  }
  return purify(html);
}

function plain(text: string): DocumentFragment {
  const fragment = document.createDocumentFragment();
  const block = document.createElement('pre');
  block.textContent = text;
  fragment.append(block);
  return fragment;
}

/** Highlighted code as elements: only spans with the highlighter's classes. */
export function codeElements(html: string): DocumentFragment {
  return highlighted.sanitize(html, {
    ALLOWED_TAGS: ['span'],
    ALLOWED_ATTR: ['class'],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
}

const highlighted = DOMPurify(window);
highlighted.addHook('uponSanitizeAttribute', (_node, attribute) => {
  attribute.keepAttr = attribute.attrName === 'class' && /^[\w\s-]*$/.test(attribute.attrValue);
});
