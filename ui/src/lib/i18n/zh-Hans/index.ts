import type { OneForm } from '../en';
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

const catalogue: OneForm = {
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

export default catalogue;
