import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadKubeConfig } from "#src/cluster/kube-config.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "netcheck-kubeconfig-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const config = (server: string, user: object, name = "one") =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": name,
    contexts: [{ name, context: { cluster: name, user: name } }],
    clusters: [{ name, cluster: { server } }],
    users: [{ name, user }],
  });
function file(name: string, text: string, ageS = 0): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  if (ageS) utimesSync(path, Date.now() / 1_000 - ageS, Date.now() / 1_000 - ageS);
  return path;
}

test("the current context is respected, and another can be named", () => {
  const paths = [file("a", config("https://a", {}, "one")), file("b", config("https://b", {}, "two"))].join(":");
  expect(loadKubeConfig({ kubeconfig: paths }).config.getCurrentCluster()?.server).toBe("https://a");
  expect(loadKubeConfig({ kubeconfig: paths, context: "two" }).config.getCurrentCluster()?.server).toBe("https://b");
});

test("a token file is read, and read again when it changes", () => {
  const token = file("token", "first\n", 60);
  const { config: loaded, refresh } = loadKubeConfig({
    kubeconfig: file("c", config("https://c", { tokenFile: "token" })),
  });
  expect(loaded.getCurrentUser()?.token).toBe("first");
  writeFileSync(token, "second\n");
  refresh();
  expect(loaded.getCurrentUser()?.token).toBe("second");
});

test("a file that is just being written changes nothing, the whole one does", () => {
  const path = file("d", config("https://old", {}), 60);
  const { config: loaded, refresh } = loadKubeConfig({ kubeconfig: path });
  file("d", '{"clusters": [', 30);
  refresh();
  expect(loaded.getCurrentCluster()?.server).toBe("https://old");
  file("d", config("https://new", {}));
  refresh();
  expect(loaded.getCurrentCluster()?.server).toBe("https://new");
});

test.each([
  { source: { kubeconfig: "/no/such/file" }, message: /kubeconfig \/no\/such\/file cannot be read: ENOENT/ },
  { source: { context: "three" }, message: /no context "three"/ },
])("a wrong configuration is named: $message", ({ source, message }) => {
  const kubeconfig = file("e", config("https://e", {}));
  expect(() => loadKubeConfig({ kubeconfig, ...source })).toThrow(
    expect.objectContaining({ code: "bad-config", message: expect.stringMatching(message) }),
  );
});
