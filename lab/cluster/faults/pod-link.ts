import { z } from "zod";
import { NetcheckError } from "#src/core/errors.ts";
import { findPod } from "../names.ts";
import { podKey } from "../store.ts";
import { defineFault, machineOf, whileBooted } from "./fault.ts";

const WORDS = { down: "is down", unplugged: "hangs on no bridge" } as const;

/** The node's end of a pod's cable is down, or was taken off the bridge. */
export const podLink = defineFault(
  "pod-link",
  {
    pod: z.string("must be a pod"),
    mode: z.enum(["down", "unplugged"], "must be down or unplugged").default("down"),
  },
  {
    prepare({ pod: text, mode }, lab) {
      const pod = findPod(lab.store, text);
      const { veth } = lab.pods.planned(pod);
      if (veth === undefined)
        throw new NetcheckError("bad-config", `Pod ${podKey(pod)} uses its node's network and has no cable.`);
      const machine = machineOf(lab, pod.node);
      const set = (...words: readonly string[]): Promise<string> => machine.run(["ip", "link", "set", veth, ...words]);
      return {
        description: `the cable of pod ${podKey(pod)} ${WORDS[mode]} on ${pod.node}`,
        async apply() {
          const described = JSON.parse(await machine.run(["ip", "-j", "link", "show", veth])) as { master?: string }[];
          const bridge = described[0]?.master;
          await (mode === "down" ? set("down") : set("nomaster"));
          return whileBooted(machine, async () => {
            await (mode === "down" || bridge === undefined ? set("up") : set("master", bridge));
          });
        },
      };
    },
  },
);
