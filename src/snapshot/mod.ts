/**
 * The compiled configuration as plain data, and what can be done with it: ordered, compared, hashed, turned into
 * differences and back, cut into pieces for another process, and shown without its secrets.
 *
 * @module
 */
export * from "./snapshot.ts";
export { applyUpdate, diffSnapshots, EMPTY_CHANGES, isEmptyUpdate } from "./diff.ts";
export { DataDecoder, DataEncoder } from "./codec.ts";
export { divideUpdate, UpdateAssembler, type UpdatePart } from "./parts.ts";
export { equalData } from "./equal.ts";
export { hashData, hashSnapshot } from "./hash.ts";
export { compareText, sortedRecord } from "./order.ts";
export { redact, redactData, REDACTED } from "./redact.ts";
