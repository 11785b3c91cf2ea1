// A program of your own around the data plane: a header check, and a JSON answer. See docs/library.md.
//
//   bun examples/middleware.ts          deno run -A examples/middleware.ts
//
// It serves the folder "manifests" beside what stands here.
import { createCompiler, DataPlane, readManifests } from "sallyport";

const plane = new DataPlane({
  middleware: [
    { host: "api.example.com", use: (c, next) => (c.req.header("X-Key") === "secret" ? next() : c.text("no key", 401)) },
    { host: "api.example.com", path: "/whoami", use: (c) => c.json({ address: c.env.clientAddress }) },
  ],
});
const { store } = await readManifests(["manifests"]);
plane.apply(createCompiler({ httpPort: 0, httpsPort: 0 }).compile(store, []).update);
await plane.listen();
console.log(`http://localhost:${plane.ports.http}`);
