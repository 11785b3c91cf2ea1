/**
 * relative-redirects and use-port-in-redirects, for the redirects of a location that no annotation makes: those of its
 * snippets, and the one that adds a slash.
 *
 * The data plane reads the policy; no hooks.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_core_module.html#absolute_redirect
 * @module
 */
import type { RedirectForm } from "../http/exchange.ts";
import { configBoolean, readBoolean, sharedDefaults } from "./_read.ts";
import type { PolicyModule } from "./contract.ts";

export const redirectForm = {
  name: "redirect-form",
  scope: "location",
  phase: "rewrite",
  withoutIngress: true,
  // declared by redirect and ssl-redirect
  annotations: [],
  parse: sharedDefaults(["relative-redirects", "use-port-in-redirects"], (input): RedirectForm | undefined => {
    const read = (key: string): boolean => readBoolean(input, key) ?? configBoolean(input, key, false);
    const form = { relative: read("relative-redirects"), withPort: read("use-port-in-redirects") };
    return form.relative || form.withPort ? form : undefined;
  }),
} satisfies PolicyModule<RedirectForm, "redirect-form">;
