import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inScratch } from '../support/scratch.ts';

const LAMBDAS = join(import.meta.dirname, '../../lambdas');

/** Every statement of the use cases, as `sql` would write it. */
function statements(): { where: string; text: string }[] {
  const files = readdirSync(LAMBDAS, { recursive: true, encoding: 'utf8' }).filter(file =>
    file.endsWith('.ts'),
  );
  return files.flatMap(file => {
    const source = readFileSync(join(LAMBDAS, file), 'utf8').replaceAll(
      /\/\*\*[\s\S]*?\*\/|^\s*\/\/.*$/gm,
      '',
    );
    return [...source.matchAll(/\bsql`([^`]*)`/g)].map((match, index) => ({
      where: `${file} #${index + 1}`,
      text: (match[1] ?? '').replaceAll(/\$\{[^}]*\}/g, '($1->>0)'),
    }));
  });
}

test('there are statements to check', () => {
  expect(statements().length).toBeGreaterThan(10);
});

test('every statement of a use case can be prepared against the migrated database', async () => {
  const wrong: string[] = [];
  for (const [index, { where, text }] of statements().entries()) {
    const refusal = await inScratch(run => run(`prepare checked_${index} (jsonb) as ${text}`)).catch(
      (error: Error) => error.message,
    );
    if (typeof refusal === 'string') wrong.push(`${where}: ${refusal}`);
  }
  expect(wrong).toEqual([]);
});
