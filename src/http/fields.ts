/**
 * A field section (header or trailer) as seen by policies, snippets and logs.
 *
 * @see RFC 9110 section 5
 * @module
 */

/**
 * Field lines in order. Lookups take the name in lower case; {@link Fields.set} and {@link Fields.append} take it as it
 * should be sent. Implementations are lazy: nothing is copied until it is read or serialised.
 */
export interface Fields extends Iterable<readonly [name: string, value: string]> {
  /** Value of the first line of that name, white space around it removed; `undefined` if there is none. */
  get(lowerName: string): string | undefined;
  /** Values of all lines of that name, in order. */
  getAll(lowerName: string): string[];
  has(lowerName: string): boolean;
  /**
   * Removes every line of that name and adds one at the end. A name that is no token, and CR, LF and NUL in `value`, throw
   * a TypeError. Values are bytes, one char each, as they were received; one with a char beyond U+00FF is sent as UTF-8.
   */
  set(name: string, value: string): void;
  /** Adds a line at the end. */
  append(name: string, value: string): void;
  /** Removes every line of that name; tells whether there was one. */
  delete(lowerName: string): boolean;
}
