import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { Mistake } from '../mistake.ts';

/** Asks for a password at the terminal without showing it. */
export async function askPassword(account: string): Promise<string> {
  if (!process.stdin.isTTY) throw new Mistake('Set VICINITY_PASSWORD: there is no terminal to ask at.');
  process.stderr.write(`Password of ${account}: `);
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silence, terminal: true });
  try {
    return await terminal.question('');
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}
