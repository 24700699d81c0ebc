import { createHash } from 'node:crypto';
import { Mistake } from '../mistake.ts';
import { type Api, sentenceOf, Unreachable } from './api.ts';
import { type Defaults, describeSpace } from './describe-space.ts';
import type { Journal } from './journal.ts';
import type { Place } from './read-places.ts';

/** What became of a file. `faults` are told by line; `left` are rows that nobody came to. */
export type Outcome = {
  listed: number;
  already: number;
  faults: { line: number; reason: string }[];
  left: number;
  stopped: string | null;
};

export type Import = {
  api: Api;
  places: readonly Place[];
  defaults: Defaults;
  journal: Journal;
  /** Rows that are sent at the same time. */
  concurrency: number;
  /** When it aborts, rows on their way are finished and no further one is begun. */
  signal: AbortSignal;
  progress(done: number): void;
};

/** Lists every row that is not listed yet. One bad row stops no other; a server out of reach stops them all. */
export async function importPlaces(work: Import): Promise<Outcome> {
  const outcome: Outcome = { listed: 0, already: 0, faults: [], left: work.places.length, stopped: null };
  const queue = work.places.values();
  const worker = async () => {
    for (const place of queue) {
      if (work.signal.aborted || outcome.stopped !== null) return;
      try {
        await importPlace(place, work, outcome);
      } catch (error) {
        if (!(error instanceof Mistake)) throw error;
        outcome.stopped = error.message;
        return;
      }
      outcome.left -= 1;
      work.progress(work.places.length - outcome.left);
    }
  };
  await Promise.all(Array.from({ length: work.concurrency }, worker));
  outcome.faults.sort((a, b) => a.line - b.line);
  if (work.signal.aborted) outcome.stopped ??= 'You have stopped the import.';
  return outcome;
}

async function importPlace(place: Place, work: Import, outcome: Outcome): Promise<void> {
  if ('fault' in place) {
    outcome.faults.push({ line: place.line, reason: place.fault });
    return;
  }
  if (work.journal.has(place.reference)) {
    outcome.already += 1;
    return;
  }
  const space = describeSpace(place, work.defaults);
  const key = createHash('sha256').update(JSON.stringify(space)).digest('hex');
  const { status, replayed, body } = await work.api.post('/api/v1/parking/spaces', space, key);
  if (status === 401 || status === 403) throw new Unreachable(sentenceOf(body));
  const already = replayed || body.code === 'already_listed';
  if (status !== 201 && !already) {
    outcome.faults.push({ line: place.line, reason: sentenceOf(body) });
    return;
  }
  work.journal.add(place.reference);
  outcome[already ? 'already' : 'listed'] += 1;
}
