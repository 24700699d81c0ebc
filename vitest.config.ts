import { configDefaults, defineConfig } from 'vitest/config';
import { BalanceFiles } from './test/support/balance-files.ts';

/** Tests of what only a server does: they are part of the suite when it runs on one. */
const SERVER_ONLY = process.env.DATABASE_URL ? [] : ['test/local-aws/server-database.test.ts'];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...SERVER_ONLY],
    globalSetup: 'test/support/start-database.ts',
    setupFiles: 'test/support/prepare-file.ts',
    pool: 'threads',
    // One worker: the database lives in the main thread and is the other core's work. Files share the modules that they
    // import, which is most of what a file costs.
    fileParallelism: false,
    sequence: { sequencer: BalanceFiles },
    isolate: false,
    // Node runs the sources as they are, here as elsewhere: nothing is transformed.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    testTimeout: 30_000,
    hookTimeout: 120_000,
  },
});
