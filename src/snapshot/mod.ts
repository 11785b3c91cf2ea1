/**
 * The compiled configuration as plain data, and what can be done with it: ordered, compared, hashed, turned into
 * differences and back, and shown without its secrets.
 *
 * @module
 */
export * from "./snapshot.ts";
export { applyUpdate, diffSnapshots, EMPTY_CHANGES, isEmptyUpdate } from "./diff.ts";
export { equalData } from "./equal.ts";
export { hashData, hashSnapshot } from "./hash.ts";
export { compareText, sortedRecord } from "./order.ts";
export { redact, redactData, REDACTED } from "./redact.ts";
