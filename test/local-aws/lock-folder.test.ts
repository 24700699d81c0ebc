import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { lockFolder } from '../../local/aws/lock-folder.ts';

const folder = mkdtempSync(join(tmpdir(), 'vicinity-lock-'));
const source = new URL('../../local/aws/lock-folder.ts', import.meta.url);
afterAll(() => rmSync(folder, { recursive: true }));

describe('lockFolder', () => {
  test('lets one holder in after the other', () => {
    const release = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow(`The data folder ${folder} is in use.`);
    release();
    lockFolder(folder)();
  });

  test('is free again when its holder was killed', async () => {
    const script = `
      const { lockFolder } = await import(${JSON.stringify(source.href)});
      lockFolder(${JSON.stringify(folder)});
      setInterval(() => undefined, 1000);
      console.log('locked');`;
    const holder = spawn(process.execPath, ['--input-type=module', '--eval', script]);
    await once(holder.stdout, 'data');
    expect(() => lockFolder(folder)).toThrow('is in use');
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    lockFolder(folder)();
  });
});
