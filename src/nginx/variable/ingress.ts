/**
 * What ingress-nginx defines itself: which objects the location comes from, and what upstreams are told.
 *
 * @module
 */
import type { VariableTable } from "./getter.ts";

export const ingress: VariableTable = {
  namespace: (x) => x.location?.namespace,
  ingress_name: (x) => x.location?.ingressName,
  service_name: (x) => x.location?.serviceName,
  service_port: (x) => x.location?.servicePort,
  location_path: (x) => x.location?.path,
  proxy_upstream_name: (x) => x.location?.upstreamName || undefined,
  // Empty, not absent, when no canary was chosen.
  proxy_alternative_upstream_name: () => "",
  best_http_host: (x) => x.forwardedHost,
  proxy_host: () => "upstream_balancer",
  proxy_port: () => "80",
  pass_access_scheme: (x) => x.forwardedScheme,
  full_x_forwarded_proto: (x) => x.forwardedScheme,
  pass_port: (x) => x.forwardedPort,
  pass_server_port: (x) => String(x.connection.localPort),
  proxy_add_x_forwarded_for: (x) => {
    const former = x.request.getAll("x-forwarded-for");
    return former.length === 0 ? x.clientAddress : `${former.join(", ")}, ${x.clientAddress}`;
  },
  // The part of the host that the `*` of a wildcard host stands for.
  subdomain: (x) => {
    const dot = x.host.indexOf(".");
    return dot < 0 ? undefined : x.host.slice(0, dot);
  },
  literal_dollar: () => "$",
};
