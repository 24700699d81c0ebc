/** A piece of SQL text as it stands, or the name of a parameter that was written `:name`. */
export type SqlPiece = { text: string } | { parameter: string };

/**
 * What a colon may stand in without naming a parameter, each taken whole: strings (with backslashes where they begin
 * with E), quoted identifiers, dollar quotes, line comments, and casts. Block comments nest and are read apart.
 */
const opaque =
  /(?<![\p{L}\p{N}_$])[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|(?<![\p{L}\p{N}_$])\$(?<tag>(?:[\p{L}_][\p{L}\p{N}_]*)?)\$.*?\$\k<tag>\$|--[^\r\n]*|::|:=/suy;
const parameter = /:([A-Za-z0-9_]+)/y;

/** Takes SQL apart at its named parameters. */
export function splitParameters(sql: string): SqlPiece[] {
  const pieces: SqlPiece[] = [];
  let text = '';
  let at = 0;
  while (at < sql.length) {
    const name = matchAt(parameter, sql, at)?.[1];
    const taken = blockComment(sql, at) ?? matchAt(opaque, sql, at)?.[0];
    if (taken) {
      text += taken;
      at += taken.length;
    } else if (name) {
      pieces.push({ text }, { parameter: name });
      text = '';
      at += name.length + 1;
    } else {
      text += sql[at];
      at += 1;
    }
  }
  return [...pieces, { text }];
}

function matchAt(pattern: RegExp, sql: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(sql);
}

function blockComment(sql: string, start: number): string | undefined {
  if (!sql.startsWith('/*', start)) return undefined;
  let depth = 0;
  for (let at = start; at < sql.length; at += 1) {
    if (sql.startsWith('/*', at)) depth += 1;
    else if (sql.startsWith('*/', at)) depth -= 1;
    else continue;
    at += 1;
    if (depth === 0) return sql.slice(start, at + 1);
  }
  return sql.slice(start);
}
