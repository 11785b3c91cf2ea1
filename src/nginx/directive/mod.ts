/**
 * The directives that snippets may use: one file each.
 *
 * @module
 */
import { allow, deny } from "./access.ts";
import { addHeader } from "./add-header.ts";
import { breakDirective } from "./break.ts";
import { defaultType } from "./default-type.ts";
import type { DirectiveModule } from "./directive.ts";
import { errorPage } from "./error-page.ts";
import { expires } from "./expires.ts";
import { ifDirective } from "./if.ts";
import { internal } from "./internal.ts";
import { largeClientHeaderBuffers } from "./large-client-header-buffers.ts";
import { location } from "./location.ts";
import { moreClearHeaders, moreClearInputHeaders, moreSetHeaders, moreSetInputHeaders } from "./more-headers.ts";
import { proxyHideHeader, proxySetHeader } from "./proxy-header.ts";
import { returnDirective } from "./return.ts";
import { rewrite } from "./rewrite.ts";
import { set } from "./set.ts";
import { tryFiles } from "./try-files.ts";

export type { BlockReader, DirectiveModule } from "./directive.ts";
export { belongsElsewhere, findKnownDirective } from "./known.ts";

/** By name. */
export const directives: ReadonlyMap<string, DirectiveModule> = new Map(
  [
    addHeader,
    allow,
    breakDirective,
    defaultType,
    deny,
    errorPage,
    expires,
    ifDirective,
    internal,
    largeClientHeaderBuffers,
    location,
    moreClearHeaders,
    moreClearInputHeaders,
    moreSetHeaders,
    moreSetInputHeaders,
    proxyHideHeader,
    proxySetHeader,
    returnDirective,
    rewrite,
    set,
    tryFiles,
  ].map((module) => [module.name, module]),
);
