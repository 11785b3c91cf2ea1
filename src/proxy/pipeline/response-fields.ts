/**
 * Response fields that are set or removed on every response: Server (server-tokens) and those of add-headers.
 *
 * @module
 */
import { fieldValueBytes } from "../../http/mod.ts";
import type { Globals } from "../../snapshot/snapshot.ts";
import type { ServerExchange } from "../contract.ts";
import type { ExtraField } from "./request-fields.ts";

/** Line ends in texts; variables can contain decoded bytes of the client. */
const LINE_BREAK = /[\0\r\n]/g;

/** Edits response heads; made for each change of the globals. */
export class ResponseFields {
  readonly #add: readonly ExtraField[];
  readonly #serverTokens: boolean;

  /** @param add fields of add-headers; an empty value removes the field */
  constructor(headers: Globals["headers"], add: readonly ExtraField[]) {
    this.#add = add;
    this.#serverTokens = headers.serverTokens;
  }

  apply(exchange: ServerExchange): void {
    const { response } = exchange;
    if (response === null) return;
    if (!this.#serverTokens) response.delete("server");
    else if (!response.has("server")) response.set("Server", "sallyport");
    for (const { name, value } of this.#add) {
      const text = fieldValueBytes(value(exchange)).replace(LINE_BREAK, " ");
      if (text === "") response.delete(name.toLowerCase());
      else response.set(name, text);
    }
  }
}
