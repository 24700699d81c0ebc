/** Where progress is written: a terminal, or a file or pipe that keeps every line. */
export type Screen = { isTTY?: boolean; write(text: string): unknown };

/** Tells a person what a start is doing: a line for each step, with the seconds it took. */
export type Progress = {
  /** Runs a step. What it tells of its parts replaces its line on a terminal, and is left out elsewhere. */
  step<T>(label: string, work: (tell: (part: string) => void) => T | Promise<T>): Promise<T>;
  /** A line of its own. */
  line(text: string): void;
};

/** Progress on a screen, or nowhere when its `write` does nothing. */
export function createProgress(screen: Screen): Progress {
  const replaceLine = (text: string): void => {
    if (screen.isTTY) screen.write(`\r\u001b[K  ${text}`);
  };
  return {
    async step(label, work) {
      const started = performance.now();
      replaceLine(`${label} …`);
      const result = await work(part => replaceLine(`${part} …`));
      replaceLine('');
      screen.write(`${screen.isTTY ? '\r' : ''}  ${label.padEnd(44)} ${secondsSince(started)} s\n`);
      return result;
    },
    line: text => {
      screen.write(`${text}\n`);
    },
  };
}

/** Seconds with one decimal. */
export function secondsSince(started: number): string {
  return ((performance.now() - started) / 1000).toFixed(1);
}
