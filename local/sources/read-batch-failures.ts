/**
 * Which records of a batch failed, by the function's answer under ReportBatchItemFailures.
 *
 * @param payload the answer's JSON
 * @param messageIds the batch's messages
 * @returns the ids that failed; all of them for an answer that AWS cannot read: an identifier that is empty or of no
 *   record in the batch, or a list that is none
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export function readBatchFailures(payload: string, messageIds: readonly string[]): readonly string[] {
  const answer: unknown = JSON.parse(payload);
  if (typeof answer !== 'object' || answer === null) return [];
  const failures: unknown = (answer as { batchItemFailures?: unknown }).batchItemFailures;
  if (failures === undefined || failures === null) return [];
  if (!Array.isArray(failures)) return messageIds;
  const failed = failures.map((failure: { itemIdentifier?: unknown } | null) => failure?.itemIdentifier);
  const known = failed.filter((id): id is string => typeof id === 'string' && messageIds.includes(id));
  return known.length === failed.length ? known : messageIds;
}
