import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Seconds of the files that take long, rounded, on 2 cores. Any other is taken to last one. */
const SECONDS: Readonly<Record<string, number>> = {};

/** Deals the files out so that each half takes as long: the longest first, each to the half that has least to do. */
export class BalanceFiles extends BaseSequencer {
  override async shard(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { index, count } = this.ctx.config.shard ?? { index: 1, count: 1 };
    const known = files
      .map(file => ({ file, name: relative(`${this.ctx.config.root}/test`, file.moduleId) }))
      .map(({ file, name }) => ({ file, name, seconds: SECONDS[name] ?? 1 }))
      .sort((a, b) => b.seconds - a.seconds || (a.name < b.name ? -1 : 1));
    const shares = Array.from({ length: count }, () => ({ seconds: 0, files: [] as TestSpecification[] }));
    for (const { file, seconds } of known) {
      const share = shares.reduce((least, other) => (other.seconds < least.seconds ? other : least));
      share.files.push(file);
      share.seconds += seconds;
    }
    return shares[index - 1]?.files ?? [];
  }
}
