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
import { readFlag, sharedDefaults } from "./_read.ts";
import type { PolicyModule } from "./contract.ts";

export const redirectForm = {
  name: "redirect-form",
  scope: "location",
  phase: "rewrite",
  withoutIngress: true,
  // declared by redirect and ssl-redirect
  annotations: [],
  parse: sharedDefaults(["relative-redirects", "use-port-in-redirects"], (input): RedirectForm | undefined => {
    const form = {
      relative: readFlag(input, "relative-redirects"),
      withPort: readFlag(input, "use-port-in-redirects"),
    };
    return form.relative || form.withPort ? form : undefined;
  }),
} satisfies PolicyModule<RedirectForm, "redirect-form">;
