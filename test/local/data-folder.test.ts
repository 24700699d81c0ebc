import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { takeDataFolder } from '../../local/data-folder.ts';

function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vicinity-data-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe('the data folder', () => {
  test('is made, kept over starts, and emptied when asked', () => {
    const folder = join(emptyFolder(), 'data');
    takeDataFolder(folder, false)();
    writeFileSync(join(folder, 'kept'), '');
    takeDataFolder(folder, false)();
    expect(existsSync(join(folder, 'kept'))).toBe(true);
    takeDataFolder(folder, true)();
    expect(existsSync(join(folder, 'kept'))).toBe(false);
  });

  test('of something else is neither used nor emptied', () => {
    const folder = emptyFolder();
    writeFileSync(join(folder, 'thesis.txt'), '');
    expect(() => takeDataFolder(folder, true)).toThrow('holds files that are not Vicinity');
    expect(existsSync(join(folder, 'thesis.txt'))).toBe(true);
  });

  test('serves one holder at a time', () => {
    const folder = join(emptyFolder(), 'data');
    const release = takeDataFolder(folder, false);
    expect(() => takeDataFolder(folder, false)).toThrow('is in use');
    release();
    expect(() => takeDataFolder(folder, false)).not.toThrow();
  });
});
