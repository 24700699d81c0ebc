import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib/core';
import { ApiStack } from './api.ts';
import { bundleLambdas } from './bundle.ts';
import { ofKind, readCatalogue } from './catalogue.ts';
import { addChecks } from './checks.ts';
import { DataStack } from './data.ts';
import { EventsStack } from './events.ts';
import { fingerprintDatabase } from './fingerprint.ts';
import type { Platform } from './grants.ts';
import { ModuleStack } from './module-stack.ts';
import { ObservabilityStack } from './observability.ts';
import { stackOf } from './parts.ts';
import { readSettings } from './settings.ts';

const ROOT = join(import.meta.dirname, '..');

/** What the command line asks for by itself: where an asset lies, without which nothing can run the templates here. */
const METADATA = { 'aws:cdk:enable-asset-metadata': true, 'aws:cdk:enable-path-metadata': true };

export type BuildOptions = {
  /** The folder that holds `lambdas/` and `sql/`: the repository, unless a test points elsewhere. */
  root?: string;
  /** Context that wins over cdk.json's. */
  context?: Record<string, unknown>;
};

/**
 * Synthesises the whole application, without an account and without a network.
 *
 * @param outdir where the cloud assembly goes: by default where the CDK command line says, else `cdk.out`
 * @returns the folder of the cloud assembly
 * @throws Error when a declaration is contradictory or a rule of cdk-nag finds something that nobody explained
 */
export async function buildApp(outdir?: string, options: BuildOptions = {}): Promise<string> {
  const root = options.root ?? ROOT;
  const { context } = JSON.parse(await readFile(join(ROOT, 'cdk.json'), 'utf8'));
  const app = new App({
    outdir: outdir ?? process.env.CDK_OUTDIR ?? join(ROOT, 'cdk.out'),
    // The command line hands its context over by the environment, which wins over this one.
    context: { ...METADATA, ...context, ...options.context },
    analyticsReporting: false,
    autoSynth: false,
  });
  // The templates' assets are copies, so that builds at the same time do not write into each other's bundle.
  const bundle = await mkdtemp(join(tmpdir(), 'vicinity-bundle-'));
  try {
    await addStacks(app, root, bundle);
    addChecks(app);
    return app.synth().directory;
  } finally {
    await rm(bundle, { recursive: true, force: true });
  }
}

async function addStacks(app: App, root: string, bundle: string): Promise<void> {
  const settings = readSettings(app);
  const entries = await readCatalogue(root);
  await bundleLambdas(root, entries, bundle);
  const data = new DataStack(app, { settings, bundle, fingerprint: await fingerprintDatabase(root) });
  const events = new EventsStack(app, { settings, data, consumers: ofKind(entries, 'queue') });
  const api = new ApiStack(app, settings);
  const platform: Platform = { settings, bundle, data, events, api };
  for (const [stack, own] of Map.groupBy(entries, stackOf)) {
    new ModuleStack(app, stack, own, platform);
  }
  new ObservabilityStack(app, platform);
}
