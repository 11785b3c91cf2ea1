/**
 * proxy-http-version: the HTTP version of requests to endpoints. connection-proxy-header: their Connection field.
 *
 * The data plane reads the policy; no hooks.
 *
 * @module
 */
import { readText, sharedDefaults } from "./_read.ts";
import { oneOf } from "./_schema.ts";
import type { AnnotationDeclaration, PolicyModule } from "./contract.ts";

const annotations: readonly AnnotationDeclaration[] = [
  {
    key: "proxy-http-version",
    schema: oneOf("1.0", "1.1"),
    scope: "location",
    risk: "Low",
    onInvalid: "ignore",
    guardsAccess: false,
    doc: "`1.0` or `1.1`: the version of HTTP spoken to endpoints. Default: that of the ConfigMap, 1.1.",
  },
  {
    key: "connection-proxy-header",
    schema: oneOf("close", "keep-alive"),
    scope: "location",
    risk: "Low",
    onInvalid: "drop-ingress",
    guardsAccess: false,
    doc:
      "`close` or `keep-alive`: the Connection field sent to endpoints, whatever the client asks. Ends support of WebSocket.",
  },
];

/** On every location. */
export interface ProxyHttpVersionPolicy {
  readonly version: "1.0" | "1.1";
  /** Value of the Connection field; empty: as the connection needs it. */
  readonly connectionField: "" | "close" | "keep-alive";
}

export const proxyHttpVersion = {
  name: "proxy-http-version",
  scope: "location",
  phase: "access",
  withoutIngress: true,
  annotations,
  parse: sharedDefaults(annotations.map(({ key }) => key), (input): ProxyHttpVersionPolicy => {
    const version = readText(input, "proxy-http-version") ?? input.config.get("proxy-http-version");
    const field = readText(input, "connection-proxy-header");
    return {
      version: version === "1.0" ? "1.0" : "1.1",
      connectionField: field === "close" || field === "keep-alive" ? field : "",
    };
  }),
} satisfies PolicyModule<ProxyHttpVersionPolicy, "proxy-http-version">;
