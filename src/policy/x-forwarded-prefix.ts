/**
 * x-forwarded-prefix: a request field that tells the upstream what rewrite-target took away. Sent only by locations that
 * rewrite-target changes; groups of the path may stand in it.
 *
 * @module
 */
import { fieldValue } from "./_field-value.ts";
import { readText } from "./_read.ts";
import { pathWithCaptures } from "./_schema.ts";
import { compileText, isTemplate, reportUnknownVariables, templateOf } from "./_template.ts";
import { rewrites } from "./rewrite-target.ts";
import type { AnnotationDeclaration, PolicyModule } from "./contract.ts";

const annotations: readonly AnnotationDeclaration[] = [{
  key: "x-forwarded-prefix",
  schema: templateOf(pathWithCaptures),
  scope: "location",
  risk: "Medium",
  onInvalid: "drop-ingress",
  guardsAccess: false,
  doc: "Value of X-Forwarded-Prefix for the upstream, with groups as `$1` to `$9`. Only together with rewrite-target.",
}];

export interface XForwardedPrefixPolicy {
  readonly value: string;
  /** rewrite-target of the Ingress. */
  readonly target: string;
}

export const xForwardedPrefix = {
  name: "x-forwarded-prefix",
  scope: "location",
  phase: "access",
  annotations,
  parse(input): XForwardedPrefixPolicy | undefined {
    const value = readText(input, "x-forwarded-prefix");
    const target = readText(input, "rewrite-target");
    if (value === undefined || !isTemplate(value)) return undefined;
    if (target === undefined) {
      input.report({
        reason: "AnnotationWithoutEffect",
        severity: "info",
        annotation: "x-forwarded-prefix",
        message: "x-forwarded-prefix without rewrite-target",
        effect: "the field is not sent",
      });
      return undefined;
    }
    reportUnknownVariables(input, "x-forwarded-prefix", value);
    return { value, target };
  },
  hooks({ value, target }, { location }) {
    if (location === null || !rewrites({ target }, location.path)) return undefined;
    const text = compileText(value);
    return {
      request(c) {
        const prefix = fieldValue(text(c.env));
        if (prefix !== "") c.env.request.set("X-Forwarded-Prefix", prefix);
        // nginx sends no field with an empty value, and none of the client's then.
        else c.env.request.delete("x-forwarded-prefix");
      },
    };
  },
} satisfies PolicyModule<XForwardedPrefixPolicy, "x-forwarded-prefix">;
