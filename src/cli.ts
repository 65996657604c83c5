import { enableCompileCache } from "node:module";

// What is imported from here on is kept as machine code, which saves a quarter of a second of removing types. That is done
// anew at each start for this file alone, so it is short: what it would say in more words takes 5 ms (command-line.ts).
enableCompileCache(`${import.meta.dirname}/../node_modules/.cache/netcheck`);
const { commandLine } = await import("./command-line.ts");
process.exitCode = await commandLine(process.argv.slice(2));
