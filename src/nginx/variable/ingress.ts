/**
 * Variables of ingress-nginx: the objects that the location comes from, and values for upstreams.
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
  proxy_upstream_name: (x) => x.upstreamName ?? (x.location?.upstreamName || undefined),
  // Empty, not absent, when no other upstream was chosen.
  proxy_alternative_upstream_name: (x) => x.location?.alternativeUpstreamName ?? "",
  best_http_host: (x) => x.forwardedHost,
  // A location of the controller sets it again.
  proxy_host: (x) => x.location?.upstreamName || "upstream_balancer",
  proxy_port: () => "80",
  pass_access_scheme: (x) => x.forwardedScheme,
  full_x_forwarded_proto: (x) => x.forwardedScheme,
  pass_port: (x) => x.forwardedPort,
  pass_server_port: (x) => x.variables?.get("pass_server_port") ?? String(x.connection.localPort),
  proxy_add_x_forwarded_for: (x) => {
    const former = x.request.getAll("x-forwarded-for");
    return former.length === 0 ? x.clientAddress : `${former.join(", ")}, ${x.clientAddress}`;
  },
  // The part of the host that the `*` of a wildcard host stands for: a named group, so that other hosts have none.
  subdomain: (x) => x.variables?.get("subdomain"),
  literal_dollar: () => "$",
  // What keeps connections to upstreams open sends no Connection; 0 of upstream-keepalive-connections is not looked at.
  connection_upgrade: (x) => x.request.get("upgrade") ? "upgrade" : "",
  full_x_forwarded_for: (x) => {
    const former = x.request.getAll("x-forwarded-for").join(", ");
    const sender = x.connection.proxied?.sourceAddress ?? x.connection.peerAddress;
    return former === "" ? sender : `${former}, ${sender}`;
  },
  // A snippet that sets it to 0 takes its requests out of the access log; skip-access-log-urls is not shown in it.
  loggable: () => "1",
  balancer_ewma_score: () => "-1",
  // Clients that block-user-agents and block-referers name do not get this far.
  block_ua: () => "0",
  block_ref: () => "0",
};
