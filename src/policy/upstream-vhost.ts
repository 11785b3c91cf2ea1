/**
 * upstream-vhost: the Host field that the upstream gets (nginx proxy_set_header Host). X-Forwarded-Host stays that of the
 * client.
 *
 * @module
 */
import { fieldValue } from "./_field-value.ts";
import { readText } from "./_read.ts";
import { serverName } from "./_schema.ts";
import { compileText, isTemplate, reportUnknownVariables, templateOf } from "./_template.ts";
import type { AnnotationDeclaration, PolicyModule } from "./contract.ts";

const annotations: readonly AnnotationDeclaration[] = [{
  key: "upstream-vhost",
  schema: templateOf(serverName),
  scope: "location",
  risk: "Low",
  onInvalid: "drop-ingress",
  guardsAccess: false,
  doc: "Host field for the upstream; variables are allowed. X-Forwarded-Host stays that of the client.",
}];

export interface UpstreamVhostPolicy {
  /** Text with variables. */
  readonly host: string;
}

export const upstreamVhost = {
  name: "upstream-vhost",
  scope: "location",
  phase: "access",
  sharedHooks: true,
  annotations,
  parse(input): UpstreamVhostPolicy | undefined {
    const host = readText(input, "upstream-vhost");
    if (host === undefined || !isTemplate(host)) return undefined;
    reportUnknownVariables(input, "upstream-vhost", host);
    return { host };
  },
  hooks({ host }) {
    const text = compileText(host);
    return {
      request(c) {
        c.env.request.set("Host", fieldValue(text(c.env)));
      },
    };
  },
} satisfies PolicyModule<UpstreamVhostPolicy, "upstream-vhost">;
