/**
 * Response fields that every response gets or loses, whoever made it: Server (server-tokens) and those of add-headers.
 *
 * @module
 */
import type { Globals } from "../../snapshot/snapshot.ts";
import type { ServerExchange } from "../contract.ts";

/** Edits heads; made once for each change of the globals. */
export class ResponseFields {
  readonly #add: Globals["headers"]["addHeaders"];
  readonly #serverTokens: boolean;

  constructor(headers: Globals["headers"]) {
    this.#add = headers.addHeaders;
    this.#serverTokens = headers.serverTokens;
  }

  apply(exchange: ServerExchange): void {
    const { response } = exchange;
    if (response === null) return;
    if (!this.#serverTokens) response.delete("server");
    else if (!response.has("server")) response.set("Server", "sallyport");
    for (const [name, value] of this.#add) response.set(name, value);
  }
}
