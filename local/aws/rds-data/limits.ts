/** What the Data API allows; sizes in bytes. Source: its user guide, "Limitations". */
export const limits = {
  sqlCharacters: 65_536,
  requestBytes: 4 * 1024 * 1024,
  responseBytes: 1024 * 1024,
  rowBytes: 64 * 1024,
  /** Of `formattedRecords`. */
  formattedBytes: 10 * 1024 * 1024,
} as const;

export type TimeLimits = {
  /** One call. */
  statementMilliseconds: number;
  /** A transaction that nobody uses is rolled back. */
  idleTransactionMilliseconds: number;
};

/** The Data API's own. */
export const timeLimits: TimeLimits = { statementMilliseconds: 45_000, idleTransactionMilliseconds: 180_000 };
