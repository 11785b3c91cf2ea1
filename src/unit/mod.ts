/**
 * Durations, sizes, integers and booleans as nginx and Go spell them, parsed once to plain numbers.
 *
 * Every `parse` returns `undefined` for what it does not understand; nothing is guessed. {@link nearest} finds the word
 * that was probably meant.
 *
 * @module
 */
export { parseBoolean } from "./boolean.ts";
export { parseByteSize } from "./byte-size.ts";
export { parseDuration, parseGoDuration } from "./duration.ts";
export { parseInteger } from "./integer.ts";
export { nearest } from "./nearest.ts";
