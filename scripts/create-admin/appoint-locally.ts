import { Mistake } from '../mistake.ts';
import type { Appointment } from './appoint-by-data-api.ts';

/**
 * Appoints a super admin in the local cloud.
 *
 * @returns created, promoted or unchanged
 * @throws Mistake when no local cloud answers, or when it refuses
 */
export async function appointLocally(url: string, appointment: Appointment): Promise<string> {
  const response = await fetch(`${url.replace(/\/+$/, '')}/_local/admins`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(appointment),
  }).catch(() => {
    throw new Mistake(`No local cloud answers at ${url}. Start it with npm start.`);
  });
  const answer = (await response.json()) as { outcome?: string; message?: string };
  if (!response.ok) throw new Mistake(answer.message ?? `The local cloud answered ${response.status}.`);
  return answer.outcome ?? '';
}
