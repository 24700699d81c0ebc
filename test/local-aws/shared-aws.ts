import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Aws, type AwsOptions, region, startAws } from '../../local/aws/aws.ts';

/** An endpoint of a test file's own, over an embedded database in memory, in a folder that goes with it. */
export async function startOwnAws(options: Partial<AwsOptions> = {}): Promise<Aws> {
  const dataFolder = options.dataFolder ?? mkdtempSync(join(tmpdir(), 'vicinity-aws-'));
  const aws = await startAws({ dataFolder, inMemory: true, now: () => new Date(), ...options });
  return {
    ...aws,
    async close() {
      await aws.close();
      if (!options.dataFolder) rmSync(dataFolder, { recursive: true, force: true });
    },
  };
}

/** What an SDK client is made with, to call an endpoint as somebody. One attempt: a test sees the first answer. */
export const callAs = (aws: Pick<Aws, 'endpoint'>, accessKeyId = 'local-admin') => ({
  endpoint: aws.endpoint,
  region,
  credentials: { accessKeyId, secretAccessKey: 'local' },
  maxAttempts: 1,
});
