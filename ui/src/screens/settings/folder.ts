// Where the data lie, as the status tells it.
//
// Pure. The recorder's own word counts, where it has one; else it is where the database is.

import type { Status } from '../../lib/api';

export function dataFolder(status: Status | undefined): string {
  if (status === undefined) return '';
  const told = 'data_dir' in status && typeof status.data_dir === 'string' ? status.data_dir : undefined;
  return told ?? status.database.path.replace(/[\\/][^\\/]*$/, '');
}
