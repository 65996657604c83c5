import { chmod, writeFile } from "node:fs/promises";
import { stringify } from "yaml";

/** Writes a kubeconfig for one identity, readable by its owner only; everything it needs is inside the file. */
export async function writeKubeconfig(
  path: string,
  { url, ca, user, token }: { url: string; ca: string; user: string; token: string },
): Promise<void> {
  const text = stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: "lab", cluster: { server: url, "certificate-authority-data": Buffer.from(ca).toString("base64") } },
    ],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: "lab", context: { cluster: "lab", user } }],
    "current-context": "lab",
  });
  await writeFile(path, text, { mode: 0o600 });
  // The mode above only counts for a new file.
  await chmod(path, 0o600);
}
