/**
 * Field values from decoded text.
 *
 * @module
 */

// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x08\x0a-\x1f\x7f]/g;

/**
 * Makes a value (bytes, one character each) safe for a field: decoded text of a request (captures, variables) may
 * contain line ends, which are percent-encoded.
 */
export function fieldValue(text: string): string {
  return text.replace(CONTROLS, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}
