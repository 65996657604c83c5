/** What /version says; the lab behaves like an API server of this minor version. */
export const SERVER_VERSION = {
  major: "1",
  minor: "33",
  gitVersion: "v1.33.4+lab",
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "2026-11-01T00:00:00Z",
  goVersion: "none (netcheck lab)",
  compiler: "none",
  platform: "linux/amd64",
} as const;
