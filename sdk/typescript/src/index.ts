// What the package gives besides `Recorder`, which is its own for browser and Node.

export type { CommonOptions, Limits, Mode, Remark, State } from './recorder.js';
export { Session } from './session.js';
export { ClosedError, EventError, OptionError, OutboxError, OutboxFullError } from './errors.js';
export { MemoryOutbox } from './outbox/memory.js';
export type { Kept, Key, Outbox, Refusal } from './outbox/outbox.js';
export { uuidv7 } from './uuid.js';
export type { WebSocketClass, WebSocketLike } from './socket.js';
export type * from './events.js';
