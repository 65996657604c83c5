import { z } from "zod";
import { findNode } from "../names.ts";
import { defineFault, machineOf } from "./fault.ts";
import { recordFile, recordTool } from "./recorded.ts";

/** A node's file or tool tells a recorded fact: what hardware would say that the lab does not have. */
export const hostFile = defineFault(
  "host-file",
  {
    node: z.string("must be a node"),
    path: z
      .string("must be a path")
      .regex(/^\/(?!.*\/\.\.?(\/|$))[^\0\n]+[^/\0\n]$/, "must be the absolute path of a file")
      .optional(),
    /** A tool with the words that the recorded answer is for, such as `ethtool -m eth0`. */
    tool: z
      .string("must be a command such as ethtool -m eth0")
      .regex(/^[\w.-]+( \S+)*$/, "must be a command such as ethtool -m eth0")
      .optional(),
    content: z.string("must be the text that is read there"),
  },
  {
    rules: [
      {
        message: "needs either path or tool",
        holds: ({ path, tool }) => (path === undefined) !== (tool === undefined),
      },
    ],
    prepare({ node: name, path, tool, content }, lab) {
      const machine = machineOf(lab, findNode(lab.store, name).name);
      const text = content === "" || content.endsWith("\n") ? content : `${content}\n`;
      const [program = "", ...words] = (tool ?? "").split(" ");
      return {
        description:
          path === undefined ? `${tool} on ${name} prints a recorded text` : `${path} on ${name} holds a recorded text`,
        apply: () =>
          path === undefined
            ? recordTool(machine, { tool: program, words, content: text })
            : recordFile(machine, { path, content: text }),
      };
    },
  },
);
