import { describe, expect, test } from "vitest";
import { readAddress } from "#src/pcap/address.ts";
import { FilterError, readFilter } from "#src/pcap/packet-filter.ts";
import { DESTINATION, FAMILY, PROTOCOL, SOURCE } from "#src/pcap/packet-registers.ts";

function seen(source: string, destination: string, protocol: number): Int32Array {
  const registers = new Int32Array(32);
  for (const [at, text] of [
    [SOURCE, source],
    [DESTINATION, destination],
  ] as const) {
    const address = readAddress(text);
    registers.set(address?.words ?? [], at);
    registers[FAMILY] = address?.family ?? 0;
  }
  registers[PROTOCOL] = protocol;
  return registers;
}

const packets: Readonly<Record<string, readonly [Int32Array, number, number]>> = {
  web: [seen("10.0.0.1", "10.9.0.2", 6), 40_000, 80],
  dns: [seen("192.168.200.7", "10.0.0.53", 17), 53, 5_353],
  ping: [seen("10.0.0.1", "8.8.8.8", 1), -1, -1],
  six: [seen("fd00::1", "fd00:1::2", 6), 443, 50_000],
};

describe("a filter", () => {
  test.each([
    ["host 10.0.0.1", "web ping"],
    ["10.0.0.1", "web ping"],
    ["src host 10.0.0.53", ""],
    ["dst 10.0.0.53", "dns"],
    ["net 10.9.0.0/16", "web"],
    ["net 0.0.0.0/0", "web dns ping"],
    ["src net 192.168.128.0/17", "dns"],
    ["host FD00:0::1", "six"],
    ["net fd00:1::/32", "six"],
    ["net ::/0", "six"],
    ["host ::ffff:1.2.3.4", ""],
    ["port 80", "web"],
    ["src port 53", "dns"],
    ["dst port 53", ""],
    ["port 400-500", "six"],
    ["portrange 50-60", "dns"],
    ["tcp", "web six"],
    ["proto 17", "dns"],
    ["proto icmp", "ping"],
    ["ip", "web dns ping"],
    ["ip6", "six"],
    ["tcp port 80", "web"],
    ["not tcp", "dns ping"],
    ["! ( tcp or udp )", "ping"],
    ["tcp and not port 80", "six"],
    ["udp or tcp and port 80", "web dns"],
    ["(udp||tcp)&&port 80", "web"],
    ["host 10.0.0.1 and host 8.8.8.8", "ping"],
  ])("%s takes %s", (text, wanted) => {
    const filter = readFilter(text);
    const taken = Object.entries(packets).filter(([, packet]) => filter(...packet));
    expect(taken.map(([name]) => name).join(" ")).toBe(wanted);
  });

  test.each([
    ["", "The filter is empty."],
    ["host", "The filter ends too early."],
    ["host web-0", '"web-0" is no address in the filter (its word 2).'],
    ["host 10.0.0.256", '"10.0.0.256" is no address in the filter (its word 2).'],
    ["net 10.0.0.0/33", '"10.0.0.0/33" is no network such as 10.0.0.0/8 in the filter (its word 2).'],
    ["port 70000", '"70000" is no port (0 to 65535, or a range N-M) in the filter (its word 2).'],
    ["tcp and", "The filter ends too early."],
    ["(tcp", "The filter ends too early."],
    ["tcp)", '")" was not expected in the filter (its word 2).'],
    ["ip.addr == 10.0.0.1", '"ip.addr" is not known in the filter (its word 1).'],
    ["proto carp", '"carp" is no protocol that is known by name or number in the filter (its word 2).'],
    ["!".repeat(60), "The filter is nested more than 50 deep."],
  ])("%j is refused in words", (text, message) => {
    expect(() => readFilter(text)).toThrow(FilterError);
    expect(() => readFilter(text)).toThrow(message);
  });
});

test.each([
  "",
  "1.2.3",
  "1.2.3.4.5",
  "01.2.3.4",
  "::1::",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "12345::",
  "1:2:3:4:5:6:7::8:9",
  "g::",
])("%j is no address", (text) => expect(readAddress(text)).toBeUndefined());
