// Past recoveries: the latest, older ones on demand, new ones as they come.
//
// Owns the pages and their order (latest first). Invariant: no report stands twice.

import { api, type ApiError, type RecoveryReport } from '../../lib/api';
import { onLive } from '../../lib/stores';

const PAGE = 10;
const SOON_MS = 250;

export class ReportLog {
  all = $state.raw<readonly RecoveryReport[]>([]);
  more = $state(false);
  loading = $state(false);
  /** It was read once. */
  read = $state(false);
  error = $state.raw<ApiError | undefined>();

  #cursor: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Reads, and follows what happens until the returned function is called. */
  follow(): () => void {
    void this.refresh();
    const soon = (): void => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.refresh(), SOON_MS);
    };
    const stop = onLive({
      event: (event) => event.type === 'lifecycle' && event.event.kind === 'recovered' && soon(),
      resync: soon,
    });
    return () => {
      stop();
      clearTimeout(this.#timer);
    };
  }

  async refresh(): Promise<void> {
    const answer = await api.recoveryReports({ limit: PAGE });
    this.error = answer.ok ? undefined : answer.error;
    if (!answer.ok) return;
    const { reports, next_cursor } = answer.value;
    const known = new Set(reports.map((one) => one.report_id));
    const follows = this.all.some((one) => known.has(one.report_id));
    // what lies between is not known where nothing is the same: it begins anew
    this.all = follows ? [...reports, ...this.all.filter((one) => !known.has(one.report_id))] : reports;
    if (!follows) this.#take(next_cursor);
    this.read = true;
  }

  async older(): Promise<void> {
    if (this.loading || this.#cursor === undefined) return;
    this.loading = true;
    const answer = await api.recoveryReports({ limit: PAGE, cursor: this.#cursor });
    this.loading = false;
    this.error = answer.ok ? undefined : answer.error;
    if (!answer.ok) return;
    const known = new Set(this.all.map((one) => one.report_id));
    this.all = [...this.all, ...answer.value.reports.filter((one) => !known.has(one.report_id))];
    this.#take(answer.value.next_cursor);
  }

  #take(cursor: string | null | undefined): void {
    this.#cursor = cursor ?? undefined;
    this.more = this.#cursor !== undefined;
  }
}
