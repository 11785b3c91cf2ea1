/**
 * proxy-request-buffering and client-body-buffer-size: is the whole request body read before an endpoint is connected
 * to, and how much of it stays in memory (nginx directives of the same names).
 *
 * The data plane reads the policy; no hooks.
 *
 * @module
 */
import { configSize, configWord, readSize, readText, sharedDefaults } from "./_read.ts";
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

const DEFAULT_BUFFER = 8 * 1024;

export const proxyRequestBuffering = {
  name: "proxy-request-buffering",
  scope: "location",
  phase: "access",
  withoutIngress: true,
  annotations,
  parse: sharedDefaults(annotations.map(({ key }) => key), (input): ProxyRequestBufferingPolicy => {
    const text = readText(input, "proxy-request-buffering") ??
      configWord(input, "proxy-request-buffering", ["on", "off"]);
    return {
      enabled: text !== "off",
      bodyBufferBytes: readSize(input, "client-body-buffer-size") ??
        // Left out on the location when its unit is b: then that of the level above holds.
        configSize(input, "client-body-buffer-size") ?? DEFAULT_BUFFER,
    };
  }),
} satisfies PolicyModule<ProxyRequestBufferingPolicy, "proxy-request-buffering">;
