/**
 * proxy-request-buffering and client-body-buffer-size: whether the whole request body is read before an endpoint is
 * connected to, and how much of it stays in memory (nginx directives of the same names).
 *
 * The data plane reads the policy; no hooks.
 *
 * @module
 */
import { parseByteSize } from "../unit/mod.ts";
import { readText, sharedDefaults } from "./_read.ts";
import { oneOf, size } from "./_schema.ts";
import type { AnnotationDeclaration, PolicyModule } from "./contract.ts";

const annotations: readonly AnnotationDeclaration[] = [
  {
    key: "proxy-request-buffering",
    schema: oneOf("on", "off"),
    scope: "location",
    risk: "Low",
    onInvalid: "ignore",
    guardsAccess: false,
    doc: "`on`: the whole request body is read before an endpoint is connected to. Default: that of the ConfigMap, on.",
  },
  {
    key: "client-body-buffer-size",
    schema: size,
    scope: "location",
    risk: "Low",
    onInvalid: "drop-ingress",
    guardsAccess: false,
    doc:
      "How much of a request body is kept in memory, e.g. `16k`; the rest goes to a file. Default: that of the ConfigMap, 8k.",
  },
];

/** On every location. */
export interface ProxyRequestBufferingPolicy {
  readonly enabled: boolean;
  readonly bodyBufferBytes: number;
}

export const proxyRequestBuffering = {
  name: "proxy-request-buffering",
  scope: "location",
  phase: "access",
  withoutIngress: true,
  annotations,
  parse: sharedDefaults(annotations.map(({ key }) => key), (input): ProxyRequestBufferingPolicy => {
    const text = readText(input, "proxy-request-buffering") ?? input.config.get("proxy-request-buffering");
    return {
      enabled: text !== "off",
      bodyBufferBytes:
        // nginx gets no directive for a value with the unit b: then that of the ConfigMap holds
        parseByteSize(readText(input, "client-body-buffer-size") ?? "") ?? input.config.get("client-body-buffer-size"),
    };
  }),
} satisfies PolicyModule<ProxyRequestBufferingPolicy, "proxy-request-buffering">;
