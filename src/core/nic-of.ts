import type { Plan } from "./plan.ts";

/** The device of a node that carries its address, by what `ip addr` said there; undefined when that was not read. */
export function nicOf(
  node: string,
  plan: Plan,
  read:
    | { readonly devices: readonly { readonly name: string; readonly addresses: readonly { readonly ip: string }[] }[] }
    | undefined,
): string | undefined {
  const ip = plan.vantages.find(({ id }) => id === `node/${node}`)?.ip;
  return read?.devices.find(({ addresses }) => addresses.some((address) => address.ip === ip))?.name;
}
