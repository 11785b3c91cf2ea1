/**
 * service-name-header: a response field that names the pod that answered; its address where no pod is known.
 *
 * Not an annotation of ingress-nginx itself but of manifests written for builds of it. Responses made here without
 * asking an upstream do not carry the field; one of that name from the upstream never passes.
 *
 * @module
 */
import { readText } from "./_read.ts";
import { fieldName, isFieldName } from "./_schema.ts";
import type { AnnotationDeclaration, PolicyModule } from "./contract.ts";

const annotations: readonly AnnotationDeclaration[] = [{
  key: "service-name-header",
  schema: fieldName,
  scope: "location",
  risk: "Low",
  onInvalid: "ignore",
  guardsAccess: false,
  doc: "Name of a response field that names the pod that answered, or its address where no pod is known.",
}];

export interface ServiceNameHeaderPolicy {
  readonly field: string;
}

/** `10.0.0.1:80` -> `10.0.0.1`, `[::1]:80` -> `::1`. */
function withoutPort(address: string): string {
  const colon = address.lastIndexOf(":");
  return address.startsWith("[") ? address.slice(1, colon - 1) : address.slice(0, colon);
}

export const serviceNameHeader = {
  name: "service-name-header",
  scope: "location",
  phase: "access",
  sharedHooks: true,
  annotations,
  parse(input): ServiceNameHeaderPolicy | undefined {
    const field = readText(input, "service-name-header");
    return field === undefined || !isFieldName(field) ? undefined : { field };
  },
  hooks({ field }) {
    const lower = field.toLowerCase();
    return {
      response(c) {
        const { attempts, response } = c.env;
        const last = attempts[attempts.length - 1];
        if (response === null) return;
        // Without the head of a response no endpoint has answered: the page is the program's own.
        if (last === undefined || last.headerMs < 0) response.delete(lower);
        else response.set(field, last.pod === "" ? withoutPort(last.address) : last.pod);
      },
    };
  },
} satisfies PolicyModule<ServiceNameHeaderPolicy, "service-name-header">;
