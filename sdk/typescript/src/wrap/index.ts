// What records an application's calls to a model with two lines.

export { recordFetch, type FetchOptions, type Kind } from './fetch.js';
export { recordModel, type RecordingMiddleware } from './ai.js';
export type { WrapOptions } from './turn.js';
