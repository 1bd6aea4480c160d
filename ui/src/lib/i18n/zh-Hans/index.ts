import type { OneForm } from '../en';
import common from './common';
import keys from './keys';
import recovery from './recovery';
import session from './session';
import sessions from './sessions';
import settings from './settings';
import shell from './shell';
import status from './status';
import welcome from './welcome';
import { error, lifecycle, origin, reason, role, state } from './words';

const catalogue: OneForm = {
  common,
  error,
  keys,
  lifecycle,
  origin,
  reason,
  recovery,
  role,
  session,
  sessions,
  settings,
  shell,
  state,
  status,
  welcome,
};

export default catalogue;
