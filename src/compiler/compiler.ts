/**
 * The passes, in order: configuration, Ingresses, certificates, hosts, upstreams, snapshot. Each one works off what the
 * changes, and the passes before it, have marked.
 *
 * @module
 */
import type { StoreChange, StoreView } from "../kube/mod.ts";
import { applyUpdate } from "../snapshot/diff.ts";
import { equalData } from "../snapshot/equal.ts";
import {
  CATCH_ALL,
  type Certificate,
  DEFAULT_BACKEND,
  DEFAULT_CERTIFICATE,
  type Listener,
  type LocationBackend,
  type Snapshot,
  type SnapshotUpdate,
  type TlsProfile,
  type Upstream,
  type VirtualHost,
} from "../snapshot/snapshot.ts";
import { AliasIndex } from "./alias-index.ts";
import { onlyBackend } from "./backends.ts";
import { CertificateStore } from "./certificate-store.ts";
import { chosenUpstreams, judgeChosen } from "./chosen-upstreams.ts";
import { type Configuration, readConfiguration } from "./configuration.ts";
import type { Compilation, Compiler, CompilerOptions } from "./contract.ts";
import { DependencyIndex } from "./dependency-index.ts";
import { DiagnosticIndex } from "./diagnostic-index.ts";
import { type Dirty, markAll, markChanges } from "./dirty.ts";
import { aliasesOf } from "./host-names.ts";
import { type ClassSelector, selectClasses } from "./ingress-class.ts";
import { fieldsOf, type IngressEntry, PolicyInterner } from "./ingress-entry.ts";
import { type FilterContext, type FilteredIngress, filterIngress } from "./ingress-filter.ts";
import { createLastGood, type LastGood } from "./last-good.ts";
import { type LabelSelector, parseLabelSelector } from "./namespace-selector.ts";
import { compareIngresses, nameOf } from "./order.ts";
import { Outgoing } from "./outgoing.ts";
import { compileAffinity, speaksOfAffinity } from "./session-affinity.ts";
import { compileUpstream, type UpstreamUser } from "./upstream.ts";
import { partsOf, UpstreamNames } from "./upstream-id.ts";
import { compileVirtualHost, type HostContext } from "./virtual-host.ts";

/** Keeps what it has compiled, by object, and the indexes that say what depends on what. */
export class IncrementalCompiler implements Compiler {
  readonly #options: CompilerOptions;
  readonly #selector: LabelSelector;
  readonly #fallback: LocationBackend;
  readonly #nowMs: () => number;
  readonly #lastGood: LastGood;

  readonly #filtered = new Map<string, FilteredIngress>();
  readonly #index = new DependencyIndex();
  readonly #aliases = new AliasIndex();
  readonly #names = new UpstreamNames();
  readonly #diagnostics = new DiagnosticIndex();
  readonly #certificates: CertificateStore;
  readonly #hosts = new Map<string, VirtualHost>();
  /** By id. */
  readonly #upstreams = new Map<string, Upstream>();
  /** Ingress -> upstreams that its snippets name; those only that name some. */
  readonly #chosen = new Map<string, ReadonlySet<string>>();
  /** Certificate -> hosts that are served with it. */
  readonly #served = new Map<string, number>();

  #configuration: Configuration | undefined;
  #classOf: ClassSelector | undefined;
  #interner = new PolicyInterner();
  #snapshot: Snapshot | null = null;

  constructor(options: CompilerOptions) {
    const selector = parseLabelSelector(options.watchNamespaceSelector);
    if (selector === undefined) {
      throw new RangeError(
        `Cannot use --watch-namespace-selector "${options.watchNamespaceSelector}": want a label selector such as a=b,c!=d`,
      );
    }
    this.#options = options;
    this.#selector = selector;
    this.#nowMs = options.now ?? Date.now;
    this.#lastGood = options.lastGood ?? createLastGood();
    this.#certificates = new CertificateStore(
      this.#diagnostics,
      options.defaultSslCertificate,
      this.#lastGood.certificates,
    );
    const [, service = ""] = options.defaultBackendService.split("/");
    this.#fallback = options.defaultBackendService === ""
      ? { kind: "not-found" }
      : onlyBackend({ upstream: DEFAULT_BACKEND, serviceName: service, servicePort: "" });
  }

  compile(view: StoreView, changes: readonly StoreChange[]): Compilation {
    const dirty = this.#snapshot === null
      ? markAll(this.#options)
      : markChanges(changes, this.#options, this.#index, this.#configuration);
    const virtualHosts = new Outgoing<VirtualHost>();
    const upstreams = new Outgoing<Upstream>();
    const certificates = new Outgoing<Certificate>();

    const listeners = new Outgoing<Listener>();
    const tlsProfiles = new Outgoing<TlsProfile>();

    const globals = this.#passConfiguration(view, dirty);
    const configuration = this.#configuration!;
    listeners.replaceAll(this.#snapshot?.listeners, configuration.listeners);
    tlsProfiles.replaceAll(this.#snapshot?.tlsProfiles, configuration.tlsProfiles);
    this.#passIngresses(view, dirty, upstreams);
    const nowMs = this.#nowMs();
    this.#passCertificates(view, dirty, nowMs);
    this.#passHosts(dirty, virtualHosts);
    this.#passUpstreams(view, dirty, upstreams);
    this.#judgeChosen(dirty);
    this.#passServedCertificates(dirty, certificates);

    const update: SnapshotUpdate = {
      ...globals === undefined ? {} : { globals },
      listeners: listeners.finish(this.#snapshot?.listeners),
      tlsProfiles: tlsProfiles.finish(this.#snapshot?.tlsProfiles),
      virtualHosts: virtualHosts.finish(this.#snapshot?.virtualHosts),
      upstreams: upstreams.finish(this.#snapshot?.upstreams),
      certificates: certificates.finish(this.#snapshot?.certificates),
    };
    this.#snapshot = applyUpdate(this.#snapshot, update);
    const { all, added } = this.#diagnostics.settle();
    return { snapshot: this.#snapshot, update, diagnostics: all, newDiagnostics: added };
  }

  /** Gives the globals when they are new. */
  #passConfiguration(view: StoreView, dirty: Dirty): Snapshot["globals"] | undefined {
    if (!dirty.configuration) return undefined;
    const former = this.#configuration;
    const configuration = readConfiguration(view, this.#options, former);
    this.#configuration = configuration;
    // policies of entries that stay the same must not be shared with those of the former configuration
    this.#interner = new PolicyInterner();
    dirty.everything = true;
    if (former === undefined || !equalData(former.withoutIngress, configuration.withoutIngress)) {
      dirty.hosts.add(CATCH_ALL);
      if (!equalData(former?.withoutIngress.hostPolicies, configuration.withoutIngress.hostPolicies)) {
        for (const host of this.#hosts.keys()) dirty.hosts.add(host);
      }
    }
    this.#diagnostics.replace("configuration", configuration.diagnostics);
    return former?.globals === configuration.globals ? undefined : configuration.globals;
  }

  #passIngresses(view: StoreView, dirty: Dirty, upstreams: Outgoing<Upstream>): void {
    if (dirty.classes || this.#classOf === undefined) this.#classOf = selectClasses(view, this.#options);
    if (dirty.everything) {
      for (const ingress of view.ingresses()) dirty.ingresses.add(nameOf(ingress));
      for (const name of this.#filtered.keys()) dirty.ingresses.add(name);
      // those that a former compiler has left, too
      for (const name of this.#lastGood.ingresses.keys()) dirty.ingresses.add(name);
    }
    const context: FilterContext = {
      view,
      options: this.#options,
      configuration: this.#configuration!,
      classOf: this.#classOf,
      selector: this.#selector,
      interner: this.#interner,
    };
    for (const name of dirty.ingresses) this.#refresh(name, context, dirty, upstreams);
  }

  #refresh(name: string, context: FilterContext, dirty: Dirty, upstreams: Outgoing<Upstream>): void {
    const slash = name.indexOf("/");
    const ingress = context.view.ingress(name.slice(0, slash), name.slice(slash + 1));
    const former = this.#filtered.get(name);
    const next = ingress === undefined
      ? undefined
      : filterIngress(ingress, this.#lastGood.ingresses.get(name), context);
    if (next?.accepted === undefined) this.#lastGood.ingresses.delete(name);
    else this.#lastGood.ingresses.set(name, next.accepted);
    this.#diagnostics.replace(`ingress ${name}`, next?.diagnostics ?? []);
    const before = former?.entry;
    const after = next?.entry;
    if (next === undefined) this.#filtered.delete(name);
    else if (before !== undefined && after !== undefined && sameEntry(before, after)) {
      this.#filtered.set(name, { ...next, entry: before });
      return;
    } else this.#filtered.set(name, next);
    const chosen = after === undefined ? undefined : chosenUpstreams(after);
    if (chosen !== undefined && chosen.size > 0) this.#chosen.set(name, chosen);
    else if (this.#chosen.delete(name)) this.#diagnostics.replace(`chosen ${name}`, []);
    // the new one first: what both have never goes away
    const came = after === undefined ? undefined : this.#replaceIn(before, after);
    const went = before === undefined || after !== undefined ? undefined : this.#index.remove(before);
    for (const entry of [before, after]) {
      if (entry === undefined) continue;
      for (const host of entry.rules.keys()) dirty.hosts.add(host);
      for (const id of entry.upstreams) dirty.upstreams.add(id);
      for (const secret of entry.secrets) dirty.certificates.add(secret);
    }
    for (const host of [...came?.hosts ?? [], ...went?.hosts ?? []]) {
      for (const claimant of this.#aliases.claimants(host)) dirty.hosts.add(claimant);
    }
    this.#renameUpstreams(came?.upstreams ?? [], went?.upstreams ?? [], dirty, upstreams);
  }

  /** Notes `after` in place of `before`; tells what came or went by that. */
  #replaceIn(before: IngressEntry | undefined, after: IngressEntry): { upstreams: string[]; hosts: string[] } {
    const went = before === undefined ? undefined : this.#index.remove(before);
    const came = this.#index.add(after);
    const difference = (a: readonly string[], b: readonly string[]): string[] => [
      ...new Set(a).symmetricDifference(new Set(b)),
    ];
    return {
      upstreams: difference(came.upstreams, went?.upstreams ?? []),
      hosts: difference(came.hosts, went?.hosts ?? []),
    };
  }

  #renameUpstreams(
    came: readonly string[],
    went: readonly string[],
    dirty: Dirty,
    upstreams: Outgoing<Upstream>,
  ): void {
    const renamed: string[] = [];
    for (const id of [...came, ...went]) {
      if (this.#index.upstreams.has(id)) renamed.push(...this.#names.add(id));
      else renamed.push(...this.#names.remove(id));
    }
    for (const id of renamed) {
      const former = this.#upstreams.get(id);
      if (former !== undefined) {
        upstreams.remove(former.name);
        this.#upstreams.delete(id);
      }
      dirty.upstreams.add(id);
      for (const name of this.#index.upstreams.get(id)) {
        for (const host of this.#filtered.get(name)?.entry?.rules.keys() ?? []) dirty.hosts.add(host);
      }
    }
  }

  #passCertificates(view: StoreView, dirty: Dirty, nowMs: number): void {
    for (const id of dirty.certificates) {
      if (id !== DEFAULT_CERTIFICATE && !this.#index.secrets.has(id)) {
        this.#certificates.forget(id);
        continue;
      }
      if (!this.#certificates.read(id, view, nowMs)) continue;
      const users = id === DEFAULT_CERTIFICATE ? this.#filtered.keys() : this.#index.secrets.get(id);
      for (const name of users) {
        const entry = this.#filtered.get(name)?.entry;
        if (entry === undefined || entry.ingress.spec.tls.length === 0) continue;
        for (const host of entry.rules.keys()) dirty.hosts.add(host);
      }
    }
    if (this.#snapshot === null) this.#certificates.forgetUnread();
    this.#certificates.age(nowMs);
  }

  #entriesOf(host: string): IngressEntry[] {
    const entries: IngressEntry[] = [];
    for (const name of this.#index.hosts.get(host)) entries.push(this.#filtered.get(name)!.entry!);
    return entries.sort((a, b) => compareIngresses(a.ingress, b.ingress));
  }

  #passHosts(dirty: Dirty, virtualHosts: Outgoing<VirtualHost>): void {
    const entries = new Map<string, readonly IngressEntry[]>();
    for (const host of dirty.hosts) {
      const own = this.#entriesOf(host);
      entries.set(host, own);
      // grows the set while it is walked: whoever claims the same alias is looked at too
      for (const other of this.#aliases.replace(host, aliasesOf(own)?.aliases ?? [])) dirty.hosts.add(other);
    }
    const configuration = this.#configuration!;
    for (const [host, own] of entries) {
      const former = this.#hosts.get(host);
      if (own.length === 0 && host !== CATCH_ALL) {
        this.#diagnostics.replace(`host ${host}`, []);
        if (former === undefined) continue;
        this.#serve(former, -1, dirty);
        this.#hosts.delete(host);
        virtualHosts.remove(host);
        continue;
      }
      const context: HostContext = {
        annotationsPrefix: this.#options.annotationsPrefix,
        fallback: this.#fallback,
        backends: new Map(),
        withoutIngress: configuration.withoutIngress,
        upstreamName: (id) => this.#names.nameOf(id),
        certificate: (id) => this.#certificates.get(id),
        findOwner: (alias) => this.#findOwner(alias, host),
      };
      const { virtualHost, diagnostics } = compileVirtualHost(host, own, context);
      this.#diagnostics.replace(`host ${host}`, diagnostics);
      if (former !== undefined && equalData(former, virtualHost)) continue;
      this.#serve(virtualHost, 1, dirty);
      if (former !== undefined) this.#serve(former, -1, dirty);
      this.#hosts.set(host, virtualHost);
      virtualHosts.set(host, virtualHost);
    }
  }

  #findOwner(alias: string, host: string): string | undefined {
    if (this.#index.hosts.has(alias)) return "it is the host of a rule";
    const other = this.#aliases.earlierClaimant(alias, host);
    return other === undefined ? undefined : `it is an alias of host "${other}"`;
  }

  #serve({ tls }: VirtualHost, by: 1 | -1, dirty: Dirty): void {
    if (tls.kind !== "terminate") return;
    this.#served.set(tls.certificate, (this.#served.get(tls.certificate) ?? 0) + by);
    dirty.certificates.add(tls.certificate);
  }

  #passUpstreams(view: StoreView, dirty: Dirty, upstreams: Outgoing<Upstream>): void {
    const isUsed = (id: string): boolean => id === DEFAULT_BACKEND || this.#index.upstreams.has(id);
    // removals first: another upstream may take over the name
    for (const id of dirty.upstreams) {
      if (isUsed(id)) continue;
      this.#diagnostics.replace(`upstream ${id}`, []);
      const former = this.#upstreams.get(id);
      if (former === undefined) continue;
      this.#upstreams.delete(id);
      upstreams.remove(former.name);
    }
    for (const id of dirty.upstreams) {
      if (!isUsed(id)) continue;
      const former = this.#upstreams.get(id);
      const isDefault = id === DEFAULT_BACKEND;
      const { first, affine } = this.#lookAtUsers(id);
      const { upstream, diagnostics } = compileUpstream({
        name: isDefault ? DEFAULT_BACKEND : this.#names.nameOf(id),
        parts: partsOf(isDefault ? `${this.#options.defaultBackendService}/` : id),
        first,
        affinity: compileAffinity(id, affine),
        users: () => this.#usersOf(id),
        view,
        options: this.#options,
      });
      this.#diagnostics.replace(`upstream ${id}`, diagnostics);
      if (former !== undefined && equalData(former, upstream)) continue;
      this.#upstreams.set(id, upstream);
      upstreams.set(upstream.name, upstream);
    }
  }

  /** Upstreams that snippets name may have come or gone. */
  #judgeChosen(dirty: Dirty): void {
    if (this.#chosen.size === 0 || (dirty.upstreams.size === 0 && dirty.ingresses.size === 0)) return;
    const byName = new Map<string, Upstream>();
    for (const upstream of this.#upstreams.values()) byName.set(upstream.name, upstream);
    const annotation = `${this.#options.annotationsPrefix}/configuration-snippet`;
    for (const [name, chosen] of this.#chosen) {
      const entry = this.#filtered.get(name)!.entry!;
      this.#diagnostics.replace(`chosen ${name}`, judgeChosen(entry, chosen, (each) => byName.get(each), annotation));
    }
  }

  /** The oldest Ingress that refers to an upstream, and those that speak of affinity. */
  #lookAtUsers(id: string): { readonly first: IngressEntry | undefined; readonly affine: readonly IngressEntry[] } {
    let first: IngressEntry | undefined;
    const affine: IngressEntry[] = [];
    for (const name of this.#index.upstreams.get(id)) {
      const entry = this.#filtered.get(name)!.entry!;
      if (first === undefined || compareIngresses(entry.ingress, first.ingress) < 0) first = entry;
      if (speaksOfAffinity(entry)) affine.push(entry);
    }
    return { first, affine };
  }

  *#usersOf(id: string): Iterable<UpstreamUser> {
    for (const name of this.#index.upstreams.get(id)) {
      const entry = this.#filtered.get(name)!.entry!;
      for (const field of fieldsOf(entry, id)) yield { entry, field };
    }
  }

  /** Certificates that some host is served with, and the default one. */
  #passServedCertificates(dirty: Dirty, certificates: Outgoing<Certificate>): void {
    for (const id of dirty.certificates) {
      const former = this.#snapshot?.certificates[id];
      if (this.#served.get(id) === 0) this.#served.delete(id);
      const wanted = this.#served.has(id) || id === DEFAULT_CERTIFICATE;
      const certificate = wanted ? this.#certificates.certificate(id) : undefined;
      if (certificate === undefined) {
        if (former !== undefined) certificates.remove(id);
      } else if (former === undefined || !equalData(former, certificate)) certificates.set(id, certificate);
    }
  }
}

/** Do two entries come to the same for everything that is compiled of them? */
function sameEntry(a: IngressEntry, b: IngressEntry): boolean {
  return a.ingress === b.ingress && a.denied === b.denied && a.defaultBackend === b.defaultBackend &&
    equalData(a.reads, b.reads) && equalData(a.policies, b.policies);
}
