import { appendFileSync } from "node:fs";
import { USER_AGENT } from "#src/cluster/dispatcher.ts";
import type { Attributes, Identity } from "./access.ts";

/** What of a request its permission depends on; a name only narrows it. */
export type GrantedCall = Pick<Attributes, "verb" | "group" | "resource" | "subresource" | "namespace">;

/** Tests ask by other programs too, and as administrator. */
export type Asker = { readonly identity: Identity; readonly userAgent: string | undefined };

/**
 * Notes what netcheck did as a worker, each thing once, as lines of JSON in a file that several processes may append to. A
 * short line is written in one go. Without a file it notes nothing.
 */
export function callLog(file: string | undefined): (wish: Attributes, from: Asker) => void {
  const seen = new Set<string>();
  return ({ verb, group, resource, subresource, namespace }, { identity, userAgent }) => {
    if (file === undefined || resource === undefined) return;
    if (!identity.isWorker || userAgent !== USER_AGENT) return;
    const call: GrantedCall = {
      verb,
      group: group ?? "",
      resource,
      ...(subresource && { subresource }),
      ...(namespace && { namespace }),
    };
    const line = JSON.stringify(call);
    if (seen.has(line)) return;
    seen.add(line);
    appendFileSync(file, `${line}\n`);
  };
}
