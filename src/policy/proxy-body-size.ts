/**
 * proxy-body-size: the largest request body; more gets 413 (nginx client_max_body_size).
 *
 * The data plane reads the policy; no hooks.
 *
 * @module
 */
import { readSize, sharedDefaults } from "./_read.ts";
import { size } from "./_schema.ts";
import type { AnnotationDeclaration, PolicyModule } from "./contract.ts";

const annotations: readonly AnnotationDeclaration[] = [{
  key: "proxy-body-size",
  schema: size,
  scope: "location",
  risk: "Medium",
  onInvalid: "ignore",
  guardsAccess: false,
  doc:
    "Largest request body, e.g. `8m`; a larger one gets 413. `0`: no limit. Default: proxy-body-size of the ConfigMap, `1m`.",
}];

/** On every location. */
export interface ProxyBodySizePolicy {
  /** 0: no limit. */
  readonly maxBodyBytes: number;
}

export const proxyBodySize = {
  name: "proxy-body-size",
  scope: "location",
  phase: "access",
  withoutIngress: true,
  annotations,
  parse: sharedDefaults(["proxy-body-size"], (input): ProxyBodySizePolicy => {
    return { maxBodyBytes: readSize(input, "proxy-body-size") };
  }),
} satisfies PolicyModule<ProxyBodySizePolicy, "proxy-body-size">;
