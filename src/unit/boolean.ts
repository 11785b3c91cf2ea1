/**
 * Booleans as Go's `strconv.ParseBool` reads them; annotations and ConfigMap keys use this spelling.
 *
 * @module
 */

/** `1`, `t`, `T`, `true`, `True`, `TRUE` and their opposites; `undefined` for any other text. */
export function parseBoolean(text: string): boolean | undefined {
  switch (text) {
    case "1":
    case "t":
    case "T":
    case "true":
    case "True":
    case "TRUE":
      return true;
    case "0":
    case "f":
    case "F":
    case "false":
    case "False":
    case "FALSE":
      return false;
    default:
      return undefined;
  }
}
