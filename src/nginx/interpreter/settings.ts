/**
 * Settings of a block together with those it inherits: lists are replaced as a whole, headers-more adds up, single
 * values are overridden.
 *
 * @module
 */
import type {
  AccessRule,
  AddHeader,
  ClearHeaders,
  ErrorPage,
  Expires,
  Fallback,
  SetHeaders,
  SetInputHeaders,
  Setting,
} from "../program.ts";

export interface Settings {
  addHeaders: readonly AddHeader[];
  /** Parent's first. */
  responseEdits: readonly (SetHeaders | ClearHeaders)[];
  /** Parent's first. */
  requestEdits: readonly SetInputHeaders[];
  access: readonly AccessRule[];
  upstreamFields: readonly (Setting & { readonly kind: "proxy_set_header" })[];
  /** Lower case. */
  hidden: readonly string[];
  errorPages: readonly ErrorPage[];
  expires: Expires["when"] | null;
  defaultType: string;
  internal: boolean;
  tryFiles: Fallback | null;
}

/** nginx without any snippet, as ingress-nginx sets it up. */
export const NO_SETTINGS: Readonly<Settings> = {
  addHeaders: [],
  responseEdits: [],
  requestEdits: [],
  access: [],
  upstreamFields: [],
  hidden: [],
  errorPages: [],
  expires: null,
  defaultType: "text/html",
  internal: false,
  tryFiles: null,
};

export function inherit(parent: Readonly<Settings>, own: readonly Setting[]): Readonly<Settings> {
  if (own.length === 0 && !parent.internal && parent.tryFiles === null) return parent;
  const of = <K extends Setting["kind"]>(kind: K) =>
    own.filter((setting): setting is Setting & { kind: K } => setting.kind === kind);
  const list = <T>(mine: readonly T[], inherited: readonly T[]) => mine.length > 0 ? mine : inherited;
  const edits = own.filter((setting) => setting.kind === "more_set_headers" || setting.kind === "more_clear_headers");
  return {
    addHeaders: list(of("add_header"), parent.addHeaders),
    responseEdits: [...parent.responseEdits, ...edits],
    requestEdits: [...parent.requestEdits, ...of("more_set_input_headers")],
    access: list(of("access"), parent.access),
    upstreamFields: list(of("proxy_set_header"), parent.upstreamFields),
    hidden: list(of("proxy_hide_header").map(({ name }) => name), parent.hidden),
    errorPages: list(of("error_page"), parent.errorPages),
    expires: of("expires").at(-1)?.when ?? parent.expires,
    defaultType: of("default_type").at(-1)?.type ?? parent.defaultType,
    internal: of("internal").length > 0,
    tryFiles: of("try_files").at(-1)?.last ?? null,
  };
}
