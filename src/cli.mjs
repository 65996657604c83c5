import { enableCompileCache } from "node:module";

// What is imported from here on is kept as machine code, which saves a quarter of a second of removing types. This file is
// asked for as cli.ts, which is a link to it: as it has no types, Node need not load what removes them (60 ms of CPU).
enableCompileCache(`${import.meta.dirname}/../node_modules/.cache/netcheck`);
const { commandLine } = await import("./command-line.ts");
process.exitCode = await commandLine(process.argv.slice(2));
