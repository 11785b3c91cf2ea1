/**
 * Predicates for the kinds of names in Kubernetes. All are linear, and check the length first.
 *
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
 *
 * @module
 */

const LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const QUALIFIED_PART = /^[A-Za-z0-9](?:[-_.A-Za-z0-9]*[A-Za-z0-9])?$/;
const CONFIG_KEY = /^[-._a-zA-Z0-9]+$/;

/** Label of RFC 1123: up to 63 lower-case letters, digits and `-`. */
export function isDnsLabel(text: string): boolean {
  return text.length <= 63 && LABEL.test(text);
}

/** Labels joined by dots, up to 253 characters in all. */
export function isDnsSubdomain(text: string): boolean {
  if (text.length > 253) return false;
  for (const label of text.split(".")) if (!LABEL.test(label)) return false;
  return true;
}

/** `*.` before a subdomain. */
export function isWildcardDns(text: string): boolean {
  return text.startsWith("*.") && text.length <= 253 && isDnsSubdomain(text.slice(2));
}

/** Name of a port as IANA registers services: up to 15 characters of `a-z0-9-`, a letter among them, no `--`. */
export function isPortName(text: string): boolean {
  return text.length <= 15 && LABEL.test(text) && /[a-z]/.test(text) && !text.includes("--");
}

/** Key of an annotation or label: `[prefix/]name`. */
export function isQualifiedName(text: string): boolean {
  const slash = text.indexOf("/");
  const name = text.slice(slash + 1);
  if (name.length > 63 || !QUALIFIED_PART.test(name)) return false;
  // The API server compares the prefix in lower case.
  return slash === -1 || isDnsSubdomain(text.slice(0, slash).toLowerCase());
}

/** Key of a Secret or a ConfigMap. */
export function isConfigKey(text: string): boolean {
  return text.length <= 253 && CONFIG_KEY.test(text) && text !== "." && text !== "..";
}
