import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Deals the files out by their names: neighbours, which walk the same tables and routes, take alike. */
export class AlternateFiles extends BaseSequencer {
  override async shard(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { index, count } = this.ctx.config.shard ?? { index: 1, count: 1 };
    const sorted = files.toSorted((a, b) => (a.moduleId < b.moduleId ? -1 : 1));
    return sorted.filter((_, place) => place % count === index - 1);
  }
}
