/**
 * enable-access-log: whether requests of these paths are written to the access log.
 *
 * The data plane reads the policy; no hooks.
 *
 * @module
 */
import { readBoolean } from "./_read.ts";
import { boolean } from "./_schema.ts";
import type { AnnotationDeclaration, PolicyModule } from "./contract.ts";

const annotations: readonly AnnotationDeclaration[] = [{
  key: "enable-access-log",
  schema: boolean,
  scope: "location",
  risk: "Low",
  onInvalid: "ignore",
  guardsAccess: false,
  doc:
    "`false`: requests of these paths are not written to the access log. They are counted all the same. Default: true.",
}];

/** Present only when requests are not logged. */
export interface AccessLogPolicy {
  readonly enabled: false;
}

export const accessLog = {
  name: "access-log",
  scope: "location",
  phase: "access",
  annotations,
  parse(input): AccessLogPolicy | undefined {
    return readBoolean(input, "enable-access-log") === false ? { enabled: false } : undefined;
  },
} satisfies PolicyModule<AccessLogPolicy, "access-log">;
