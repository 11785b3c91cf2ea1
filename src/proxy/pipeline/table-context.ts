/**
 * State that all tables of one version of the globals share. Immutable: a change of the globals makes a new one, with
 * new tables.
 *
 * @module
 */
import type { Logger } from "../../observe/mod.ts";
import type { PolicyModule, PolicyState, Subrequest } from "../../policy/mod.ts";
import type { Globals } from "../../snapshot/snapshot.ts";
import type { UpstreamGroup } from "../balancer/mod.ts";
import type { ForwardSettings } from "../contract.ts";
import { ClientAddress } from "./client-address.ts";
import { compileHideFields } from "./hide-fields.ts";
import { Forwarded } from "./forwarded.ts";
import type { MiddlewareRules } from "./middleware.ts";
import { type ExtraField, RequestFields } from "./request-fields.ts";
import { ResponseFields } from "./response-fields.ts";

/** Dependencies of the tables. */
export interface TableSources {
  readonly logger: Logger;
  /** Policies in order of execution. */
  readonly modules: readonly PolicyModule<unknown>[];
  /** The upstream of that name; one without endpoints when there is none. */
  upstream(name: string): UpstreamGroup;
  /** The upstream of that name; `undefined` when there is none. */
  findUpstream(name: string): UpstreamGroup | undefined;
  /** True when a certificate is registered for the host, by its own name or as `*.` and its rest. */
  hasCertificate(host: string): boolean;
  readonly subrequest: Subrequest;
  readonly state: PolicyState;
  /** Of the program that embeds the data plane. */
  readonly middleware: MiddlewareRules | null;
  /** Counts and logs an error of a middleware. */
  readonly report: (error: unknown) => void;
}

/** Context of all hosts and locations. */
export class TableContext {
  readonly clientAddress: ClientAddress;
  readonly forwarded: Forwarded;
  readonly requestFields: RequestFields;
  readonly responseFields: ResponseFields;
  readonly hideFields: ReadonlySet<string>;
  /** Settings of locations by their JSON; equal ones share one object. */
  readonly settings: Map<string, ForwardSettings> = new Map<string, ForwardSettings>();

  /** {@link TableSources.hasCertificate}, as one function for all scopes. */
  readonly hasCertificate: (host: string) => boolean = (host) => this.sources.hasCertificate(host);

  /** {@link TableSources.subrequest}. */
  get subrequest(): Subrequest {
    return this.sources.subrequest;
  }

  constructor(
    readonly globals: Globals,
    extra: { readonly request: readonly ExtraField[]; readonly response: readonly ExtraField[] },
    readonly sources: TableSources,
  ) {
    this.clientAddress = new ClientAddress(globals.realIp);
    this.forwarded = new Forwarded(globals);
    this.requestFields = new RequestFields(globals, extra.request);
    this.responseFields = new ResponseFields(globals.headers, extra.response);
    this.hideFields = compileHideFields(globals.headers);
  }
}
