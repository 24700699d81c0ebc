import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { App, Stack } from 'aws-cdk-lib/core';
import { expect, test } from 'vitest';
import { acknowledge } from '../../lib/acknowledge.ts';
import { addChecks } from '../../lib/checks.ts';

/** Synthesises a stack with one open bucket, whose findings are acknowledged or not. */
function synthesiseBucket(findings: Record<string, string>): void {
  const outdir = mkdtempSync(join(tmpdir(), 'vicinity-checks-'));
  const app = new App({ outdir, autoSynth: false, analyticsReporting: false });
  acknowledge(new Bucket(new Stack(app, 'open'), 'Bucket'), findings);
  addChecks(app);
  try {
    app.synth();
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

test('a finding that nobody explained fails the synthesis', () => {
  expect(() => synthesiseBucket({ 'AwsSolutions-S1': 'Holds nothing.' })).toThrow('AwsSolutions-S10');
});

test('a finding that was explained does not', () => {
  const reason = 'Holds nothing.';
  expect(() => synthesiseBucket({ 'AwsSolutions-S1': reason, 'AwsSolutions-S10': reason })).not.toThrow();
});
