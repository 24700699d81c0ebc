import type { Permission } from '../service.ts';
import { matchName } from './match-name.ts';
import type { Statement } from './statement.ts';

export type Decision = 'allowed' | 'not allowed' | 'denied';

/** IAM's order: a matching Deny wins, then a matching Allow, and nothing else is allowed. */
export function authorize(statements: readonly Statement[], permission: Permission): Decision {
  const matching = statements.filter(statement => applies(statement, permission));
  if (matching.some(statement => statement.Effect === 'Deny')) return 'denied';
  return matching.some(statement => statement.Effect === 'Allow') ? 'allowed' : 'not allowed';
}

function applies(statement: Statement, { action, resources, context = {} }: Permission): boolean {
  const namesAction = (patterns: readonly string[]) => patterns.some(p => matchName(p, action, true));
  const namesResource = (patterns: readonly string[]) =>
    patterns.some(pattern => resources.some(resource => matchName(pattern, resource)));
  const actionFits = statement.NotAction
    ? !namesAction(listOf(statement.NotAction))
    : namesAction(listOf(statement.Action));
  const resourceFits = statement.NotResource
    ? !namesResource(listOf(statement.NotResource))
    : namesResource(listOf(statement.Resource));
  return actionFits && resourceFits && conditionsHold(statement.Condition ?? {}, context);
}

/**
 * Conditions are checked on the keys whose value is known here, e.g. kms:SigningAlgorithm. A key about the cloud
 * around the call (aws:SourceVpc, kms:ViaService) has no local value and is passed over.
 */
function conditionsHold(
  conditions: NonNullable<Statement['Condition']>,
  context: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(conditions).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => {
      const value = context[key];
      return value === undefined || operatorHolds(operator, listOf(wanted), value);
    }),
  );
}

function operatorHolds(operator: string, wanted: readonly string[], value: string): boolean {
  const name = operator.replace(/^For(AnyValue|AllValues):/, '').replace(/IfExists$/, '');
  if (name === 'StringEquals' || name === 'ArnEquals') return wanted.includes(value);
  if (name === 'StringNotEquals' || name === 'ArnNotEquals') return !wanted.includes(value);
  if (name === 'StringLike' || name === 'ArnLike') return wanted.some(pattern => matchName(pattern, value));
  if (name === 'StringNotLike' || name === 'ArnNotLike') return !wanted.some(p => matchName(p, value));
  return true;
}

function listOf(value: unknown): readonly string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value.map(String) : [String(value)];
}
