/**
 * Runs the steps of a location or host in order, without a promise unless a step returns one.
 *
 * @module
 */
import type { ExchangeContext, RequestVerdict } from "../../policy/contract.ts";

/** A step: a hook of a policy, or a check of the pipeline. */
export type Step = (c: ExchangeContext) => RequestVerdict | Promise<RequestVerdict>;

/** A response hook. */
export type ResponseStep = (c: ExchangeContext) => void | Promise<void>;

/**
 * Runs steps until one has a verdict; `undefined` when none has. The result is a promise only if a step returned one.
 */
export function runSteps(
  steps: readonly Step[],
  c: ExchangeContext,
  from: number = 0,
): RequestVerdict | Promise<RequestVerdict> {
  for (let i = from; i < steps.length; i++) {
    const verdict = steps[i]!(c);
    if (verdict === undefined) continue;
    if (!isPromise(verdict)) return verdict;
    return goOn(verdict, steps, c, i + 1);
  }
  return undefined;
}

// Apart, because a function with a closure in it makes an object for its variables whenever it is called.
function goOn(
  verdict: Promise<RequestVerdict>,
  steps: readonly Step[],
  c: ExchangeContext,
  from: number,
): Promise<RequestVerdict> {
  return verdict.then((late) => late === undefined ? runSteps(steps, c, from) : late);
}

/** Runs response hooks in order; the result is a promise only if one returned one. */
export function runResponseSteps(
  steps: readonly ResponseStep[],
  c: ExchangeContext,
  from: number = 0,
): void | Promise<void> {
  for (let i = from; i < steps.length; i++) {
    const pending = steps[i]!(c);
    if (pending !== undefined) return goOnWithResponse(pending, steps, c, i + 1);
  }
}

function goOnWithResponse(
  pending: Promise<void>,
  steps: readonly ResponseStep[],
  c: ExchangeContext,
  from: number,
): Promise<void> {
  return pending.then(() => runResponseSteps(steps, c, from));
}

/** True for a promise. */
export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}
