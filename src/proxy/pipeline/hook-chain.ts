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
    return verdict.then((late) => late === undefined ? runSteps(steps, c, i + 1) : late);
  }
  return undefined;
}

/** Runs response hooks in order; the result is a promise only if one returned one. */
export function runResponseSteps(
  steps: readonly ResponseStep[],
  c: ExchangeContext,
  from: number = 0,
): void | Promise<void> {
  for (let i = from; i < steps.length; i++) {
    const pending = steps[i]!(c);
    if (pending !== undefined) return pending.then(() => runResponseSteps(steps, c, i + 1));
  }
}

/** True for a promise. */
export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}
