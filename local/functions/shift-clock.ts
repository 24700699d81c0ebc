/**
 * Replaces `Date` in this thread by one that is ahead of the machine's clock by the shared offset, so that a handler
 * needs no hook to live in the app clock's time.
 */
export function shiftClock(offset: SharedArrayBuffer): void {
  const cell = new BigInt64Array(offset);
  const MachineDate = Date;
  const now = (): number => MachineDate.now() + Number(Atomics.load(cell, 0));
  const shifted = new Proxy(MachineDate, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length > 0 ? args : [now()], newTarget),
    apply: target => new target(now()).toString(),
    get: (target, property, receiver) => (property === 'now' ? now : Reflect.get(target, property, receiver)),
  });
  MachineDate.prototype.constructor = shifted;
  globalThis.Date = shifted;
}
