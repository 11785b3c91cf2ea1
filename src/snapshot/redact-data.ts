/**
 * Redaction of plain data: private keys and credentials are removed.
 *
 * @module
 */

/** Replacement of a secret. */
const REDACTED = "<redacted>";

/** Names of properties whose values are never shown, at any place (policies may contain data of Secrets). */
const SECRET_NAME = /^(?:private|secret|password|passwd|credential|token|users$|htpasswd)/i;

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth > 64) return REDACTED;
  if (Array.isArray(value)) return value.map((item) => redactValue(item, depth + 1));
  const shown: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    shown[key] = SECRET_NAME.test(key) && inner !== null && inner !== undefined && inner !== ""
      ? REDACTED
      : redactValue(inner, depth + 1);
  }
  return shown;
}

/** A copy of plain data with the values of secret properties replaced. */
export function redactData<T>(data: T): T {
  return redactValue(data, 0) as T;
}
