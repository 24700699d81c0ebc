import { App, CfnResource, Stack } from 'aws-cdk-lib/core';
import { expect, test } from 'vitest';
import { limitResources, stackOf } from '../../lib/parts.ts';

/** An application with one stack of so many resources, of which it may have five. */
function appWith(resources: number): App {
  const app = new App({ analyticsReporting: false });
  const stack = new Stack(app, 'vicinity-things');
  for (let n = 0; n < resources; n += 1) new CfnResource(stack, `Thing${n}`, { type: 'AWS::SNS::Topic' });
  limitResources(stack, 5);
  return app;
}

test('a stack that is full fails with a sentence that says what to do', () => {
  expect(() => appWith(6).synth()).toThrow(
    /The stack vicinity-things has 6 resources, more than 5 .* into another folder of lambdas\//,
  );
  expect(appWith(5).synth().stacks).toHaveLength(1);
});

test('a module is one stack, and a large one several, over which its Lambdas lie evenly', () => {
  const names = Array.from({ length: 200 }, (_, n) => `verb-noun-${n}`);
  const stacks = (module: string) => Map.groupBy(names, name => stackOf({ module, name }));
  expect([...stacks('parking').keys()]).toEqual(['vicinity-parking']);
  const identity = stacks('identity');
  expect([...identity.keys()].sort()).toEqual(['vicinity-identity', 'vicinity-identity-2']);
  for (const own of identity.values()) expect(own.length).toBeGreaterThan(60);
});

test('where a Lambda lies depends on its name alone, so that no deployment moves it', () => {
  expect(stackOf({ module: 'identity', name: 'sign-up' })).toBe('vicinity-identity');
  expect(stackOf({ module: 'identity', name: 'log-in' })).toBe('vicinity-identity-2');
});
