/**
 * real-ip-header: a response field that carries the client's address, as found after real-ip processing.
 *
 * Not an annotation of ingress-nginx itself but of manifests written for builds of it. A field of that name from the
 * upstream is replaced, so that it can be believed.
 *
 * @module
 */
import { readText } from "./_read.ts";
import { fieldName, isFieldName } from "./_schema.ts";
import type { AnnotationDeclaration, PolicyModule } from "./contract.ts";

const annotations: readonly AnnotationDeclaration[] = [{
  key: "real-ip-header",
  schema: fieldName,
  scope: "location",
  risk: "Low",
  onInvalid: "ignore",
  guardsAccess: false,
  doc: "Name of a response field that carries the client's real address.",
}];

export interface RealIpHeaderPolicy {
  readonly field: string;
}

export const realIpHeader = {
  name: "real-ip-header",
  scope: "location",
  phase: "access",
  sharedHooks: true,
  annotations,
  parse(input): RealIpHeaderPolicy | undefined {
    const field = readText(input, "real-ip-header");
    return field === undefined || !isFieldName(field) ? undefined : { field };
  },
  hooks({ field }) {
    return {
      response(c) {
        c.env.response?.set(field, c.env.clientAddress);
      },
    };
  },
} satisfies PolicyModule<RealIpHeaderPolicy, "real-ip-header">;
