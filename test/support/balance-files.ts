import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Seconds of the files that take long, rounded, on 2 cores. The others last half a second in the mean. */
const SECONDS: Readonly<Record<string, number>> = {
  'admin/staff-hostile.test.ts': 2,
  'booking/availability-recurrence.test.ts': 2,
  'booking/model.test.ts': 3,
  'identity/contact-changes.test.ts': 2,
  'identity/credentials-hostile.test.ts': 2,
  'identity/log-in.test.ts': 4,
  'identity/one-time-codes.test.ts': 2,
  'identity/set-password.test.ts': 3,
  'identity/take-contact.test.ts': 3,
  'identity/two-factor.test.ts': 2,
  'kernel/partitions.test.ts': 2,
  'lib/data.test.ts': 5,
  'lib/platform.test.ts': 4,
  'local-aws/endpoint.test.ts': 14,
  'local-aws/faces.test.ts': 3,
  'local-aws/keys.test.ts': 3,
  'local-aws/messages.test.ts': 3,
  'local-aws/permissions.test.ts': 2,
  'local-aws/rds-data.test.ts': 2,
  'local-aws/transactions.test.ts': 3,
  'local/application.test.ts': 12,
  'local/cloud.test.ts': 2,
  'local/faults.test.ts': 15,
  'local/functions.test.ts': 3,
  'local/schedules.test.ts': 2,
  'money/cash.test.ts': 2,
  'money/debt.test.ts': 2,
  'money/disputes.test.ts': 2,
  'money/flows.test.ts': 10,
  'money/gateways-end-to-end.test.ts': 2,
  'money/invoices.test.ts': 2,
  'money/lapse.test.ts': 2,
  'money/model.test.ts': 2,
  'money/money-hostile.test.ts': 2,
  'money/payments-told.test.ts': 2,
  'money/payments.test.ts': 2,
  'money/payouts-stripe.test.ts': 5,
  'money/payouts.test.ts': 4,
  'money/refund-faults.test.ts': 4,
  'money/refunds.test.ts': 3,
  'money/renewals.test.ts': 5,
  'money/settlement-files.test.ts': 2,
  'money/subscription-changes.test.ts': 3,
  'money/subscription-model.test.ts': 6,
  'money/subscription-refunds.test.ts': 5,
  'notify/compose-messages.test.ts': 2,
  'notify/deliver-message.test.ts': 4,
  'parking/access.test.ts': 3,
  'parking/coverage.test.ts': 4,
  'parking/hostile-bookings.test.ts': 2,
  'parking/tesla-navigation.test.ts': 5,
  'parking/tesla-positions.test.ts': 2,
  'privacy/delete-account.test.ts': 3,
  'privacy/register.test.ts': 2,
  'privacy/restore-account.test.ts': 2,
  'privacy/retention.test.ts': 3,
  'reviews/model.test.ts': 3,
  'routes/hostile-input.test.ts': 7,
  'routes/refusals.test.ts': 9,
  'routes/staff.test.ts': 2,
  'routes/strangers.test.ts': 6,
  'routes/unknown-accounts.test.ts': 3,
  'scripts/import-spaces.test.ts': 3,
  'sql/row-level-security.test.ts': 3,
  'sql/schema.test.ts': 4,
  'verification/liveness.test.ts': 2,
  'verification/verify-face.test.ts': 2,
};

/** Deals the files out so that each half takes as long: the longest first, each to the half that has least to do. */
export class BalanceFiles extends BaseSequencer {
  override async shard(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { index, count } = this.ctx.config.shard ?? { index: 1, count: 1 };
    const known = files
      .map(file => ({ file, name: relative(`${this.ctx.config.root}/test`, file.moduleId) }))
      .map(({ file, name }) => ({ file, name, seconds: SECONDS[name] ?? 0.5 }))
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
