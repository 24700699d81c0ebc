import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atMost, type Result } from './support/measure.ts';

const ROOT = join(import.meta.dirname, '..');
/** By then the workers of the first minute's schedules have been idle long enough to have ended. */
const REST_SECONDS = 100;

/** Resident memory of `npm start` after it has had nothing to do for a while. */
export async function benchMemory(): Promise<Result[]> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'vicinity-memory-'));
  const cloud = spawn(process.execPath, ['local/start.ts'], {
    cwd: ROOT,
    env: { ...process.env, PORT: '0', VICINITY_DATA: join(dataFolder, 'data') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    let printed = '';
    for await (const chunk of cloud.stdout) {
      printed += chunk;
      if (printed.includes('is ready')) break;
    }
    await new Promise(resolve => setTimeout(resolve, REST_SECONDS * 1000));
    const status = readFileSync(`/proc/${cloud.pid}/status`, 'utf8');
    const mebibytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
    return [atMost('memory of the local cloud at rest, MiB', `${mebibytes.toFixed(0)} MiB`, mebibytes, 1024)];
  } finally {
    cloud.kill('SIGTERM');
    await once(cloud, 'exit');
    rmSync(dataFolder, { recursive: true, force: true });
  }
}
