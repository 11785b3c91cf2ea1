/**
 * Fields of upstream responses that clients do not get.
 *
 * @module
 */
import type { Globals } from "../../snapshot/snapshot.ts";

/** Fields that nginx removes because they control nginx itself. */
const STEERING = [
  "x-pad",
  "x-accel-expires",
  "x-accel-redirect",
  "x-accel-limit-rate",
  "x-accel-buffering",
  "x-accel-charset",
];

/** Compiles the lower-case names of the hidden fields. */
export function compileHideFields(headers: Globals["headers"]): ReadonlySet<string> {
  const hidden = new Set([...STEERING, ...headers.hideHeaders]);
  if (!headers.allowBackendServerHeader) hidden.add("server");
  return hidden;
}
