// The only way from the page to the recorder: types, calls, live stream.

export * as api from './calls';
export * as optional from './optional';
export { because, isGone, onReach, type ApiError, type Result } from './http';
export { follow, type Link, type Listener } from './live';
export type * from './types';
