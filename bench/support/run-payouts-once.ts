import { handler } from '../../lambdas/money/run-payouts.ts';

/** The schedule's Lambda in a process of its own, as its memory is measured and as it is killed. Prints what it did as JSON. */
const started = performance.now();
const context = {
  functionName: 'run-payouts',
  awsRequestId: 'bench',
  getRemainingTimeInMillis: () => 300_000,
};
const result = await handler({ marketplace: process.argv[2] }, context);
const milliseconds = performance.now() - started;
const mebibytes = process.resourceUsage().maxRSS / 1024;
console.log(JSON.stringify({ done: { ...(result as Record<string, number>), milliseconds, mebibytes } }));
