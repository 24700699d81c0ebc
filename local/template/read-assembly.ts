import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json, JsonObject } from './json.ts';

export type Resource = {
  Type: string;
  Properties?: JsonObject;
  Metadata?: JsonObject;
  Condition?: string;
};

export type Template = {
  Resources?: Record<string, Resource>;
  Outputs?: Record<string, { Value: Json; Export?: { Name: Json }; Condition?: string }>;
  Parameters?: Record<string, { Type: string; Default?: Json }>;
  Conditions?: Record<string, Json>;
  Mappings?: Record<string, Record<string, Record<string, Json>>>;
};

export type Stack = {
  name: string;
  template: Template;
  /** The folder that `aws:asset:path` in the template is relative to. */
  folder: string;
};

type Manifest = {
  artifacts?: Record<
    string,
    {
      type: string;
      dependencies?: string[];
      properties?: { templateFile?: string; stackName?: string };
    }
  >;
};

/**
 * Reads the stacks of a cloud assembly, each after the stacks it depends on.
 *
 * @param folder what `cdk synth` wrote: `manifest.json`, the templates and the assets
 */
export function readAssembly(folder: string): Stack[] {
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Manifest;
  const artifacts = manifest.artifacts ?? {};
  const stacks: Stack[] = [];
  const visited = new Set<string>();

  const visit = (id: string): void => {
    const artifact = artifacts[id];
    if (!artifact || visited.has(id)) return;
    visited.add(id);
    for (const dependency of artifact.dependencies ?? []) visit(dependency);
    const file = artifact.properties?.templateFile;
    if (artifact.type !== 'aws:cloudformation:stack' || !file) return;
    const template = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Template;
    stacks.push({ name: artifact.properties?.stackName ?? id, template, folder });
  };

  for (const id of Object.keys(artifacts)) visit(id);
  if (stacks.length === 0) throw new Error(`There is no stack in ${folder}.`);
  return stacks;
}
