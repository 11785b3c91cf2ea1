/**
 * Durations, sizes, ratios and booleans as nginx, Kubernetes and Go spell them, parsed once to plain numbers.
 *
 * Every `parse` returns `undefined` for what it does not understand; nothing is guessed. `parse` of what `format`
 * wrote gives the same value back.
 *
 * @module
 */
export { formatBoolean, parseBoolean } from "./boolean.ts";
export { formatByteSize, parseByteSize, parseQuantity } from "./byte-size.ts";
export { formatDuration, parseDuration, parseGoDuration, parseSeconds } from "./duration.ts";
export { formatRatio, parseRatio } from "./ratio.ts";
export { parseInteger } from "./integer.ts";
