/** What shall go wrong in a function, for its next `times` invocations. */
export type FunctionFault = {
  /**
   * `kill_before`: the environment dies before the handler starts. `kill_after`: it dies with the handler's answer
   * in hand, or, with an `action`, once that call succeeded. `delay`: the handler starts late. `fail`: it throws.
   */
  kind: 'kill_before' | 'kill_after' | 'delay' | 'fail';
  /** The function's name. Absent where it holds for all, which only makes sense with an action. */
  function?: string;
  /** `kill_after` only: as in a policy, e.g. `rds-data:ExecuteStatement`. */
  action?: string;
  /** With an action: after which of its calls in one invocation. Absent: the first. */
  call?: number;
  times: number;
  /** Seconds of a delay. Absent: 1. */
  seconds?: number;
};

export type FunctionFaults = {
  add(fault: FunctionFault): void;
  list(): FunctionFault[];
  clear(): void;
  /** Takes the next fault of an invocation that starts now. */
  takeForInvocation(functionName: string): FunctionFault | undefined;
  /** Takes the kill that waits for this call, the n-th of its action in its invocation. */
  takeForCall(functionName: string, action: string, n: number): FunctionFault | undefined;
};

/** The faults that wait to happen in functions, oldest first. */
export function createFunctionFaults(): FunctionFaults {
  let faults: FunctionFault[] = [];
  const take = (matches: (fault: FunctionFault) => boolean): FunctionFault | undefined => {
    const fault = faults.find(matches);
    if (fault) {
      fault.times -= 1;
      faults = faults.filter(({ times }) => times > 0);
    }
    return fault;
  };
  return {
    add: fault => faults.push({ ...fault }),
    list: () => faults.map(fault => ({ ...fault })),
    clear: () => {
      faults = [];
    },
    takeForInvocation: name => take(fault => !fault.action && fault.function === name),
    takeForCall: (name, action, n) =>
      take(fault => fault.action === action && (fault.function ?? name) === name && (fault.call ?? 1) === n),
  };
}
