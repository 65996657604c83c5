import { spawnSync } from "node:child_process";

const tools = [
  "setpriv",
  "unshare",
  "nsenter",
  "ip",
  "bridge",
  "iptables-restore",
  "nft",
  "ethtool",
  "python3",
  "tini",
];

/** Why no lab can run on this machine; undefined where one can. Put it into the title of what is skipped. */
export function whyNoLab(): string | undefined {
  if (process.platform !== "linux") return "needs Linux namespaces";
  if (process.getuid?.() !== 0) return "needs root or a privileged container";
  const missing = tools.filter((tool) => spawnSync("sh", ["-c", 'command -v "$1"', "sh", tool]).status !== 0);
  if (missing.length > 0) return `needs ${missing.join(", ")}`;
  const namespaces = spawnSync("unshare", ["-fpmnuiC", "--mount-proc", "true"]);
  return namespaces.status === 0 ? undefined : `namespaces are not allowed: ${namespaces.stderr}`.trim();
}
