/**
 * Selects the endpoints of one port of a Service.
 *
 * @module
 */
import type { EndpointPort, EndpointSlice, Service, ServicePort, StoreView } from "../../kube/mod.ts";
import { canonicalIp, isLoopback, parseIp } from "../../net/mod.ts";
import { compareText } from "../../snapshot/mod.ts";
import type { Endpoint } from "../../snapshot/snapshot.ts";
import type { CompilerOptions } from "../contract.ts";

/** Reason for which there are fewer endpoints than expected. */
export type EndpointNote = (
  finding: { readonly reason: string; readonly severity: "warning" | "info"; readonly message: string },
) => void;

type Options = Pick<CompilerOptions, "enableTopologyAwareRouting" | "statusPort" | "zone">;

/** Sorted endpoints without duplicates. */
class Collector {
  readonly #endpoints = new Map<string, Endpoint>();

  constructor(readonly statusPort: number | undefined, readonly note: EndpointNote) {}

  add(text: string, port: number, pod: string): void {
    const address = canonicalIp(text);
    if (address === undefined) {
      this.note({
        reason: "InvalidEndpoint",
        severity: "warning",
        message: `use endpoint "${text}": want an IP address`,
      });
      return;
    }
    if (port === this.statusPort && isLoopback(parseIp(address)!)) {
      this.note({
        reason: "EndpointRefused",
        severity: "warning",
        message: `use endpoint "${address}" with port ${port}: it is the status port of this proxy`,
      });
      return;
    }
    const key = `${address} ${port}`;
    const former = this.#endpoints.get(key);
    if (former === undefined || (former.pod === "" && pod !== "")) {
      this.#endpoints.set(key, { address, port, pod, weight: 1 });
    }
  }

  finish(): readonly Endpoint[] {
    return [...this.#endpoints.values()].sort((a, b) => compareText(a.address, b.address) || a.port - b.port);
  }
}

/** TCP ports of a slice or subset that belong to a Service port: by name, or all when the Service port has none. */
function matchPorts(service: ServicePort, ports: readonly EndpointPort[]): number[] {
  if (ports.length === 0) return typeof service.targetPort === "number" ? [service.targetPort] : [];
  const matched: number[] = [];
  for (const port of ports) {
    if (port.protocol === "TCP" && (service.name === "" || service.name === port.name)) matched.push(port.port);
  }
  return matched;
}

const TOPOLOGY_ANNOTATIONS = ["service.kubernetes.io/topology-mode", "service.kubernetes.io/topology-aware-hints"];

function wantsTopology(service: Service): boolean {
  return TOPOLOGY_ANNOTATIONS.some((name) => (service.metadata.annotations[name] ?? "").toLowerCase() === "auto");
}

function addSlice(slice: EndpointSlice, ports: readonly number[], zone: string | undefined, into: Collector): void {
  // hints count only when every endpoint has one; otherwise some endpoints would never be used
  const hinted = zone !== undefined && slice.endpoints.every(({ forZones }) => forZones.length > 0);
  for (const { addresses, ready, podName, forZones } of slice.endpoints) {
    if (!ready || (hinted && !forZones.includes(zone))) continue;
    for (const address of addresses) for (const port of ports) into.add(address, port, podName);
  }
}

/** Ready endpoints of one Service port: from its EndpointSlices, or from its Endpoints object when it has none. */
export function selectEndpoints(
  service: Service,
  port: ServicePort,
  view: StoreView,
  options: Options,
  note: EndpointNote,
): readonly Endpoint[] {
  const { namespace, name } = service.metadata;
  const into = new Collector(options.statusPort, note);
  const slices = view.endpointSlices(namespace, name);
  let matched = false;
  let offered = "";
  if (slices.length > 0) {
    const topology = options.enableTopologyAwareRouting && wantsTopology(service);
    if (topology && options.zone === undefined) {
      note({
        reason: "ZoneUnknown",
        severity: "info",
        message: "use topology hints: the zone of this machine is not known",
      });
    }
    for (const slice of slices) {
      if (slice.addressType === "FQDN") {
        note({
          reason: "InvalidEndpoint",
          severity: "warning",
          message: `use EndpointSlice "${slice.metadata.name}": addresses of type FQDN are not looked up`,
        });
        continue;
      }
      const ports = matchPorts(port, slice.ports);
      if (ports.length > 0) matched = true;
      else offered ||= describePorts(slice.ports);
      addSlice(slice, ports, topology ? options.zone : undefined, into);
    }
  } else {
    for (const subset of view.endpoints(namespace, name)?.subsets ?? []) {
      const ports = matchPorts(port, subset.ports);
      if (ports.length > 0) matched = true;
      else offered ||= describePorts(subset.ports);
      for (const { ip, podName } of subset.addresses) for (const number of ports) into.add(ip, number, podName);
    }
  }
  if (!matched && offered !== "") {
    note({
      reason: "EndpointPortNotFound",
      severity: "warning",
      message: `find port "${port.name || port.port}" among the ports of the endpoints: they have ${offered}`,
    });
  }
  return into.finish();
}

function describePorts(ports: readonly EndpointPort[]): string {
  const shown = ports.slice(0, 5).map(({ name, port, protocol }) => `"${name}" ${port}/${protocol}`);
  return shown.length === 0 ? "none" : shown.join(", ");
}
