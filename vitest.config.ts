import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/start-database.ts',
    setupFiles: 'test/support/prepare-file.ts',
    pool: 'threads',
    // One worker: the database lives in the main thread and is the other core's work. Files share the modules that they
    // import, which is most of what a file costs.
    fileParallelism: false,
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 120_000,
  },
});
