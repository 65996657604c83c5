/** Bot scopes of manifest.yml, without which something that people ask for fails. A test compares both. */
export const requiredScopes = [
  "commands",
  "chat:write",
  "app_mentions:read",
  "files:write",
  "files:read",
  "channels:read",
  "groups:read",
  "users:read",
  "usergroups:read",
  "im:history",
  "im:write",
  "reactions:write",
] as const;

/** Its optional ones that are used, and what is lost without them. */
export const optionalScopes = {
  "channels:history": "whether a post of unknown outcome arrived in a public channel cannot be looked up",
  "groups:history": "whether a post of unknown outcome arrived in a private channel cannot be looked up",
} as const;

/** Programs of the agent image (deploy/agent/packages) and the scripts in deploy/agent/bin that are started. A test compares them. */
export const agentPrograms = [
  ...[
    "bpftool",
    "conntrack",
    "cat",
    "chmod",
    "cut",
    "date",
    "env",
    "head",
    "ls",
    "mkdir",
    "nice",
    "readlink",
    "rm",
    "rmdir",
  ],
  ...["sha256sum", "sleep", "stat", "tail", "timeout", "touch", "sh", "ethtool", "find", "grep", "bridge", "ip", "tc"],
  ...["iptables-save", "ping", "getent", "awk", "nft", "perl", "tcpdump", "tini"],
  ...["dmesg", "flock", "nsenter", "prlimit", "setpriv", "setsid"],
] as const;
export const agentScripts = [
  ...["netcheck-agent", "netcheck-arp", "netcheck-cgroup", "netcheck-connections", "netcheck-dataplane"],
  ...["netcheck-dns", "netcheck-echo", "netcheck-flows"],
  ...["netcheck-http", "netcheck-kernel", "netcheck-mtu", "netcheck-netns", "netcheck-nic", "netcheck-pod"],
  ...["netcheck-ports", "netcheck-read", "netcheck-record", "netcheck-sockets", "netcheck-supervise", "netcheck-task"],
  ...["netcheck-tcp", "netcheck-trace"],
] as const;

/** Tools whose output is read: how each says its version, and the one that its reader is tested with. */
export const toolVersions: Readonly<Record<string, { readonly argv: string; readonly tested: string }>> = {
  bpftool: { argv: "bpftool version", tested: "7.1.0" },
  conntrack: { argv: "conntrack --version", tested: "1.4.7" },
  ethtool: { argv: "ethtool --version", tested: "6.1" },
  ip: { argv: "ip -V", tested: "6.1.0" },
  "iptables-save": { argv: "iptables-save --version", tested: "1.8.9" },
  nft: { argv: "nft --version", tested: "1.0.6" },
  perl: { argv: "perl -e 'print $^V'", tested: "5.36.0" },
  ping: { argv: "ping -V", tested: "20221126" },
  tcpdump: { argv: "tcpdump --version", tested: "4.99.3" },
};

/** Capabilities of an agent by the bit that each has in /proc/PID/status, see linux/capability.h. */
export const agentCapabilities = {
  SETGID: 6,
  NET_ADMIN: 12,
  NET_RAW: 13,
  SYS_CHROOT: 18,
  SYS_PTRACE: 19,
  SYS_ADMIN: 21,
  SYSLOG: 34,
} as const;

/** How the chart is brought up to date with what this version needs. */
export const UPGRADE = "helm upgrade --install netcheck deploy/chart -n netcheck --reuse-values";
