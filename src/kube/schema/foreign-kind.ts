/**
 * Kinds by which other APIs and controllers route requests. They are not read here, but their authors expect them to be
 * served. Kinds that only accompany these (a Gateway, a Middleware) are ignored like any other.
 *
 * @module
 */

interface Api {
  readonly whose: string;
  readonly kinds: readonly string[];
}

const TRAEFIK: Api = { whose: "Traefik", kinds: ["IngressRoute", "IngressRouteTCP", "IngressRouteUDP"] };

/** APIs by group. */
const APIS: ReadonlyMap<string, Api> = new Map<string, Api>([
  ["gateway.networking.k8s.io", {
    whose: "the Gateway API",
    kinds: ["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"],
  }],
  ["traefik.io", TRAEFIK],
  ["traefik.containo.us", TRAEFIK],
  ["k8s.nginx.org", {
    whose: "the NGINX Ingress Controller of F5",
    kinds: ["VirtualServer", "VirtualServerRoute", "TransportServer"],
  }],
  ["projectcontour.io", { whose: "Contour", kinds: ["HTTPProxy"] }],
  ["networking.istio.io", { whose: "Istio", kinds: ["VirtualService"] }],
  ["route.openshift.io", { whose: "OpenShift", kinds: ["Route"] }],
  ["apisix.apache.org", { whose: "Apache APISIX", kinds: ["ApisixRoute"] }],
  ["getambassador.io", { whose: "Emissary", kinds: ["Mapping", "TCPMapping"] }],
  ["configuration.konghq.com", { whose: "Kong", kinds: ["TCPIngress", "UDPIngress"] }],
  ["zalando.org", { whose: "Skipper", kinds: ["RouteGroup"] }],
]);

/** Returns the API of a kind that routes requests. */
export function foreignKind(group: string, kind: string): string | undefined {
  const api = APIS.get(group);
  return api !== undefined && api.kinds.some((each) => each.toLowerCase() === kind.toLowerCase())
    ? api.whose
    : undefined;
}
