/**
 * How long request heads may be on hosts whose server-snippet says so (`large_client_header_buffers`).
 *
 * @module
 */
import type { HeadLengths, HostLengths } from "../../http/mod.ts";
import type { VirtualHost } from "../../snapshot/snapshot.ts";

/** Of a host's own snippet, else of the ConfigMap's; `undefined`: the host has the lengths of all. */
function ownLengths({ policies }: VirtualHost): HeadLengths | undefined {
  for (const policy of [policies["server-snippet"], policies["global-server-snippet"]]) {
    for (const setting of policy?.program.settings ?? []) {
      if (setting.kind !== "large_client_header_buffers") continue;
      return { maxLineBytes: setting.bytes, maxHeadBytes: setting.count * setting.bytes };
    }
  }
  return undefined;
}

/** Hosts with lengths of their own. */
export class OwnLengths {
  readonly #byHost = new Map<string, HeadLengths>();
  /** Grows with each change. */
  version = 0;

  set(host: VirtualHost): void {
    const lengths = ownLengths(host);
    if (lengths === undefined) return this.remove(host.name);
    const former = this.#byHost.get(host.name);
    if (former?.maxLineBytes === lengths.maxLineBytes && former.maxHeadBytes === lengths.maxHeadBytes) return;
    this.#byHost.set(host.name, lengths);
    this.version++;
  }

  remove(name: string): void {
    if (this.#byHost.delete(name)) this.version++;
  }

  /**
   * `undefined`: no host has lengths of its own.
   *
   * @param common of all other hosts
   * @param nameOf name of the host of an authority
   */
  compile(common: HeadLengths, nameOf: (authority: string) => string | undefined): HostLengths | undefined {
    if (this.#byHost.size === 0) return undefined;
    const all = [common, ...this.#byHost.values()];
    return {
      of: (authority) => this.#byHost.get(nameOf(authority) ?? "") ?? common,
      leastBytes: Math.min(...all.map(({ maxLineBytes, maxHeadBytes }) => Math.min(maxLineBytes, maxHeadBytes))),
      mostBytes: Math.max(...all.map(({ maxHeadBytes }) => maxHeadBytes)),
    };
  }
}
