/**
 * The compiled configuration as plain data, and operations on it: ordering, comparison, differences, division for
 * another process, redaction.
 *
 * @module
 */
export * from "./snapshot.ts";
export { applyUpdate, changesSomething, completeUpdate, diffSnapshots, updateOf } from "./diff.ts";
export { DataDecoder, DataEncoder } from "./codec.ts";
export { divideUpdate, UpdateAssembler, type UpdatePart } from "./divide.ts";
export { equalData } from "./equal.ts";
export { compareText, sortedRecord } from "./order.ts";
export { redact } from "./redact.ts";
export { redactData } from "./redact-data.ts";
