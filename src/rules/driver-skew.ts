import { nicHardwareEvidence } from "../core/nic-evidence.ts";
import { idsOf, nodesOnPath, placeOf, suffering, sufferingText, wires } from "../core/nic-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, say } from "../core/sentence.ts";
import type { Driver } from "../core/slot-text.ts";

/** So many other nodes must agree with each other before one that differs is odd. */
const MIN_OTHERS = 2;

/**
 * The NIC of a node on the path runs another version of driver or firmware than the same NICs of the other nodes, and only the
 * legs through this node suffer. Supporting only: it is named as a possibility, beneath any cause that accounts for the same
 * legs.
 * Fooled by pools of different machines (only nodes with the same driver are compared), by a rolling update (the others must
 * agree, two of them at least), by drivers that are part of the kernel (their version is the kernel's), and by nodes that differ and
 * work (not named).
 */
export const driverSkew: Rule = {
  name: "driver-skew",
  title: "NIC driver or firmware differs from the other nodes",
  needs: [nicHardwareEvidence],
  evaluate(seen) {
    const nodes = nodesOnPath(seen);
    const found = nodes.map((at) => ({ at, odd: oddOf(at.node, seen) }));
    const read = nodes.filter(({ node }) => driversOf(node, seen).length > 0);
    const suspicions = found.flatMap(({ at: { node, legs, nics }, odd }): Suspicion[] => {
      if (!odd || !alone(node, seen)) return [];
      const device = wires(nics).find((nic) => nic.device === odd.device)?.device ?? odd.device;
      return [
        {
          status: "suspected",
          confidence: "possible",
          where: placeOf(node, device),
          because: [
            say("{device} of {node}: {own}; {others} have {usual}", {
              device,
              node,
              own: textOf(odd.driver),
              others: listed(odd.others),
              usual: textOf(odd.usual),
            }),
            sufferingText(node, legs, seen),
          ],
          against: [say("another version alone is no fault")],
          confirm: [`ethtool -i ${device}   # on ${node} and on ${odd.others[0] ?? "another node"}`],
          advice: [
            say("Bring driver and firmware of {node} to the version of the other nodes, then check again", { node }),
          ],
          legs: idsOf(legs),
          yields: true,
          detail: true,
        },
      ];
    });
    if (suspicions.length > 0) return suspicions;
    if (read.length === 0) return { status: "unknown", because: say("no driver of a NIC of the path could be asked") };
    return {
      status: "cleared",
      because: say(
        "no NIC of the path has a driver of another version than the other nodes, with trouble of its own: {drivers}",
        {
          drivers: listed(read.flatMap(({ node }) => driversOf(node, seen).map(({ driver }) => textOf(driver)))),
        },
      ),
    };
  },
};

const textOf = ({ name, version, firmware }: Driver): string =>
  firmware === "" ? `${name} ${version}` : `${name} ${version} / ${firmware}`;
const sameAs = (one: Driver, other: Driver): boolean => textOf(one) === textOf(other);

function driversOf(node: string, { evidence }: Case): readonly { readonly device: string; readonly driver: Driver }[] {
  return (evidence.get(nicHardwareEvidence, `node/${node}`)?.devices ?? []).flatMap(({ device, driver }) =>
    driver ? [{ device, driver }] : [],
  );
}

/** How a node differs from all others that have the same driver, when those agree. */
function oddOf(node: string, seen: Case) {
  for (const { device, driver } of driversOf(node, seen)) {
    const others = seen.evidence.all(nicHardwareEvidence).flatMap(({ subject }) => {
      const name = subject.replace(/^node\//, "");
      const same = name === node ? undefined : driversOf(name, seen).find((one) => one.driver.name === driver.name);
      return same ? [{ name, driver: same.driver }] : [];
    });
    const [usual] = others;
    if (
      usual &&
      others.length >= MIN_OTHERS &&
      others.every((one) => sameAs(one.driver, usual.driver)) &&
      !sameAs(driver, usual.driver)
    )
      return { device, driver, usual: usual.driver, others: others.map(({ name }) => name) };
  }
  return undefined;
}

/** Whether all legs that suffer go through this node, and some do. */
function alone(node: string, seen: Case): boolean {
  const through = nodesOnPath(seen).find((one) => one.node === node)?.legs ?? [];
  const bad = suffering(seen.plan.legs, seen);
  return bad.length > 0 && bad.every(({ leg }) => through.includes(leg));
}
