/**
 * use-regex: the paths of the Ingress are regular expressions, and so are all others of its hosts.
 *
 * The compiler reads the policy; no hooks.
 *
 * @module
 */
import { readBoolean } from "./_read.ts";
import { boolean } from "./_schema.ts";
import type { AnnotationDeclaration, PolicyModule } from "./contract.ts";

const annotations: readonly AnnotationDeclaration[] = [{
  key: "use-regex",
  schema: boolean,
  scope: "location",
  risk: "Low",
  onInvalid: "ignore",
  guardsAccess: false,
  doc:
    "`true`: paths are case-insensitive regular expressions, anchored at the start; so is then every path of the host, from whatever Ingress.",
}];

/** Present only when regexes are asked for. */
export interface UseRegexPolicy {
  readonly enabled: true;
}

export const useRegex = {
  name: "use-regex",
  scope: "location",
  phase: "rewrite",
  offRoot: true,
  annotations,
  parse(input): UseRegexPolicy | undefined {
    return readBoolean(input, "use-regex") === true ? { enabled: true } : undefined;
  },
} satisfies PolicyModule<UseRegexPolicy, "use-regex">;
