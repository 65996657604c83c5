import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const DAYS = 30;

/** What the listener needs, and the CA certificate that clients trust; all PEM. */
export type Certificates = { readonly ca: string; readonly cert: string; readonly key: string };

/**
 * Makes a certificate authority for this run and one server certificate for 127.0.0.1, with the openssl program (ADR 016).
 * The CA's key is deleted as soon as it has signed; the server's key stays in `dir`, readable by its owner only.
 */
export async function makeCertificates(dir: string): Promise<Certificates> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const file = (name: string) => join(dir, name);
  await Promise.all([writeKey(file("ca.key")), writeKey(file("server.key"))]);
  await sign({ key: file("ca.key"), out: file("ca.crt"), subj: "/CN=netcheck lab CA" }, [
    "basicConstraints=critical,CA:TRUE",
    "keyUsage=critical,keyCertSign",
  ]);
  await sign(
    {
      CA: file("ca.crt"),
      CAkey: file("ca.key"),
      key: file("server.key"),
      out: file("server.crt"),
      subj: "/CN=netcheck lab API server",
    },
    ["subjectAltName=IP:127.0.0.1,DNS:localhost", "basicConstraints=critical,CA:FALSE", "extendedKeyUsage=serverAuth"],
  );
  await rm(file("ca.key"));
  const [ca, cert, key] = await Promise.all(
    ["ca.crt", "server.crt", "server.key"].map((name) => readFile(file(name), "utf8")),
  );
  return { ca: ca ?? "", cert: cert ?? "", key: key ?? "" };
}

async function sign(options: Readonly<Record<string, string>>, extensions: readonly string[]): Promise<void> {
  const flags = Object.entries({ ...options, days: `${DAYS}` }).flatMap(([name, value]) => [`-${name}`, value]);
  await run("openssl", ["req", "-x509", ...flags, ...extensions.flatMap((extension) => ["-addext", extension])]);
}

async function writeKey(path: string): Promise<void> {
  const { privateKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  await writeFile(path, privateKey, { mode: 0o600 });
}
