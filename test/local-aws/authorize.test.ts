import { describe, expect, test } from 'vitest';
import { authorize } from '../../local/aws/iam/authorize.ts';
import type { Statement } from '../../local/aws/iam/statement.ts';

const decide = (statement: Omit<Statement, 'Effect'>, action: string, resource: string, context = {}) =>
  authorize([{ Effect: 'Allow', ...statement }], { action, resources: [resource], context }) === 'allowed';

describe('authorize', () => {
  test.each([
    ['kms:Sign', 'kms:Sign', true],
    ['kms:sign', 'kms:Sign', true],
    ['kms:*', 'kms:Sign', true],
    ['kms:S?gn', 'kms:Sign', true],
    ['*', 'kms:Sign', true],
    ['kms:Sig', 'kms:Sign', false],
    ['kms.Sign', 'kms:Sign', false],
  ])('lets %s cover %s: %s', (Action, action, expected) => {
    expect(decide({ Action, Resource: '*' }, action, 'arn:x')).toBe(expected);
  });

  test('compares resources with their case', () => {
    expect(decide({ Action: '*', Resource: 'arn:Queue/*' }, 'a:B', 'arn:Queue/1')).toBe(true);
    expect(decide({ Action: '*', Resource: 'arn:queue/*' }, 'a:B', 'arn:Queue/1')).toBe(false);
  });

  test('turns NotAction and NotResource around', () => {
    expect(decide({ NotAction: 'kms:*', Resource: '*' }, 'sqs:SendMessage', 'x')).toBe(true);
    expect(decide({ NotAction: 'kms:*', Resource: '*' }, 'kms:Sign', 'x')).toBe(false);
    expect(decide({ Action: '*', NotResource: 'x' }, 'kms:Sign', 'x')).toBe(false);
  });

  test('checks a condition on a key whose value is known, and passes over the others', () => {
    const statement = {
      Action: 'kms:Sign',
      Resource: '*',
      Condition: {
        StringEquals: { 'kms:MessageType': ['DIGEST'] },
        StringLike: { 'kms:ViaService': 'rds.*' },
      },
    };
    expect(decide(statement, 'kms:Sign', 'k', { 'kms:MessageType': 'DIGEST' })).toBe(true);
    expect(decide(statement, 'kms:Sign', 'k', { 'kms:MessageType': 'RAW' })).toBe(false);
    expect(decide(statement, 'kms:Sign', 'k')).toBe(true);
  });

  test('allows nothing by default', () => {
    expect(authorize([], { action: 'kms:Sign', resources: ['k'] })).toBe('not allowed');
  });
});
