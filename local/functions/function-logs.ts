import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';

export type FunctionLogs = {
  /** The file of this name, opened when it is first written to. */
  log(name: string): WriteStream;
  close(): Promise<void>;
};

/** One log file for each function under `<data>/logs`, in the place of CloudWatch's log groups. */
export function createFunctionLogs(dataFolder: string): FunctionLogs {
  const folder = join(dataFolder, 'logs');
  mkdirSync(folder, { recursive: true });
  const files = new Map<string, WriteStream>();
  return {
    log(name) {
      const open = files.get(name) ?? createWriteStream(join(folder, `${name}.log`), { flags: 'a' });
      // Each environment pipes two streams into the one file.
      open.setMaxListeners(0);
      files.set(name, open);
      return open;
    },
    async close() {
      await Promise.all(
        [...files.values()].map(file => new Promise<void>(resolve => file.end(() => resolve()))),
      );
    },
  };
}
