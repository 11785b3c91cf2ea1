/**
 * service-upstream: requests go to the cluster IP and port of the Service, not to its pods.
 *
 * The compiler reads the policy; no hooks.
 *
 * @module
 */
import { readBoolean } from "./_read.ts";
import { boolean } from "./_schema.ts";
import type { AnnotationDeclaration, PolicyModule } from "./contract.ts";

const annotations: readonly AnnotationDeclaration[] = [{
  key: "service-upstream",
  schema: boolean,
  scope: "upstream",
  risk: "Low",
  onInvalid: "ignore",
  invalidCountsAs: "false",
  guardsAccess: false,
  doc:
    "`true`: requests go to the cluster IP of the Service in place of its pods. Default: that of the ConfigMap, false.",
}];

/** Present only when the cluster IP is asked for. A Service without one is served by its pods. */
export interface ServiceUpstreamPolicy {
  readonly enabled: true;
}

export const serviceUpstream = {
  name: "service-upstream",
  scope: "upstream",
  phase: "access",
  annotations,
  parse(input): ServiceUpstreamPolicy | undefined {
    // an annotation that is no boolean counts as false, validated or not
    const own = input.annotation("service-upstream");
    const enabled = own === undefined
      ? input.config.get("service-upstream")
      : readBoolean(input, "service-upstream") === true;
    return enabled ? { enabled } : undefined;
  },
} satisfies PolicyModule<ServiceUpstreamPolicy, "service-upstream">;
