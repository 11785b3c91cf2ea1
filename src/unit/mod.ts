/**
 * Durations, sizes, integers and booleans as nginx and Go spell them, parsed to plain numbers. Each `parse` returns
 * `undefined` for a text that it cannot read. {@link nearest} finds the known word that is most like a misspelt one.
 *
 * @module
 */
export { parseBoolean } from "./boolean.ts";
export { parseByteSize } from "./byte-size.ts";
export { parseDuration, parseGoDuration } from "./duration.ts";
export { parseInteger } from "./integer.ts";
export { nearest } from "./nearest.ts";
