/**
 * Where an executable starts: with the signals, and only then with everything else, which takes longer to load.
 *
 * @module
 */
import "./first-signals.ts";

const [{ main }, { runtime }] = await Promise.all([import("./main.ts"), import("../runtime/mod.ts")]);
const { args, exit } = runtime();
exit(await main(args()));
