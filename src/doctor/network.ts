/** Codes of Node and OpenSSL for connections that do not come about, and what mends each. `where` is host:port or a URL. */
const remedies: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Start the server, or correct the address: nobody listens there",
  ENOTFOUND: "Correct the host name, or the name server of this machine (/etc/resolv.conf): the name does not exist",
  EAI_AGAIN: "Look at the name server of this machine (/etc/resolv.conf): it does not answer",
  ECONNRESET: "Look for a proxy or a firewall on the way, or for TLS on one side only: the connection is cut",
  EPIPE: "Look for a proxy or a firewall on the way: the connection is cut",
  ETIMEDOUT: "Open the way there in firewalls and NetworkPolicies: nothing comes back",
  EHOSTUNREACH: "Correct the address, or the routes of this machine: there is no way to that host",
  ENETUNREACH: "Correct the address, or the routes of this machine: there is no way to that network",
  CERT_HAS_EXPIRED: "Renew the server's certificate",
  CERT_NOT_YET_VALID: "Set this machine's clock: the server's certificate is from the future",
  DEPTH_ZERO_SELF_SIGNED_CERT: "Set NODE_EXTRA_CA_CERTS to a file with that certificate",
  SELF_SIGNED_CERT_IN_CHAIN: "Set NODE_EXTRA_CA_CERTS to a file with the certificate of that authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "Set NODE_EXTRA_CA_CERTS to a file with the certificate of that authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "Set NODE_EXTRA_CA_CERTS to a file with the certificate of that authority",
  ERR_TLS_CERT_ALTNAME_INVALID: "Use the host name that the server's certificate carries",
};

/** Why nothing was exchanged. `code` as Node has it, when there is one. */
export type Away = { readonly code?: string | undefined; readonly reason: string };

/** What to do about it; `address` says where the address is set: `NETCHECK_REDIS_URL`. */
export function remedyFor({ code }: Away, where: string, address: string): string {
  const known = code === undefined ? undefined : remedies[code];
  if (known !== undefined) return `${known} (${where}, from ${address}).`;
  if (code !== undefined && /^(ERR_SSL|EPROTO)/.test(code))
    return `Use TLS on both sides or on none (${where}, from ${address}).`;
  return `Make ${where} reachable from here, or correct ${address}.`;
}

/** What a connection failed of. `fetch failed` says nothing; the innermost cause does. */
export function awayOf(error: unknown): Away {
  let inner: unknown = error;
  for (let depth = 0; depth < 6; depth++) {
    const cause = causeOf(inner);
    if (!(cause instanceof Error)) break;
    inner = cause;
  }
  if (!(inner instanceof Error)) return { reason: String(inner) };
  if (/^(Timeout|Abort)Error$/.test(inner.name)) return { code: "ETIMEDOUT", reason: "no answer in time" };
  const code = "code" in inner && typeof inner.code === "string" ? inner.code : undefined;
  return { code, reason: inner.message };
}

function causeOf(error: unknown): unknown {
  if (error instanceof AggregateError) return error.errors[0];
  if (!(error instanceof Error)) return undefined;
  return "original" in error ? error.original : error.cause;
}
