import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { synthesise } from '../../local/synthesise.ts';

/** A repository whose CDK app counts how often it ran. */
function makeRepository(app: string): string {
  const root = mkdtempSync(join(tmpdir(), 'vicinity-synthesise-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'bin'));
  mkdirSync(join(root, 'lib'));
  mkdirSync(join(root, 'cdk.out'));
  writeFileSync(join(root, 'cdk.out', 'count'), '');
  writeFileSync(join(root, 'bin', 'vicinity.ts'), app);
  return root;
}

const counting = `
  import { appendFileSync, writeFileSync } from 'node:fs';
  const folder: string = process.env.CDK_OUTDIR ?? '';
  appendFileSync(folder + '/count', 'x');
  writeFileSync(folder + '/manifest.json', '{}');
`;

describe('synthesis', () => {
  test('is done once for the same sources, and again when one changed', async () => {
    const root = makeRepository(counting);
    const runs = () => readFileSync(join(root, 'cdk.out', 'count'), 'utf8').length;
    expect(await synthesise(root)).toBe(join(root, 'cdk.out'));
    await synthesise(root);
    expect(runs()).toBe(1);
    writeFileSync(join(root, 'lib', 'new.ts'), 'export {};');
    await synthesise(root);
    expect(runs()).toBe(2);
  });

  test('is done again when something else wrote the assembly', async () => {
    const root = makeRepository(counting);
    await synthesise(root);
    writeFileSync(join(root, 'cdk.out', 'manifest.json'), '{"version":"other"}');
    await synthesise(root);
    expect(readFileSync(join(root, 'cdk.out', 'count'), 'utf8')).toBe('xx');
  });

  test('that fails tells what the app said', async () => {
    const root = makeRepository(`console.error('The context of the app is not usable.'); process.exit(1);`);
    await expect(synthesise(root)).rejects.toThrow('The context of the app is not usable.');
  });
});
