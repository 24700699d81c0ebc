import { LoginError, SqlError, type SqlProblem, TimeoutError } from '../../database/database.ts';
import { AwsError } from '../answer.ts';

/** What the Data API makes of the database's refusal; anything else passes through. */
export function toAwsError(error: unknown): unknown {
  if (error instanceof SqlError) return fromProblem(error.problem);
  if (error instanceof LoginError)
    return new AwsError('BadRequestException', 400, `${error.message}; SQLState: 28P01`);
  if (error instanceof TimeoutError) return new AwsError('StatementTimeoutException', 400, error.message);
  if (error instanceof Error && 'code' in error) {
    return new AwsError(
      'DatabaseUnavailableException',
      504,
      'The writer instance in the DB cluster is unavailable.',
    );
  }
  return error;
}

function fromProblem(problem: SqlProblem): AwsError {
  // The extended protocol takes one command a statement; the Data API has words of its own for that.
  if (problem.sqlstate === '42601' && problem.message.startsWith('cannot insert multiple commands')) {
    return new AwsError('ValidationException', 400, "Multistatements aren't supported");
  }
  return new AwsError('DatabaseErrorException', 400, wordProblem(problem));
}

/** `ERROR: <text>\n  Detail: …\n  Hint: …\n  Position: n; SQLState: 23505` */
function wordProblem({ severity, message, detail, hint, position, sqlstate }: SqlProblem): string {
  const lines = [`${severity}: ${message}`];
  if (detail) lines.push(`  Detail: ${detail}`);
  if (hint) lines.push(`  Hint: ${hint}`);
  if (position) lines.push(`  Position: ${position}`);
  return `${lines.join('\n')}; SQLState: ${sqlstate}`;
}
