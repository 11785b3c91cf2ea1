/**
 * Entry of an executable: it sets the signals up, and then loads everything else, which takes longer.
 *
 * @module
 */
import "./control-signals.ts";

const [{ main }, { runtime }] = await Promise.all([import("./main.ts"), import("../runtime/mod.ts")]);
const { args, exit } = runtime();
exit(await main(args()));
