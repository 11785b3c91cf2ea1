/**
 * Built-in locations of the catch-all host: /healthz for load balancers, and /nginx_status for requests from this
 * machine.
 *
 * @module
 */
import type { Answer, LocationFacts } from "../../http/mod.ts";
import { isLoopback, parseIp } from "../../net/mod.ts";
import { formatStubStatus, type StubStatus } from "../../observe/mod.ts";
import type { LocationRule } from "../router/mod.ts";
import { isPromise } from "./hook-chain.ts";
import { LocationRuntime } from "./location-runtime.ts";

function factsOf(path: string): LocationFacts {
  return {
    namespace: "",
    ingressName: "",
    serviceName: "",
    servicePort: "",
    path,
    upstreamName: "",
    alternativeUpstreamName: "",
  };
}

/** Returns the rules and locations for the table of `_`. */
export function builtInLocations(
  status: () => StubStatus | Promise<StubStatus>,
): [rule: LocationRule, location: LocationRuntime][] {
  const healthz = new LocationRuntime(factsOf("/healthz"), false, [], [], () => ({ status: 200, body: "" }));
  const nginxStatus = new LocationRuntime(factsOf("/nginx_status"), false, [], [], (_c, { exchange }) => {
    const words = parseIp(exchange.clientAddress);
    if (words === undefined || !isLoopback(words)) return { status: 403 };
    const counted = status();
    return isPromise(counted) ? counted.then(answerStatus) : answerStatus(counted);
  });
  return [
    [{ kind: "prefix", path: "/healthz" }, healthz],
    [{ kind: "prefix", path: "/nginx_status" }, nginxStatus],
  ];
}

function answerStatus(status: StubStatus): Answer {
  return { status: 200, contentType: "text/plain", body: formatStubStatus(status) };
}
