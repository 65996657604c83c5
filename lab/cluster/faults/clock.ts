import { readFileSync } from "node:fs";
import { z } from "zod";
import { NetcheckError } from "#src/core/errors.ts";
import { findNode } from "../names.ts";
import { defineFault, machineOf, whileBooted } from "./fault.ts";

/** Clocks that nobody sets are off by minutes; beyond a day it is the date that is wrong. */
const MOST_MS = 86_400_000;
/** Quartz of a server drifts by up to 100, in a virtual machine by a few hundred; NTP itself slews by 500. */
const MOST_PPM = 1_000;

const program = (name: string): string => readFileSync(new URL(`../programs/${name}`, import.meta.url), "utf8");

/** Programs for which another stands in. */
const TOOLS = "date ping tcpdump";

const SET = `set -eu
d=/usr/libexec/clock
mkdir $d /etc/perl/Time
read -r up _ </proc/uptime
echo "$1 $2 $(date +%s.%N) $up" >$d/wrong
printf '%s' "$3" >/etc/perl/Time/HiRes.pm
for tool in ${TOOLS}; do
  cp -pL /usr/bin/$tool $d/$tool
  [ $tool = date ] && program=$5 || program=$4
  printf '%s' "$program" >/usr/bin/$tool.new
  chmod 755 /usr/bin/$tool.new
  mv /usr/bin/$tool.new /usr/bin/$tool
done`;

const RESET = `set -eu
d=/usr/libexec/clock
for tool in ${TOOLS}; do mv $d/$tool /usr/bin/$tool; done
rm -r /etc/perl/Time $d`;

/**
 * The clock of a node goes wrong: every time of day that its tools and perl programs print, and that of every packet that
 * tcpdump records. The kernel's own clock is the whole machine's and stays, so programs that run already, and clocks that
 * count from the start of the machine, are not touched.
 */
export const clock = defineFault(
  "clock",
  {
    node: z.string("must be a node"),
    /** How far it is ahead when the fault begins. */
    offsetMs: z.int("must be whole milliseconds").min(-MOST_MS).max(MOST_MS, "must be at most a day").default(0),
    /** By how much it runs faster. */
    driftPpm: z.int("must be whole parts per million").min(-MOST_PPM).max(MOST_PPM, "must be at most 1000").default(0),
  },
  {
    rules: [
      { message: "needs offsetMs or driftPpm", holds: ({ offsetMs, driftPpm }) => offsetMs !== 0 || driftPpm !== 0 },
    ],
    prepare({ node: name, offsetMs, driftPpm }, lab) {
      const machine = machineOf(lab, findNode(lab.store, name).name);
      return {
        description: `the clock of ${name} is ${offsetMs} ms ahead and gains ${driftPpm} ppm`,
        async apply() {
          const wrong = await machine.run(["sh", "-c", "ls /usr/libexec"]);
          if (wrong.split("\n").includes("clock"))
            throw new NetcheckError("bad-config", `The clock of ${name} is wrong already.`);
          const words = [`${offsetMs}`, `${driftPpm}`, program("HiRes.pm"), program("clock.pl"), program("date.sh")];
          await machine.run(["sh", "-c", SET, "sh", ...words]);
          return whileBooted(machine, async () => {
            await machine.run(["sh", "-c", RESET]);
          });
        },
      };
    },
  },
);
