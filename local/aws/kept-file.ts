import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

/** A JSON object that outlives the process, readable by its owner only. */
export type KeptFile = {
  /** The value of a name; the first time it is made, and written before it is returned. */
  get(name: string, make: () => string): string;
};

/** Opens the file of generated keys or passwords. */
export function openKeptFile(file: string): KeptFile {
  const values: Record<string, string> = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  return {
    get(name, make) {
      const known = values[name];
      if (known !== undefined) return known;
      const made = make();
      values[name] = made;
      writeFileSync(`${file}.new`, JSON.stringify(values, null, 2), { mode: 0o600 });
      renameSync(`${file}.new`, file);
      return made;
    },
  };
}
