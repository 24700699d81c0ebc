import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BuildOptions, buildApp } from '../../lib/app.ts';

export type Resource = {
  stack: string;
  id: string;
  Type: string;
  Properties: Record<string, unknown>;
  Metadata?: Record<string, unknown>;
  DeletionPolicy?: string;
};

/** A synthesised application, as its templates tell it. */
export type Assembly = {
  folder: string;
  resources: Resource[];
  /** Every reason that a finding was accepted for, by construct path and rule. */
  acknowledged: { path: string; rule: string; reason: string }[];
  of(type: string, stack?: string): Resource[];
};

/** A small application that declares one of everything, for what must hold whatever the real one contains. */
export const HOUSE = join(import.meta.dirname, 'fixtures/house');

/** Synthesises into a folder of its own and reads what was written. The caller removes it with `discard`. */
export const synthesise = async (options: BuildOptions): Promise<Assembly> =>
  readAssembly(await buildApp(await mkdtemp(join(tmpdir(), 'vicinity-assembly-')), options));

/** Reads the templates of a cloud assembly. */
export function readAssembly(folder: string): Assembly {
  const resources = readdirSync(folder)
    .filter(file => file.endsWith('.template.json'))
    .flatMap(file => {
      const template = JSON.parse(readFileSync(join(folder, file), 'utf8'));
      const stack = file.replace('.template.json', '');
      return Object.entries<Resource>(template.Resources).map(([id, resource]) => ({
        ...resource,
        stack,
        id,
      }));
    });
  return {
    folder,
    resources,
    acknowledged: readAcknowledged(folder),
    of: (type, stack) =>
      resources.filter(resource => resource.Type === type && (!stack || resource.stack === stack)),
  };
}

export const discard = (assembly: Assembly) => rm(assembly.folder, { recursive: true });

/** The one resource of a type whose property has the value. */
export function pick(assembly: Assembly, type: string, property: string, value: unknown): Resource {
  const found = assembly.of(type).filter(resource => resource.Properties[property] === value);
  const [resource] = found;
  if (!resource || found.length > 1) throw new Error(`${found.length} of ${type} have ${property} ${value}.`);
  return resource;
}

function readAcknowledged(folder: string): Assembly['acknowledged'] {
  type Entry = { type: string; data: Record<string, string> };
  return readdirSync(folder)
    .filter(file => file.endsWith('.metadata.json'))
    .flatMap(file => Object.entries<Entry[]>(JSON.parse(readFileSync(join(folder, file), 'utf8'))))
    .flatMap(([path, entries]) =>
      entries
        .filter(entry => entry.type === 'aws:cdk:acknowledged-rules')
        .flatMap(entry => Object.entries(entry.data).map(([rule, reason]) => ({ path, rule, reason }))),
    );
}
