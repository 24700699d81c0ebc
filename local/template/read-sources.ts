import { list, number, object, text } from './json.ts';
import type { Resources } from './resources.ts';

/** An event-source mapping as the template declares it. */
export type MappingDeclaration = {
  queueArn: string;
  /** Name or ARN. */
  functionName: string;
  batchSize: number;
  window: number;
  reportsFailures: boolean;
  enabled: boolean;
};

/** A schedule as the template declares it. */
export type ScheduleDeclaration = {
  name: string;
  expression: string;
  timeZone: string;
  enabled: boolean;
  functionArn: string;
  roleArn: string;
  input: unknown;
};

/** The functions' event-source mappings, as far as the template tells. */
export function readMappings(resources: Resources): MappingDeclaration[] {
  return resources.ofType('AWS::Lambda::EventSourceMapping').map(mapping => ({
    queueArn: text(mapping.property('EventSourceArn'), 'the source of a mapping'),
    functionName: text(mapping.property('FunctionName'), 'the function of a mapping'),
    batchSize: number(mapping.property('BatchSize'), 10),
    window: number(mapping.property('MaximumBatchingWindowInSeconds'), 0),
    reportsFailures: list(mapping.property('FunctionResponseTypes')).includes('ReportBatchItemFailures'),
    enabled: mapping.property('Enabled') !== false,
  }));
}

/** The templates' schedules. */
export function readSchedules(resources: Resources): ScheduleDeclaration[] {
  return resources.ofType('AWS::Scheduler::Schedule').map(schedule => {
    const target = object(schedule.property('Target'));
    return {
      name: schedule.ref,
      expression: text(schedule.property('ScheduleExpression'), `the expression of ${schedule.ref}`),
      timeZone: text(schedule.property('ScheduleExpressionTimezone') ?? 'UTC', 'a time zone'),
      enabled: schedule.property('State') !== 'DISABLED',
      functionArn: text(target.Arn, `the target of ${schedule.ref}`),
      roleArn: text(target.RoleArn, `the role of ${schedule.ref}`),
      input: typeof target.Input === 'string' ? JSON.parse(target.Input) : {},
    };
  });
}
