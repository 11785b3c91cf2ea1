/**
 * The compiled configuration as plain data, and what can be done with it: ordered, compared, turned into differences and
 * back, cut into pieces for another process, and shown without its secrets.
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
