import { describe, expect, test } from "vitest";
import { linkCrcErrors } from "#src/rules/link-crc-errors.ts";
import { nicRingOverflow } from "#src/rules/nic-ring-overflow.ts";
import { loses, type Scene, startOf, through } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { fast, withNics } from "./nic-scene.ts";

const lossy = { faults: [loses(0.1, through("graz"))] };
/** Only the first seconds are bad. */
const early = { faults: [loses(0.4, (packet) => through("graz")(packet) && packet.atMs < startOf + 4_000)] };
type Counters = (atS: number) => { files?: Record<string, number>; driver?: Record<string, number> };
const nics = (graz: Counters, node = "graz"): Pick<Scene, "facts"> => ({
  facts: withNics(
    {
      ulm: [fast],
      graz: [fast],
      bern: [fast],
      [node]: (atS) => [{ ...fast, ...graz(atS), files: { rx_packets: 10_000 + 900 * atS, ...graz(atS).files } }],
    },
    startOf,
  ),
});

describe("link-crc-errors", () => {
  test.each<{ name: string; scene: Scene; want: string }>([
    {
      name: "the kernel counts damaged frames",
      scene: { ...nics((atS) => ({ files: { rx_crc_errors: 3 * atS } })), ...lossy },
      want: "graz certain",
    },
    {
      name: "only the driver counts them (tg3)",
      scene: { ...nics((atS) => ({ driver: { rx_fcs_errors: 3 * atS + 1 } })), ...lossy },
      want: "graz certain",
    },
    {
      name: "only the driver counts them (mlx5)",
      scene: { ...nics((atS) => ({ driver: { rx_symbol_err_phy: 3 * atS } })), ...lossy },
      want: "graz certain",
    },
    { name: "there are none", scene: { ...nics(() => ({})), ...lossy }, want: "cleared" },
    // What can fool it.
    {
      name: "the total is old",
      scene: { ...nics(() => ({ files: { rx_crc_errors: 88_214 } })), ...lossy },
      want: "cleared",
    },
    {
      name: "bits are corrected",
      scene: {
        ...nics((atS) => ({ driver: { rx_corrected_bits_phy: 900 * atS, rx_pcs_symbol_err_corrected: 9 * atS } })),
        ...lossy,
      },
      want: "cleared",
    },
    { name: "nothing is lost", scene: nics((atS) => ({ files: { rx_crc_errors: 3 * atS } })), want: "cleared" },
    {
      name: "they come at another time",
      scene: { ...nics((atS) => ({ files: { rx_crc_errors: atS > 14 ? 40 : 0 } })), ...early },
      want: "cleared",
    },
    {
      name: "it is a node beside the path",
      scene: { ...nics((atS) => ({ files: { rx_crc_errors: 3 * atS } }), "bern"), ...lossy },
      want: "cleared",
    },
  ])("says $want when $name", ({ scene, want }) => {
    expect(ask(linkCrcErrors, scene).brief).toBe(want);
  });

  test("tells how many, of how much, and by which counters", () => {
    const { verdict } = ask(linkCrcErrors, {
      ...nics((atS) => ({ driver: { rx_crc_errors: 2 * atS + 7 } })),
      ...lossy,
    });
    expect(because(verdict)).toMatch(
      /ens5 of graz received \d+ damaged frames during the check, 0\.2 % of what arrived \(rx_crc_errors\)/,
    );
  });
});

describe("nic-ring-overflow", () => {
  test.each<{ name: string; scene: Scene; want: string }>([
    {
      name: "frames are missed",
      scene: { ...nics((atS) => ({ files: { rx_missed_errors: 5 * atS } })), ...lossy },
      want: "graz certain",
    },
    {
      name: "the driver has no buffer (mlx5)",
      scene: { ...nics((atS) => ({ driver: { rx_out_of_buffer: 5 * atS + 1 } })), ...lossy },
      want: "graz certain",
    },
    {
      name: "nothing moves",
      scene: { ...nics(() => ({ files: { rx_missed_errors: 4_000 } })), ...lossy },
      want: "cleared",
    },
    // What can fool it.
    {
      name: "unknown protocols are dropped",
      scene: { ...nics((atS) => ({ files: { rx_dropped: 50 * atS } })), ...lossy },
      want: "cleared",
    },
    { name: "nothing is lost", scene: nics((atS) => ({ files: { rx_missed_errors: 5 * atS } })), want: "cleared" },
  ])("says $want when $name", ({ scene, want }) => {
    expect(ask(nicRingOverflow, scene).brief).toBe(want);
  });
});
