/**
 * The short HTML page that nginx sends when it answers a status itself.
 *
 * @module
 */
import { reasonPhrase } from "./status.ts";

const pages: string[] = [];

/** Statuses that nginx has a page for. Responses with another one have no body. */
const WITH_PAGE: ReadonlySet<number> = new Set([
  ...[301, 302, 303, 307, 308],
  ...[400, 401, 402, 403, 404, 405, 406, 409, 410, 411, 412, 413, 414, 415, 416, 421, 429],
  ...[500, 501, 502, 503, 504, 505, 507],
]);

/** Page of a status. Without a version, as with nginx's `server_tokens off`. Empty: nginx has none. */
export function errorPage(status: number): string {
  const page = pages[status];
  if (page !== undefined) return page;
  if (!WITH_PAGE.has(status)) return pages[status] = "";
  const title = `${status} ${titleOf(status)}`.trimEnd();
  return pages[status] = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n` +
    `<center><h1>${title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`;
}

/** Page of a 400 with a reason, as nginx has for some. */
export function badRequestPage(reason: string): string {
  return `<html>\r\n<head><title>400 ${reason}</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n` +
    `<center>${reason}</center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`;
}

/** Title of the page; nginx words some statuses differently on its pages and in its status lines. */
function titleOf(status: number): string {
  switch (status) {
    case 302:
      return "Found";
    case 401:
      return "Authorization Required";
    default:
      return reasonPhrase(status);
  }
}
