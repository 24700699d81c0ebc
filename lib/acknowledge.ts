import { Validations } from 'aws-cdk-lib/core';
import type { IConstruct } from 'constructs';

/**
 * Accepts a finding of cdk-nag on a construct and all below it. The reason is for whoever audits the templates.
 *
 * @param findings rule, or `rule[finding]` for one finding of a rule that reports several, to the reason
 */
export function acknowledge(construct: IConstruct, findings: Readonly<Record<string, string>>): void {
  for (const [id, reason] of Object.entries(findings)) Validations.of(construct).acknowledge({ id, reason });
}
