/**
 * default-backend: the Service that answers while the one of the path has no endpoints.
 *
 * The compiler and the data plane read the policy; no hooks.
 *
 * @module
 */
import { readText } from "./_read.ts";
import { matching } from "./_schema.ts";
import type { AnnotationDeclaration, PolicyModule } from "./contract.ts";

/** A DNS-1035 label. */
const SERVICE = /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const annotations: readonly AnnotationDeclaration[] = [{
  key: "default-backend",
  schema: matching(SERVICE, "the name of a Service of the namespace"),
  scope: "location",
  risk: "Low",
  onInvalid: "drop-ingress",
  guardsAccess: false,
  doc:
    "Service of the namespace, by its first port, that answers while the one of the path has no endpoints; told so in X-Code.",
}];

export interface DefaultBackendPolicy {
  /** Name of a Service in the namespace of the Ingress. */
  readonly service: string;
}

export const defaultBackend = {
  name: "default-backend",
  scope: "location",
  phase: "access",
  annotations,
  parse(input): DefaultBackendPolicy | undefined {
    const service = readText(input, "default-backend");
    return service !== undefined && SERVICE.test(service) ? { service } : undefined;
  },
} satisfies PolicyModule<DefaultBackendPolicy, "default-backend">;
