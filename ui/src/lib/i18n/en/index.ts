import common from './common';
import keys from './keys';
import recovery from './recovery';
import session from './session';
import sessions from './sessions';
import settings from './settings';
import shell from './shell';
import status from './status';
import trash from './trash';
import welcome from './welcome';
import { error, origin, problem, reason, role, state } from './words';

const catalogue = {
  common,
  error,
  keys,
  origin,
  problem,
  reason,
  recovery,
  role,
  session,
  sessions,
  settings,
  shell,
  state,
  status,
  trash,
  welcome,
};

export type Catalogue = typeof catalogue;

/** The catalogue of a language that has one form for all numbers. */
export type OneForm<T = Catalogue> = {
  [K in keyof T as K extends `${string}_one` ? never : K]: T[K] extends string ? string : OneForm<T[K]>;
};

export default catalogue;
