/**
 * What Hono's middleware throw to answer: an HTTPException has its own response.
 *
 * @module
 */

/** Hono's HTTPException, of whatever copy of Hono. */
interface HttpException {
  getResponse(): Response;
}

function isHttpException(error: unknown): error is HttpException {
  return error instanceof Error && "getResponse" in error && typeof error.getResponse === "function";
}

/** The response that an exception is thrown for; `null`: it is an error. */
export function responseOf(error: unknown): Response | null {
  if (!isHttpException(error)) return null;
  const response = error.getResponse();
  // Bun does not tell the type of a text
  if (response.body !== null && !response.headers.has("content-type")) {
    response.headers.set("Content-Type", "text/plain;charset=UTF-8");
  }
  return response;
}
