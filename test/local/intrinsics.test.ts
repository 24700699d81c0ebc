import { describe, expect, test } from 'vitest';
import type { Json } from '../../local/template/json.ts';
import type { Resource, Stack, Template } from '../../local/template/read-assembly.ts';
import { createResources } from '../../local/template/resources.ts';

/** A pattern of Fn::Sub, whose braces would look like a template literal's. */
const sub = (pattern: string): string => pattern.replaceAll('<', '$\u007b').replaceAll('>', '}');

function stack(name: string, resources: Record<string, Resource>, more: Template = {}): Stack {
  return { name, folder: '/', template: { Resources: resources, ...more } };
}

/** Works out one value in a stack that has a queue, a role and a few conditions. */
function evaluate(value: Json): Json | undefined {
  const resources = createResources([
    stack(
      'one',
      {
        Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'jobs' } },
        Subject: { Type: 'Test::Subject', Properties: { Value: value } },
      },
      {
        Parameters: { Size: { Type: 'String', Default: 'large' } },
        Conditions: {
          IsLarge: { 'Fn::Equals': [{ Ref: 'Size' }, 'large'] },
          IsSmall: { 'Fn::Not': [{ Condition: 'IsLarge' }] },
          Either: { 'Fn::Or': [{ Condition: 'IsLarge' }, { Condition: 'IsSmall' }] },
          Both: { 'Fn::And': [{ Condition: 'IsLarge' }, { Condition: 'IsSmall' }] },
        },
        Mappings: { Ports: { 'us-east-1': { http: 80 } } },
      },
    ),
  ]);
  return resources.ofType('Test::Subject')[0]?.property('Value');
}

describe('an intrinsic function', () => {
  test.each<[string, Json, Json]>([
    ['Ref of a pseudo parameter', { Ref: 'AWS::AccountId' }, '000000000000'],
    ['Ref of a parameter', { Ref: 'Size' }, 'large'],
    ['Ref of the stack’s name', { Ref: 'AWS::StackName' }, 'one'],
    ['GetAtt as a list', { 'Fn::GetAtt': ['Queue', 'Arn'] }, 'arn:aws:sqs:us-east-1:000000000000:jobs'],
    ['GetAtt as text', { 'Fn::GetAtt': 'Queue.QueueName' }, 'jobs'],
    ['Join', { 'Fn::Join': ['-', ['a', { Ref: 'Size' }, 1]] }, 'a-large-1'],
    ['Sub', { 'Fn::Sub': sub('<Size>/<Queue.QueueName>/<!Size>') }, sub('large/jobs/<Size>')],
    [
      'Sub with its own variables',
      { 'Fn::Sub': [sub('<Who> <Size>'), { Who: { Ref: 'AWS::Region' } }] },
      'us-east-1 large',
    ],
    ['Split and Select', { 'Fn::Select': ['1', { 'Fn::Split': ['/', 'a/b/c'] }] }, 'b'],
    ['If', { 'Fn::If': ['IsLarge', 'yes', 'no'] }, 'yes'],
    ['If that is false', { 'Fn::If': ['IsSmall', 'yes', 'no'] }, 'no'],
    ['Or', { 'Fn::If': ['Either', 'yes', 'no'] }, 'yes'],
    ['And', { 'Fn::If': ['Both', 'yes', 'no'] }, 'no'],
    ['FindInMap', { 'Fn::FindInMap': ['Ports', { Ref: 'AWS::Region' }, 'http'] }, 80],
    ['Base64', { 'Fn::Base64': 'a' }, 'YQ=='],
    ['NoValue in an object', { kept: 1, gone: { Ref: 'AWS::NoValue' } }, { kept: 1 }],
    ['NoValue in a list', [1, { 'Fn::If': ['IsSmall', 2, { Ref: 'AWS::NoValue' }] }], [1]],
    [
      'the Condition of a policy, which is no intrinsic',
      { Condition: { StringEquals: { a: { Ref: 'Size' } } } },
      { Condition: { StringEquals: { a: 'large' } } },
    ],
  ])('%s', (_, value, expected) => {
    expect(evaluate(value)).toEqual(expected);
  });

  test('that is not known is refused with its name', () => {
    expect(() => evaluate({ 'Fn::Cidr': ['10.0.0.0/16', 2, 8] })).toThrow(
      'The template uses Fn::Cidr, which the local cloud cannot work out.',
    );
  });

  test('that names a missing resource or attribute says which', () => {
    expect(() => evaluate({ Ref: 'Nowhere' })).toThrow('Nowhere is not in the template of one.');
    expect(() => evaluate({ 'Fn::GetAtt': ['Queue', 'Colour'] })).toThrow(
      'The local cloud does not know Colour of Queue (AWS::SQS::Queue).',
    );
  });
});

describe('resources', () => {
  test('reach across stacks by exports', () => {
    const [reader] = createResources([
      stack(
        'producer',
        { Key: { Type: 'AWS::KMS::Key' } },
        {
          Outputs: {
            KeyArn: {
              Value: { 'Fn::GetAtt': ['Key', 'Arn'] },
              Export: { Name: { 'Fn::Sub': sub('<AWS::StackName>:key') } },
            },
          },
        },
      ),
      stack('consumer', {
        Reader: { Type: 'Test::Reader', Properties: { Key: { 'Fn::ImportValue': 'producer:key' } } },
      }),
    ]).ofType('Test::Reader');
    expect(reader?.property('Key')).toMatch(/^arn:aws:kms:us-east-1:000000000000:key\/[0-9a-f-]{36}$/);
  });

  test('whose condition does not hold are not there', () => {
    const resources = createResources([
      stack(
        'one',
        { Gone: { Type: 'Test::Gone', Condition: 'Never' } },
        { Conditions: { Never: { 'Fn::Equals': ['a', 'b'] } } },
      ),
    ]);
    expect(resources.all()).toEqual([]);
  });

  test('take the attributes that a custom resource answered, and none before', () => {
    const resources = createResources([
      stack('one', {
        Migration: { Type: 'Custom::DatabaseMigration' },
        Reader: { Type: 'Test::Reader', Properties: { Keys: { 'Fn::GetAtt': ['Migration', 'TokenKeys'] } } },
      }),
    ]);
    const [reader] = resources.ofType('Test::Reader');
    const [migration] = resources.ofType('Custom::DatabaseMigration');
    expect(() => reader?.property('Keys')).toThrow('does not know TokenKeys of Migration');
    if (migration) resources.setAttributes(migration, 'database', { TokenKeys: '{"keys":[]}' });
    expect(reader?.property('Keys')).toBe('{"keys":[]}');
  });
});
