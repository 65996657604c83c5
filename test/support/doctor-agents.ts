import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { agentCapabilities, confined } from "#lab/cluster/chart.ts";
import type { LabContainer, LabPod } from "#lab/cluster/model.ts";
import { agentPrograms } from "#src/doctor/expected.ts";
import type { MemoryLab } from "./lab-model.ts";

const SCRIPTS = new URL("../../deploy/agent/bin", import.meta.url).pathname;
const BINS = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"];
export const LABELS = { "app.kubernetes.io/name": "netcheck-agent" };

/** How the agent of one node differs from a good one. */
type Change = {
  /** A program that is not there, or what stands in its place as a script in sh. */
  readonly tool?: { readonly name: string; readonly script?: string };
  readonly lacks?: string;
  readonly state?: string;
};

type AgentChange = Partial<LabPod> & { readonly container?: Partial<LabContainer>; readonly place?: string };

/**
 * Agents of a cluster in memory that are as in the image: only its programs are found, with only the chart's capabilities. Their
 * commands run on this machine.
 */
export function doctorAgents(lab: MemoryLab) {
  const folder = mkdtempSync(join(tmpdir(), "netcheck-doctor-agents-"));
  const changes = new Map<string, Change>();
  const env = (node: string) => ({
    PATH: `${join(folder, node)}:${SCRIPTS}`,
    NETCHECK_STATE: changes.get(node)?.state ?? join(folder, `${node}-state`),
  });

  function furnish(node: string): void {
    const { tool } = changes.get(node) ?? {};
    const bin = join(folder, node);
    rmSync(bin, { recursive: true, force: true });
    mkdirSync(bin);
    for (const name of agentPrograms) {
      const at = join(bin, name);
      if (name !== tool?.name) link(name, at);
      else if (tool.script !== undefined) {
        writeFileSync(at, `#!/bin/sh\n${tool.script}\n`);
        chmodSync(at, 0o755);
      }
    }
  }

  function restore(): void {
    for (const pod of [...lab.model.pods.values()].filter(({ name }) => /agent/.test(name))) lab.remove(pod);
    for (const node of ["node-1", "node-2"]) {
      changes.delete(node);
      furnish(node);
      agent(node);
    }
  }

  function agent(
    node: string,
    { container, place = `netcheck/netcheck-agent-${node}`, ...change }: AgentChange = {},
  ): LabPod {
    const owner = { kind: "DaemonSet", name: "netcheck-agent" };
    const main = lab.model.pods.get("shop/web-0")?.containers[0];
    const containers = [{ ...main, name: "agent", image: "netcheck/agent:0.1.0", ...container } as LabContainer];
    return lab.pod(place as `${string}/${string}`, {
      ...{ node, ip: lab.model.nodes.get(node)?.ip ?? "", hostNetwork: true, labels: LABELS, owner, containers },
      ...change,
    });
  }

  const exec: MemoryLab["model"]["exec"] = ({ node }, _container, argv) => {
    const kept = agentCapabilities().filter((name) => name !== changes.get(node)?.lacks);
    const [program = "", ...rest] = confined(kept, argv);
    return spawn(`/usr/bin/${program}`, rest, { stdio: "pipe", env: env(node) });
  };
  Object.assign(lab.model, { exec });
  restore();

  return {
    agent,
    restore,
    change(node: string, change: Change): void {
      changes.set(node, change);
      furnish(node);
    },
    remove(node: string): void {
      lab.remove(lab.model.pods.get(`netcheck/netcheck-agent-${node}`) as LabPod);
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function link(name: string, at: string): void {
  const bin = BINS.find((one) => existsSync(join(one, name)));
  if (bin !== undefined) symlinkSync(join(bin, name), at);
}
