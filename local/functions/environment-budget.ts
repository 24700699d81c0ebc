/** How many environments live on this machine, all functions together. */
export type EnvironmentBudget = {
  /** Called before an environment starts: when too many live, the one that is idle for longest ends. */
  enter(): void;
  leave(): void;
  /** Tells that an environment is idle and how to end it; the answer takes that back. */
  rest(end: () => void): () => void;
};

/**
 * Bounds the memory of many functions used at once: each environment takes some 25 MB. Environments at work are never
 * ended, so the bound is exceeded while more than that many are busy.
 */
export function createEnvironmentBudget(most: number): EnvironmentBudget {
  let living = 0;
  const idle = new Set<() => void>();
  return {
    enter() {
      const [longest] = idle;
      if (living >= most && longest) longest();
      living += 1;
    },
    leave() {
      living -= 1;
    },
    rest(end) {
      idle.add(end);
      return () => void idle.delete(end);
    },
  };
}
