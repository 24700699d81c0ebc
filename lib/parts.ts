import { createHash } from 'node:crypto';
import { CfnResource, type Stack } from 'aws-cdk-lib/core';

/**
 * Modules whose Lambdas are too many for one stack, and over how many stacks they lie. A Lambda's name decides which one it is in, so
 * that one more moves none of the others. Where a module has been deployed its number stays: a Lambda that moves would be made
 * in the one stack before it is gone from the other, under the same name.
 */
const PARTS: Readonly<Record<string, number>> = { identity: 2, money: 2 };

/** CloudFormation takes 500 of a stack; the rest is for what the Lambdas that are there come to need. */
const MOST_RESOURCES = 480;

/** The stack that a Lambda of a module is in: `vicinity-identity`, `vicinity-identity-2`. */
export function stackOf({ module, name }: { module: string; name: string }): string {
  const part = createHash('sha256').update(name).digest().readUInt32BE() % (PARTS[module] ?? 1);
  return part === 0 ? `vicinity-${module}` : `vicinity-${module}-${part + 1}`;
}

/** Makes synthesis fail with one sentence while there is still room to act on it. */
export function limitResources(stack: Stack, most = MOST_RESOURCES): void {
  stack.node.addValidation({
    validate: () => {
      const count = stack.node.findAll().filter(CfnResource.isCfnResource).length;
      if (count <= most) return [];
      return [
        `The stack ${stack.stackName} has ${count} resources, more than ${most} of the 500 that CloudFormation takes: put new Lambdas into another folder of lambdas/, or, while the module is deployed nowhere, give it more stacks in lib/parts.ts.`,
      ];
    },
  });
}
