/**
 * A field section (header or trailer) as seen by policies, snippets and logs.
 *
 * @see RFC 9110 section 5
 * @module
 */

/**
 * Field lines in order. Look-ups take the name in lower case; {@link Fields.set} and {@link Fields.append} take it as
 * it is sent. Implementations are lazy: they copy a line only when it is read or serialised.
 */
export interface Fields extends Iterable<readonly [name: string, value: string]> {
  /** Value of the first line of that name, white space around it removed; `undefined` if there is none. */
  get(lowerName: string): string | undefined;
  /** Values of all lines of that name, in order. */
  getAll(lowerName: string): string[];
  has(lowerName: string): boolean;
  /**
   * Removes every line of that name and adds one at the end. Values hold one byte in each char, as received; a value
   * with a char beyond U+00FF is sent as UTF-8.
   *
   * @throws {TypeError} a name that is no token; CR, LF or NUL in the value
   */
  set(name: string, value: string): void;
  /** Adds a line at the end. */
  append(name: string, value: string): void;
  /** Removes every line of that name; returns whether there was one. */
  delete(lowerName: string): boolean;
}
