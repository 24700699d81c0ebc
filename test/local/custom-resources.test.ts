import { describe, expect, test } from 'vitest';
import { runCustomResources } from '../../local/run-custom-resources.ts';
import { createResources, type Resources } from '../../local/template/resources.ts';
import { makeFunction } from './fixtures/lambda.ts';

function template(type = 'Custom::DatabaseMigration'): Resources {
  const Run = { Type: type, Properties: { ServiceToken: 'the-lambda', Fingerprint: 'abc' } };
  return createResources([{ name: 'data', folder: '/', template: { Resources: { Run } } }]);
}

const run = (exported: string, resources = template()): Promise<void> => {
  const { lambda } = makeFunction(exported, { handler: `queue.${exported}` });
  return runCustomResources(resources, arn => (arn === 'the-lambda' ? lambda : undefined));
};

describe('a custom resource', () => {
  test('is created by its Lambda, whose data become its attributes', async () => {
    const resources = template();
    await run('create', resources);
    const [resource] = resources.all();
    expect(resource?.ref).toBe('made');
    expect(resource?.attribute('Seen')).toBe('abc');
    expect(resource?.attribute('Type')).toBe('Create');
  });

  test('that fails fails the start with the Lambda’s reason in one line', async () => {
    await expect(run('refuse')).rejects.toThrow('DatabaseMigration failed: The script 0007 is wrong.');
  });

  test('whose Lambda throws or answers nothing fails the start', async () => {
    await expect(run('throws')).rejects.toThrow('DatabaseMigration failed: no batch succeeds');
    await expect(run('forget')).rejects.toThrow(
      'DatabaseMigration failed: its Lambda ended without an answer.',
    );
  });

  test('of a kind that CDK adds for a deployment only is left out', async () => {
    await expect(run('refuse', template('Custom::S3AutoDeleteObjects'))).resolves.toBeUndefined();
  });
});
