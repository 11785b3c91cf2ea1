/**
 * The short HTML page that nginx sends when it answers a status itself.
 *
 * @module
 */
import { reasonPhrase } from "./status.ts";

const pages: string[] = [];

/** Page of a status. Without a version, as with nginx's `server_tokens off`. */
export function errorPage(status: number): string {
  const page = pages[status];
  if (page !== undefined) return page;
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
    default:
      return reasonPhrase(status);
  }
}
