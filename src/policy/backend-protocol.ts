/**
 * backend-protocol: protocol towards endpoints. HTTPS is TLS without verification of the certificate and without a
 * server name, unless a proxy-ssl annotation says otherwise.
 *
 * GRPC, GRPCS and FCGI are not supported: their locations answer 503, because such an endpoint does not understand
 * HTTP/1.1.
 *
 * @see nginx proxy_pass, proxy_ssl_verify
 * @module
 */
import * as v from "valibot";
import type { PolicyModule } from "./contract.ts";

/** On locations that do not speak plain HTTP. */
export interface BackendProtocolPolicy {
  /** `request`: TLS for requests that came by TLS (AUTO_HTTP). */
  readonly tls: "always" | "request" | "never";
  /** Other than HTTP/1: the key of its source in `proxy/wire.ts`. */
  readonly protocol?: string;
}

const PROTOCOLS: ReadonlySet<string> = new Set(["AUTO_HTTP", "HTTP", "HTTPS", "GRPC", "GRPCS", "FCGI"]);

export const backendProtocol = {
  name: "backend-protocol",
  scope: "location",
  phase: "access",
  annotations: [
    {
      key: "backend-protocol",
      schema: v.pipe(
        v.string(),
        v.check((text) => PROTOCOLS.has(text.trim().toUpperCase()), `want one of ${[...PROTOCOLS].join(", ")}`),
      ),
      scope: "location",
      risk: "Low",
      onInvalid: "ignore",
      guardsAccess: false,
      doc: "`HTTP` (default), `HTTPS`, or `AUTO_HTTP` (as the request came): how endpoints are spoken to. " +
        "`GRPC`, `GRPCS` and `FCGI` are not spoken yet: the locations answer 503.",
    },
  ],
  parse(input): BackendProtocolPolicy | undefined {
    const protocol = input.annotation("backend-protocol")?.trim().toUpperCase();
    switch (protocol) {
      case "HTTPS":
        return { tls: "always" };
      case "AUTO_HTTP":
        return { tls: "request" };
      case "GRPC":
      case "GRPCS":
      case "FCGI":
        input.report({
          annotation: "backend-protocol",
          reason: "AnnotationNotHonoured",
          severity: "error",
          message: `honour backend-protocol "${protocol}": it is not spoken yet`,
          effect: "the locations answer 503",
        });
        input.deny(`backend-protocol ${protocol} is not spoken yet`);
        return undefined;
      default:
        return undefined;
    }
  },
} satisfies PolicyModule<BackendProtocolPolicy, "backend-protocol">;
