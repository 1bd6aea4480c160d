// What a state mark can show: the states of sessions and of the recorder.

import type { State } from '../lib/api';

export type Mark = State | 'paused' | 'stopped' | 'away';
